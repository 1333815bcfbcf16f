"""The record of imports."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from domain.records.imports import ImportRecord
from domain.records.values import from_microseconds, to_microseconds
from infra.storage.sql.statements import Steps, rows

_decode_files = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_counts = msgspec.json.Decoder(dict[str, int]).decode


def begin(record: ImportRecord) -> Steps[None]:
    """Record an import, or the same one anew."""
    yield from rows(
        "INSERT INTO imports (import_id, started_at, finished_at, kind, files, options, counts)"
        " VALUES (:import_id, :started_at, :finished_at, :kind, :files, :options, :counts)"
        " ON CONFLICT (import_id) DO UPDATE SET started_at = excluded.started_at, finished_at = excluded.finished_at,"
        " kind = excluded.kind, files = excluded.files, options = excluded.options, counts = excluded.counts",
        import_id=record.import_id,
        started_at=to_microseconds(record.started_at),
        finished_at=None if record.finished_at is None else to_microseconds(record.finished_at),
        kind=record.kind,
        files=msgspec.json.encode(record.files).decode(),
        options=record.options,
        counts=msgspec.json.encode(record.counts).decode(),
    )


def finish(import_id: str, counts: Mapping[str, int], *, now: datetime) -> Steps[None]:
    yield from rows(
        "UPDATE imports SET finished_at = :finished_at, counts = :counts WHERE import_id = :import_id",
        finished_at=to_microseconds(now),
        counts=msgspec.json.encode(counts).decode(),
        import_id=import_id,
    )


def newest(n: int) -> Steps[list[ImportRecord]]:
    """Read the last imports, newest first."""
    found = yield from rows(
        "SELECT import_id, started_at, finished_at, kind, files, options, counts FROM imports"
        " ORDER BY started_at DESC, import_id DESC LIMIT :n",
        n=n,
    )
    return [
        ImportRecord(
            import_id=import_id,
            started_at=from_microseconds(started_at),
            finished_at=None if finished_at is None else from_microseconds(finished_at),
            kind=kind,
            files=_decode_files(files),
            options=options,
            counts=_decode_counts(counts),
        )
        for import_id, started_at, finished_at, kind, files, options, counts in found
    ]
