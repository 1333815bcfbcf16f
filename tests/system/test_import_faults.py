"""Full disks, cut streams, growing files, hostile content: a clear message, nothing half, and a repetition finishes."""

import gzip
import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import zipfile

import httpx
import pytest

from tests.system.importing import (
    RunningImport,
    command_of,
    content_of,
    environment_of,
    n_rows,
    run_import,
    write_events,
    write_products,
)
from tests.system.server import ROOT, serving

pytestmark = pytest.mark.system

HEADER = "customer_id,product_id,event_type,occurred_at\n"
NOT_UNDERSTOOD, UNREADABLE = 4, 1


@pytest.fixture
def place(tmp_path):
    """Return the database and the folder of temporary files of an import."""
    return {"database": tmp_path / "shop.db", "folder": tmp_path / "temporary"}


def limited(command, n_bytes):
    """Return a command for whose process no file may exceed a size: the same fault as a full disk."""
    plant = (
        "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        " resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY));"
        " os.execv(sys.argv[2], sys.argv[2:])"
    )
    return [sys.executable, "-c", plant, str(n_bytes), *command]


@pytest.mark.parametrize("megabytes", [0.1, 0.6, 1.6], ids=["opening", "staging", "storing"])
def test_a_full_disk_is_one_sentence_and_the_same_command_finishes(tmp_path, place, megabytes):
    path = write_events(tmp_path / "events.csv")
    running = RunningImport("events", path, command=limited(command_of("events", path), int(megabytes * 1e6)), **place)
    code, said = running.wait(), running.output()
    assert code == 1, said
    assert "Traceback" not in said
    assert any(words in said.splitlines()[-1] for words in ("disk", "storage"))
    assert list(place["folder"].iterdir()) == []

    assert run_import("events", path, **place).returncode == 0
    whole = {"database": tmp_path / "whole.db", "folder": place["folder"]}
    assert run_import("events", path, **whole).returncode == 0
    assert content_of(place["database"]) == content_of(whole["database"])


def test_a_server_beside_an_import_keeps_answering(tmp_path, place):
    catalogue = write_products(tmp_path / "products.csv", 1000)
    assert run_import("products", catalogue, **place).returncode == 0
    path = write_events(tmp_path / "events.csv")
    with (
        serving(place["database"], TRAIN_AFTER_EVENTS="0") as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        running = RunningImport("events", path, **place)
        statuses = []
        while running.process.poll() is None:
            body = {"customer_id": "c-1", "items": [{"product_id": "p-1"}], "order_id": f"beside-{len(statuses)}"}
            statuses.append(client.post("/recommendations/process-purchase", json=body).status_code)
            statuses.append(client.get("/health").status_code)
            time.sleep(0.02)
        assert running.wait() == 0
    # The customer is unknown until the import has created it.
    assert set(statuses) <= {200, 201, 404}
    assert 201 in statuses
    assert n_rows(place["database"], "purchase_history WHERE order_id LIKE 'beside-%'") == statuses.count(201)


def test_a_file_that_grows_is_refused_and_nothing_is_stored(tmp_path, place):
    path = write_events(tmp_path / "events.csv", 60_000)
    stop = threading.Event()

    def grow():
        with path.open("a") as file:
            while not stop.wait(0.02):
                file.write("c-1,p-1,view,2026-01-01\n")
                file.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        done = run_import("events", path, **place)
    finally:
        stop.set()
        writer.join()
    assert (done.returncode, "changed while it was read" in done.stderr) == (UNREADABLE, True)
    assert n_rows(place["database"], "browsing_history") == 0


def piped(content, kind="events", **place):
    """Import what is written to standard input."""
    return subprocess.run(
        _with_absolute_main(kind, "-"),
        cwd=place["folder"].parent,
        env=environment_of(**place),
        input=content,
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def in_pipe(place):
    """Return a function that imports standard input; the list of refused lines is written to the current folder."""
    return lambda content: piped(content, **place)


def _with_absolute_main(*arguments):
    python, main, *others = command_of(*arguments)
    return [python, str(ROOT / main), *others]


def test_a_stream_that_is_cut_is_not_understood(in_pipe, place):
    content = gzip.compress((HEADER + "c-1,p-1,view,2026-01-01\n" * 5000).encode(), mtime=0)
    for cut in (len(content) - 4, len(content) // 2):
        done = in_pipe(content[:cut])
        assert (done.returncode, b"cut off" in done.stderr) == (NOT_UNDERSTOOD, True), done.stderr
    assert n_rows(place["database"], "browsing_history") == 0


def test_an_empty_stream_is_not_understood(in_pipe):
    done = in_pipe(b"")
    assert (done.returncode, b"empty" in done.stderr) == (NOT_UNDERSTOOD, True)


def test_a_directory_and_a_file_that_is_not_there_are_unreadable(tmp_path, place):
    for path, words in ((tmp_path, "directory"), (tmp_path / "absent.csv", "No such file")):
        done = run_import("events", path, **place)
        assert done.returncode == UNREADABLE
        assert words in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_unreadable(tmp_path, place):
    path = write_events(tmp_path / "events.csv", 10)
    path.chmod(0)
    assert run_import("events", path, **place).returncode == UNREADABLE


MEGABYTE = 1_000_000


def test_a_line_of_100_megabytes_is_refused_alone_and_takes_no_memory(tmp_path, place):
    path = tmp_path / "events.csv"
    with path.open("w") as file:
        file.write(HEADER + "c-1,p-1,view,2026-01-01\n")
        for _ in range(100):
            file.write("x" * MEGABYTE)
        file.write("\nc-1,p-2,view,2026-01-01\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    for source in (path, "-"):
        with path.open("rb") as stdin:
            running = RunningImport("events", source, command=_with_absolute_main("events", source), stdin=stdin, **place)
            code = running.wait()
        assert code == 3, running.output()
        assert "Longer than 1,000,000 characters (line 3)" in running.output()
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert after <= max(before, 250_000)
    assert n_rows(place["database"], "browsing_history") == 2


def test_a_bomb_of_blanks_takes_no_memory(tmp_path, place):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("events.csv", "w") as file:
        file.write(HEADER.encode())
        for _ in range(300):
            file.write(b" " * MEGABYTE)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = run_import("events", path, **place)
    assert done.returncode in {3, NOT_UNDERSTOOD}
    assert "Traceback" not in done.stderr
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(before, 250_000)
    assert n_rows(place["database"], "browsing_history") == 0


def zip_of(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, HEADER + "c-1,p-1,view,2026-01-01\n")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zip_of("a.csv", "b.csv"), "2 files"),
        (
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;">]><rss><item><id>&b;</id></item></rss>',
            "DOCTYPE",
        ),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"%PDF-1.7 \x00\x01", "export"),
        (b"", "empty"),
        (os.urandom(5000), ""),
    ],
    ids=["two-files", "entities", "html", "pdf", "empty", "noise"],
)
def test_content_that_is_no_export_is_not_understood(tmp_path, place, content, words):
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    done = run_import("products", path, **place)
    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (NOT_UNDERSTOOD, True, False)
    assert n_rows(place["database"], "product_catalog") == 0


def test_sigterm_ends_reading_in_order(tmp_path, place):
    path = write_events(tmp_path / "events.csv", 60_000)
    running = RunningImport("events", path, **place)
    while running.staged_bytes() == 0 and running.process.poll() is None:
        time.sleep(0.005)
    assert running.end(signal.SIGTERM) == 130
    assert "Traceback" not in running.output()
    assert list(place["folder"].iterdir()) == []
    assert n_rows(place["database"], "browsing_history") == 0
