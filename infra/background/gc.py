"""Run Python's garbage collector less often while an application serves."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

YOUNG_OBJECTS = 20_000
"""New objects before a collection; about sixteen concurrent requests already exceed Python's default of 700."""


def resume_collections() -> None:
    """Enable the collector that `functions` disables during imports, and exclude the imported objects from it."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@asynccontextmanager
async def tune_gc(_: object = None) -> AsyncGenerator[None]:
    """Exclude existing objects from collections, and collect after `YOUNG_OBJECTS` new ones instead of Python's default.

    Requests leave almost no reference cycles: nearly every object that a collection visits has existed since the start.
    """
    young, *older = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *older)
    try:
        yield
    finally:
        gc.set_threshold(young, *older)
        gc.unfreeze()
