"""What `python main.py` does before it serves; tests/system covers the rest."""

import argparse
import resource

import pytest

from domain.errors import StoreUnreachable
from infra.cli import serve
from infra.settings import Settings


@pytest.fixture
def limits(monkeypatch):
    """Return a function that sets the limits of open files which the process sees, and the list of those that it sets."""
    changes = []

    def pretend(soft, hard):
        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
        monkeypatch.setattr(resource, "setrlimit", lambda _, limits: changes.append(limits))
        return changes

    return pretend


@pytest.mark.parametrize(
    ("soft", "hard", "changes", "connections"),
    [
        (1024, 524_288, [(16_640, 524_288)], 16_384),
        (1024, resource.RLIM_INFINITY, [(16_640, resource.RLIM_INFINITY)], 16_384),
        (1024, 4096, [(4096, 4096)], 3840),
        (524_288, 524_288, [], 16_384),
        (128, 128, [], 1),
    ],
    ids=["raised", "no-hard-limit", "to-the-hard-limit", "high-enough", "tiny"],
)
def test_as_many_connections_are_accepted_as_files_may_be_opened(limits, soft, hard, changes, connections):
    changed = limits(soft, hard)

    assert serve._raise_file_limit() == connections  # noqa: SLF001
    assert changed == changes


@pytest.fixture
def served(monkeypatch):
    calls = []

    class Server:
        def __init__(self, target, **options):
            calls.append((target, options["http1_settings"].header_read_timeout))

        def serve(self):
            calls.append("served")

    monkeypatch.setattr(serve, "Server", Server)
    return calls


UNREACHABLE = Settings(database_url="postgresql://shop@127.0.0.1:1/shop", port=0)


def test_a_server_starts_although_its_database_does_not_answer(served):
    assert serve.run_serve(argparse.Namespace(demo=False), UNREACHABLE) == 0
    assert served == [("main:app", 10_000), "served"]


def test_the_demo_shop_needs_its_database(served):
    with pytest.raises(StoreUnreachable):
        serve.run_serve(argparse.Namespace(demo=True), UNREACHABLE)
    assert served == []
