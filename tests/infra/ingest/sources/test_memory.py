"""However long a file, a line, a cell or a record is, the memory is bounded."""

import gzip
import tracemalloc
from contextlib import suppress

import pytest

from infra.ingest.errors import NotUnderstood
from infra.ingest.sources import open_rows

MEGABYTES = 50
LONG = b"x" * (MEGABYTES << 20)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a,b\n1,2\n" + LONG + b"\n3,4\n", id="line"),
        pytest.param(LONG, id="first-line"),
        pytest.param(b'a,b\n1,"' + (b"x" * 65_535 + b"\n") * 16 * MEGABYTES, id="cell"),
        pytest.param(b'{"a": 1}\n{"a": "' + LONG + b'"}\n', id="json-line"),
        pytest.param(b'[{"a": 1}, {"a": "' + LONG + b'"}]', id="json-element"),
        pytest.param(b'{"a": "' + LONG + b'", "b": [{"c": 1}]}', id="json-member"),
        pytest.param(b"<rss><item><id>" + LONG + b"</id></item></rss>", id="xml-text"),
        pytest.param(b"<rss><item><" + LONG + b"/></item></rss>", id="xml-name"),
        pytest.param(b"a,b\n1,2\n" + b" " * len(LONG), id="blanks"),
    ],
)
def test_a_bomb_is_read_in_bounded_memory(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content, 1))
    tracemalloc.start()
    with suppress(NotUnderstood), open_rows(str(path)) as opened:
        for _ in opened.rows:
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 25 << 20
