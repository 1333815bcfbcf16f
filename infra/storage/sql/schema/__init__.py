"""The schema as numbered SQL files, written for SQLite; other databases translate the types."""

from importlib import resources

from domain.errors import ConfigurationError


def steps() -> list[str]:
    """Return the scripts that make the schema, in their order; the n-th leads to version n."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")]
    return [file.read_text("utf-8") for file in sorted(files, key=lambda file: file.name)]


def missing(version: int) -> list[str]:
    """Return the steps that schema `version` lacks; raise ConfigurationError for a version newer than this code."""
    known = steps()
    if version > len(known):
        raise ConfigurationError(f"The database has schema {version}, newer than the {len(known)} that this version knows.")
    return known[version:]
