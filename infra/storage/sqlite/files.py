"""The files of a database: created and kept for their owner only."""

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)


def create_if_missing(path: Path) -> None:
    """Create a missing database file with mode 0600, which SQLite copies to the files beside it; raise OSError if unusable.

    Do not open an existing file: closing it would release the locks that SQLite holds on it in this process.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not path.exists():
        path.touch(mode=0o600)
    if not path.is_file():
        # Opening a named pipe would block, and restricting a device would take it from other users.
        raise OSError(errno.EINVAL, "it is not a plain file")
    if not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def restrict_to_owner(path: Path) -> None:
    """Remove access for group and others from the database files, for example of a copied database."""
    suffixes = ("-wal", "-shm", ".lock", ".turn", ".limits", ".erased")
    for file in (path, *(path.with_name(path.name + suffix) for suffix in suffixes)):
        with suppress(FileNotFoundError):
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)
                logger.warning("%s was accessible to other users; its mode is now 0600.", file)
