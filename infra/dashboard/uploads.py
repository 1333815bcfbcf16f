"""Files that were uploaded, kept until they are imported or discarded, at most for an hour."""

import asyncio
import io
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from domain.errors import ConfigurationError
from infra.dashboard.refused_lines import MAX_LINES, write_refused_lines
from infra.http.problems import RequestRefused
from infra.http.rate_limit import shared_path
from infra.ingest import ImportOptions, Report, import_files
from infra.ingest.options import Kind
from infra.progress import NoProgress
from infra.settings import Settings
from infra.storage.opening import Storage, open_repository
from infra.tasks import background_task

KEPT_SECONDS = 3600
MAX_NAME_LENGTH = 100
_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_RESULT, _REFUSED, _CLAIM = "result.json", "refused.csv", "claim"
_OWN_NAMES = frozenset({_RESULT, _REFUSED, _CLAIM})
GONE = "The file is not here any more. Upload it again."
TAKEN = "The file is being imported already. The page Data says when it is done."


class Result(Struct, frozen=True, kw_only=True):
    """What an import of a file would do, or did if it `is_imported`; `problem` says why nothing can be imported."""

    kind: Kind
    file_name: str
    understood: str = ""
    n_read: int = 0
    counts: dict[str, int] = {}
    reasons: list[str] = []
    problem: str | None = None
    is_imported: bool = False

    @property
    def n_refused(self) -> int:
        return self.counts.get("refused", 0)

    @property
    def n_stored(self) -> int:
        return sum(self.counts.get(status, 0) for status in ("new", "changed", "replaced", "returned"))


@asynccontextmanager
async def remove_old_uploads(storage: Storage) -> AsyncGenerator[None]:
    """Remove uploads that nobody imported, at the start of the application and then every hour."""
    async with background_task(_remove_periodically(folder_of(storage.settings()))):
        yield


async def _remove_periodically(root: Path) -> None:
    while True:
        await asyncio.to_thread(remove_old, root)
        await asyncio.sleep(KEPT_SECONDS)


def folder_of(settings: Settings) -> Path:
    """Return the folder of all uploads to a shop, which its processes share."""
    return shared_path(settings.database_url, None, settings.api_keys).with_suffix(".uploads")


def remove_old(root: Path) -> None:
    """Remove the uploads in a folder that are older than an hour."""
    # Another process may remove them at the same time, and the folder may not be there yet.
    with suppress(OSError):
        for folder in root.iterdir():
            if folder.stat().st_mtime < time.time() - KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


