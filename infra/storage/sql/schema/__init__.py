"""The schema as numbered SQL files, written for SQLite; other databases translate the types."""

from importlib import resources

from domain.errors import Unusable


def steps() -> list[str]:
    """Return the scripts that make the schema, in their order; the n-th leads to version n."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")]
    return [file.read_text("utf-8") for file in sorted(files, key=lambda file: file.name)]


def missing(version: int) -> list[str]:
    """Return the steps that a database with schema `version` lacks; raise Unusable for a newer one than is known."""
    known = steps()
    if version > len(known):
        raise Unusable(f"The database has schema {version}, newer than the {len(known)} that this version knows.")
    return known[version:]
