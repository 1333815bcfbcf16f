"""Connections that send nothing, or a head that never ends: other clients hardly wait, and idle ones are closed."""

import resource
import select
import socket
import time
from contextlib import ExitStack

import httpx
import pytest

from infra.cli.serve import HEADER_SECONDS
from tests.system.server import serving
from tests.system.test_serving import exchange

pytestmark = pytest.mark.system

IDLE = 1200
"""More than the server accepts by default, 1,024."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("shop") / "shop.db", LOG_LEVEL="WARNING", LOG_REQUESTS="0") as running:
        yield running


@pytest.fixture
def idle(server):
    """Return a function that opens connections of one address and sends the same bytes on each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * IDLE:
        pytest.skip("The system allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * IDLE), hard))
    with ExitStack() as stack:

        def opened(sent):
            connections = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(IDLE)]
            for connection in connections:
                connection.sendall(sent)
            return connections

        yield opened
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def n_closed(connections, *, seconds):
    """Return how many of the connections the server closes in time."""
    waiting = {connection.fileno(): connection for connection in connections}
    poll = select.poll()
    for file in waiting:
        poll.register(file, select.POLLIN)
    until = time.monotonic() + seconds
    while waiting and (left := until - time.monotonic()) > 0:
        for file, _ in poll.poll(left * 1000):
            if not waiting[file].recv(65536):
                poll.unregister(file)
                del waiting[file]
    return len(connections) - len(waiting)


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /live HTTP/1.1\r\nHost: 127", b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
    ids=["nothing", "half-a-head", "after-a-request"],
)
def test_idle_connections_keep_nobody_out_and_are_closed(server, idle, sent):
    connections = idle(sent)

    started = time.monotonic()
    answer = httpx.get(f"{server.url}/live", timeout=20)
    waited = time.monotonic() - started

    assert answer.status_code == 200
    assert waited < 1
    assert n_closed(connections, seconds=HEADER_SECONDS + 3) == IDLE


CLOSE = b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /live HTTP/1.1\r\n" + CLOSE, 400),
        (b"GET /live HTTP/1.1\r\nHost:\r\n" + CLOSE, 400),
        (b"GET /live HTTP/1.0\r\n\r\n", 200),
        (b"GET http://127.0.0.1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n" + CLOSE, 200),
        (b"GET http://shop.example/recommendations/c-1 HTTP/1.1\r\n" + CLOSE, 421),
        (b"GET http://shop.example/recommendations/c-1 HTTP/1.1\r\nHost: shop.example\r\n" + CLOSE, 421),
    ],
    ids=["no-host", "empty-host", "http-1.0", "absolute", "absolute-foreign", "absolute-foreign-with-host"],
)
def test_a_request_names_a_host_that_is_served(server, sent, status):
    assert exchange(server, sent, seconds=2).split(b" ")[1] == str(status).encode()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n" + CLOSE + b"{}", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n" + CLOSE, 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 500 + CLOSE, 431),
    ],
    ids=["two-lengths", "long-target", "many-headers"],
)
def test_what_the_http_server_refuses_itself_has_no_body_and_names_no_server(server, sent, status):
    head, _, body = exchange(server, sent, seconds=2).partition(b"\r\n\r\n")

    assert head.split(b" ")[1] == str(status).encode()
    assert b"connection: close" in head
    assert b"server:" not in head
    assert body == b""


def test_two_ways_to_give_a_length_are_one_request_and_the_connection_is_closed(server):
    smuggled = b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = b"POST /customer/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"

    answer = exchange(
        server, head + b"Transfer-Encoding: chunked\r\n" + CLOSE + b"2\r\n{}\r\n0\r\n\r\n" + smuggled, seconds=2
    )

    assert answer.count(b"HTTP/1.1 ") == 1
