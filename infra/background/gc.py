"""Looking for garbage less often while an application serves."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

YOUNG_OBJECTS = 20_000
"""How many new objects are looked through at once; some sixteen requests at the same moment make Python's own 700."""


def resume_collections() -> None:
    """Collect garbage again, which `functions` put off; what was imported stays, and is not looked through."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@asynccontextmanager
async def tune_gc(_: object = None) -> AsyncGenerator[None]:
    """Leave what is there now out of all collections, and collect after more objects than Python does by itself.

    Requests leave next to no cycles behind, so nearly all that a collection finds is what has been there since the start.
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
