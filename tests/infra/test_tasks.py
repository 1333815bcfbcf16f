"""Background tasks."""

import asyncio

import pytest

from infra.tasks import background_task


async def test_a_background_task_ends_with_its_block():
    ended = []

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    async with background_task(work()):
        await asyncio.sleep(0)

    assert ended == ["ended"]


async def test_the_error_of_a_background_task_is_raised_at_the_end_of_its_block():
    async def work():
        raise OSError("lost")

    reached = []

    async def run_block():
        async with background_task(work()):
            await asyncio.sleep(0)
            reached.append("the end of the block")

    with pytest.raises(OSError, match="lost"):
        await run_block()

    assert reached
