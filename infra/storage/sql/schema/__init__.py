"""The schema as numbered SQL files in the types of SQLite; other databases translate the types."""

from importlib import resources

from domain.errors import ConfigurationError


def migrations() -> list[str]:
    """Return the migrations in order; the n-th leads to schema version n."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")]
    return [file.read_text("utf-8") for file in sorted(files, key=lambda file: file.name)]


def missing(version: int) -> list[str]:
    """Return the migrations that schema `version` lacks; raise ConfigurationError if it is newer than this code."""
    known = migrations()
    if version > len(known):
        raise ConfigurationError(f"The database has schema {version}, newer than schema {len(known)} of this release.")
    return known[version:]
