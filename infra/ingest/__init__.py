"""A shop's history out of files: products, customers, events."""

from infra.ingest.report import Report
from infra.ingest.run import Import, import_files

__all__ = ["Import", "Report", "import_files"]
