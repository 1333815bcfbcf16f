"""Read the rows of a file of any layout, encoding and compression; nothing here depends on what the rows mean."""

from infra.ingest.sources.opening import Layout, OpenFile, open_rows
from infra.ingest.sources.row import Row

__all__ = ["Layout", "OpenFile", "Row", "open_rows"]
