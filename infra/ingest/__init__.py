"""A shop's history out of files: products, customers, events."""

from infra.ingest.report import Report
from infra.ingest.run import ImportOptions, import_files

__all__ = ["ImportOptions", "Report", "import_files"]
