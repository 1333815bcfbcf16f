"""Import a shop's products, customers and events from files."""

from infra.ingest.report import Report
from infra.ingest.run import ImportOptions, import_files

__all__ = ["ImportOptions", "Report", "import_files"]