class Uploads:
    """The uploads of one session, in a folder that only this user can read, which all processes of a machine share."""

    def __init__(self, settings: Settings, session_hash: str) -> None:
        self._settings = settings
        self._root = folder_of(settings)
        self._prefix = session_hash[:32]

    def store(self, file: IO[bytes], *, name: str) -> str:
        """Keep a file, and return the id of the upload; an earlier one of the session is discarded."""
        self._root.mkdir(mode=0o700, exist_ok=True)
        if self._root.is_symlink() or self._root.stat().st_uid != os.geteuid():
            raise ConfigurationError("The folder for uploads belongs to another user.")
        self.discard_all()
        remove_old(self._root)
        upload_id = secrets.token_hex(16)
        folder = self._folder(upload_id)
        folder.mkdir(mode=0o700)
        with (folder / _safe(name)).open("wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
        return upload_id

    def try_out(self, upload_id: str, kind: Kind, *, now: datetime) -> None:
        """Keep beside the file what an import would do."""
        result = self._imported(upload_id, kind, now=now, dry_run=True)
        # Unless another request discarded it meanwhile: the page of the upload says so.
        with suppress(FileNotFoundError):
            self._keep(upload_id, result)

    def result(self, upload_id: str) -> Result:
        """Return what an import of an upload would do; raise RequestRefused for one that is gone."""
        with suppress(OSError):
            return msgspec.json.decode((self._folder(upload_id) / _RESULT).read_bytes(), type=Result)
        raise RequestRefused("not-found", GONE)

    def carry_out(self, upload_id: str, *, now: datetime) -> Result:
        """Import a file that was tried out, and remove it; raise ConfigurationError if it cannot be imported.

        What stays is the result with the table of refused lines, if there are any.
        """
        tried = self.result(upload_id)
        if tried.is_imported:
            raise RequestRefused("not-found", GONE)
        self._claim(upload_id)
        is_kept = False
        try:
            result = tried if tried.problem else self._imported(upload_id, tried.kind, now=now, dry_run=False)
            if result.problem:
                raise ConfigurationError(result.problem)
            if is_kept := result.n_refused > 0:
                # Unless another request discarded it meanwhile.
                with suppress(FileNotFoundError, RequestRefused):
                    self._file_of(upload_id).unlink()
                    self._keep(upload_id, result)
        finally:
            if not is_kept:
                self.discard(upload_id)
        return result

    def refused_lines(self, upload_id: str) -> bytes:
        """Return the table of refused lines; raise RequestRefused if there is none."""
        with suppress(OSError):
            return (self._folder(upload_id) / _REFUSED).read_bytes()
        raise RequestRefused("not-found", GONE)

    def discard(self, upload_id: str) -> None:
        shutil.rmtree(self._folder(upload_id), ignore_errors=True)

    def discard_all(self) -> None:
        for folder in self._root.glob(f"{self._prefix}-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _claim(self, upload_id: str) -> None:
        """Let one request import a file: a second click would take away what the first leaves. Raise RequestRefused."""
        try:
            (self._folder(upload_id) / _CLAIM).touch(exist_ok=False)
        except OSError as error:
            raise RequestRefused("not-found", TAKEN if isinstance(error, FileExistsError) else GONE) from error

    def _keep(self, upload_id: str, result: Result) -> None:
        (self._folder(upload_id) / _RESULT).write_bytes(msgspec.json.encode(result))

    def _folder(self, upload_id: str) -> Path:
        if not _UPLOAD_ID.fullmatch(upload_id):
            raise RequestRefused("not-found")
        return self._root / f"{self._prefix}-{upload_id}"

    def _file_of(self, upload_id: str) -> Path:
        """Return the file of an upload; raise RequestRefused if another request discarded it."""
        with suppress(OSError, StopIteration):
            return next(file for file in self._folder(upload_id).iterdir() if file.name not in _OWN_NAMES)
        raise RequestRefused("not-found", GONE)

    def _imported(self, upload_id: str, kind: Kind, *, now: datetime, dry_run: bool) -> Result:
        path = self._file_of(upload_id)
        options = ImportOptions(
            kind=kind,
            paths=(str(path),),
            dry_run=dry_run,
            lists_refused=True,
            # Short lines have lists that are many times as long.
            max_listed=MAX_LINES,
            currency=self._settings.currency,
            retention_days=self._settings.event_retention_days,
        )
        said = io.StringIO()
        try:
            # With a loop and a connection of its own, in a thread: to read a file takes long, and must not stop others.
            report = asyncio.run(_import(options, self._settings, now=now, said=said))
        except ConfigurationError as error:
            return Result(kind=kind, file_name=path.name, problem=str(error).replace(str(path), path.name))
        finally:
            _tabulate_refused(path)
        return Result(
            kind=kind,
            file_name=path.name,
            understood=said.getvalue().replace(str(path), path.name),
            n_read=report.read,
            counts=dict(report.counts),
            reasons=report.reasons(),
            is_imported=not dry_run,
        )


async def _import(options: ImportOptions, settings: Settings, *, now: datetime, said: io.StringIO) -> Report:
    async with open_repository(settings) as repository:
        store = repository.rehearsal() if options.dry_run else repository
        return await import_files(options, store=store, now=now, progress=NoProgress(), say=said.write)


def _tabulate_refused(path: Path) -> None:
    """Turn the list of refused lines that an import leaves beside a file into a table, if there is one."""
    refusals = path.with_name(f"{path.name}.rejected.jsonl")
    with suppress(FileNotFoundError):
        write_refused_lines(refusals, of_file=path, table=path.with_name(_REFUSED))
        refusals.unlink()


def _safe(name: str) -> str:
    """Return a file name without folders and special characters; its end, which says the format, stays."""
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", name.replace("\\", "/").rpartition("/")[2])[-MAX_NAME_LENGTH:].lstrip(".-")
    return f"file-{kept}" if not kept or kept.lower() in _OWN_NAMES else kept
