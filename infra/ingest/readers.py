"""Choose the reader of a file that was understood."""

from datetime import datetime

from infra.ingest.event_reading import EventReader
from infra.ingest.options import ImportOptions
from infra.ingest.record_reading import CustomerReader, ProductReader
from infra.ingest.report import Report
from infra.ingest.understanding import Understanding

Reader = EventReader | ProductReader | CustomerReader


def reader_of(understood: Understanding, options: ImportOptions, *, is_table: bool, now: datetime, report: Report) -> Reader:
    """Return the reader of rows of this kind; `report` counts the events that it ignores."""
    match understood.kind:
        case "products":
            return ProductReader(understood, options, is_table=is_table, now=now)
        case "customers":
            return CustomerReader(understood, options, is_table=is_table, now=now)
        case _:
            return EventReader(understood, options, is_table=is_table, now=now, report=report)
