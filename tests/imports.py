"""Events as an import hands them to storage."""

from domain.records.imports import ImportedEvent


def as_imported(events, **values):
    """Return imported events; `values` are the same for all."""
    return [ImportedEvent(event=event, **values) for event in events]
