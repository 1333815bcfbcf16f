"""The garbage collector runs less often while an application serves, and skips the objects of the start."""

import gc
import weakref

import pytest

from infra.background.gc import YOUNG_OBJECTS, tune_gc


@pytest.fixture
def restores_the_collector():
    before = gc.get_threshold()
    yield
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("restores_the_collector")
async def test_existing_objects_are_excluded_and_collections_start_later():
    existing = [[] for _ in range(1000)]

    async with tune_gc():
        assert gc.get_freeze_count() > len(existing)
        assert not any(tracked is existing for tracked in gc.get_objects())
        assert gc.get_threshold()[0] == YOUNG_OBJECTS


@pytest.mark.usefixtures("restores_the_collector")
async def test_new_reference_cycles_are_collected():
    class Cycle:
        def __init__(self):
            self.itself = self

    async with tune_gc():
        unreachable = weakref.ref(Cycle())
        assert unreachable() is not None
        reachable = [[] for _ in range(2 * YOUNG_OBJECTS)]

        assert unreachable() is None
        assert len(reachable) == 2 * YOUNG_OBJECTS


@pytest.mark.usefixtures("restores_the_collector")
async def test_an_error_while_serving_restores_the_collector():
    with pytest.raises(ValueError, match="planted"):
        async with tune_gc():
            raise ValueError("planted")
