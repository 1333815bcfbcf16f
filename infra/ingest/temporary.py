"""Folders for temporary files, which the next import removes if an import was killed."""

import fcntl
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "shop-import-"


@contextmanager
def temporary_folder() -> Generator[Path]:
    """Create a folder that only this user can read, remove it at the end, and remove those of killed imports."""
    _remove_abandoned()
    # Locked before the folder exists, so that no other import takes the folder for abandoned. The kernel releases the lock
    # with the process, however that ends.
    with tempfile.NamedTemporaryFile(prefix=_PREFIX, suffix=".lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = _folder_of(Path(lock.name))
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _folder_of(lock: Path) -> Path:
    return lock.with_suffix(".files")


def _remove_abandoned() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*.lock"):
        # Those of other users and of running imports cannot be opened or locked.
        with suppress(OSError), path.open("r+") as lock:
            if not _folder_of(path).exists():
                continue
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(_folder_of(path), ignore_errors=True)
            path.unlink()
