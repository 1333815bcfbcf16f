"""Import a shop's products, customers, events and orders from files."""

from infra.ingest.errors import FileUnreadable, NotUnderstood
from infra.ingest.options import ImportOptions
from infra.ingest.report import Report
from infra.ingest.run import import_files

__all__ = ["FileUnreadable", "ImportOptions", "NotUnderstood", "Report", "import_files"]
