"""While an application serves, Python looks for garbage seldom, and not at what was there at the start."""

import gc
import weakref

import pytest

from infra.background.gc import YOUNG_OBJECTS, tune_gc


@pytest.fixture
def unchanged():
    before = gc.get_threshold()
    yield
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("unchanged")
async def test_what_is_there_at_the_start_is_left_out_and_new_objects_gather_first():
    there = [[] for _ in range(1000)]

    async with tune_gc():
        assert gc.get_freeze_count() > len(there)
        assert not any(one is there for one in gc.get_objects())
        assert gc.get_threshold()[0] == YOUNG_OBJECTS


@pytest.mark.usefixtures("unchanged")
async def test_garbage_of_requests_is_still_found():
    class Cycle:
        def __init__(self):
            self.itself = self

    async with tune_gc():
        gone = weakref.ref(Cycle())
        assert gone() is not None
        kept = [[] for _ in range(2 * YOUNG_OBJECTS)]

        assert gone() is None
        assert len(kept) == 2 * YOUNG_OBJECTS


@pytest.mark.usefixtures("unchanged")
async def test_a_failure_while_serving_brings_back_what_was_before():
    with pytest.raises(ValueError, match="planted"):
        async with tune_gc():
            raise ValueError("planted")
