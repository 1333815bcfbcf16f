"""Files that hold no rows, and what is said of them."""

import io
import os
import tarfile

import pytest

from infra.ingest.errors import NotUnderstood
from tests.infra.ingest.sources.reading import read


def tar():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf", "is empty", id="only-a-mark"),
        pytest.param(b"[]", "has no records", id="empty-list"),
        pytest.param(b"<!DOCTYPE html>\n<html><body>404</body></html>", "web page", id="web-page"),
        pytest.param(b"\n<!-- x -->\n<HTML>", "web page", id="comment-before-html"),
        pytest.param(b"<!---->" * 400 + b"<x/>", "without the elements of RSS", id="many-comments"),
        pytest.param(rb"{\rtf1\ansi abc}", "RTF", id="rtf"),
        pytest.param(b"<?xml version='1.0'?><html/>", "web page", id="xhtml"),
        pytest.param(b"<table><tr><td>1</td></tr></table>", "web page", id="table"),
        pytest.param(b"%PDF-1.7\n", "is a PDF", id="pdf"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(20), "is an image", id="png"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"old format \(.xls\)", id="xls"),
        pytest.param(b"\x28\xb5\x2f\xfd" + bytes(20), "Zstandard", id="zstd"),
        pytest.param(tar(), "tar archive", id="tar"),
        pytest.param(bytes(range(256)) * 8, "binary data", id="binary"),
        pytest.param(os.urandom(5000), "binary data|image|empty|header", id="random"),
    ],
)
def test_content_without_rows_is_not_understood_and_the_message_helps(content, message):
    with pytest.raises(NotUnderstood, match=message) as caught:
        read(content)

    assert "\n" not in str(caught.value)


def test_a_header_alone_is_an_export_without_rows():
    found = read(b"id,name\n")

    assert (found.columns, found.rows) == (("id", "name"), [])
