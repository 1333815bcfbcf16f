"""The schema as numbered SQL files, written for SQLite; other databases translate the types."""

from importlib import resources


def steps() -> list[str]:
    """Return the scripts that make the schema, in their order; the n-th leads to version n."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")]
    return [file.read_text("utf-8") for file in sorted(files, key=lambda file: file.name)]
