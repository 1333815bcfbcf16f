"""Understand and read a text as an import does, without a shop."""

import tempfile
from itertools import islice
from pathlib import Path

from infra.ingest.errors import NotUnderstood
from infra.ingest.lines import RowRefused
from infra.ingest.options import ImportOptions
from infra.ingest.preview import Trial, command_of, preview
from infra.ingest.readers import reader_of
from infra.ingest.report import Report
from infra.ingest.sources import open_rows
from infra.ingest.understanding import N_SAMPLE_ROWS, understand
from tests.conftest import NOW


class Read:
    """What was understood of a text; `lines` has an error (field, reason) for a refused row."""

    def __init__(self, kind, text, **options):
        self.options = ImportOptions(kind=kind, paths=("file.csv",), **options)
        self.report = Report(["file.csv"], writes_refusals=False)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file.csv"
            path.write_text(text)
            with open_rows(str(path)) as self.file:
                self.file.path = "file.csv"
                self.rows = list(islice(self.file.rows, N_SAMPLE_ROWS))
        self.understood = understand(self.file, self.rows, self.options)

    @property
    def lines(self):
        reader = self.reader()
        return [line for row in self.rows for line in _read(reader, row)]

    def preview(self, types, *, times=(), show_values=False):
        trial = Trial(rows=self.rows, types=types, times=times, report=self.report)
        return preview(self.file, self.understood, trial, show_values=show_values).splitlines()

    def command(self):
        return command_of(self.options, self.understood, self.file)

    def reader(self):
        is_table = self.file.columns is not None
        return reader_of(self.understood, self.options, is_table=is_table, now=NOW, report=self.report)


def _read(reader, row):
    try:
        return reader(row)
    except RowRefused as refused:
        return [(refused.field, refused.reason)]


def refusal_of(kind, text, **options):
    """Return why a text is not understood."""
    try:
        understood = Read(kind, text, **options).understood
    except NotUnderstood as error:
        return str(error)
    raise AssertionError(understood)
