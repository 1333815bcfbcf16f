"""A shop's history out of files: products, customers, events."""

from infra.intake.report import Report
from infra.intake.run import Import, import_files

__all__ = ["Import", "Report", "import_files"]
