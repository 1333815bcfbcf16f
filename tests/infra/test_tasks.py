"""What goes on beside other work."""

import asyncio

import pytest

from infra.tasks import background_task


async def test_it_ends_with_the_block():
    ended = []

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    async with background_task(work()):
        await asyncio.sleep(0)

    assert ended == ["ended"]


async def test_what_it_raised_is_raised_when_the_block_is_left():
    async def work():
        raise OSError("lost")

    reached = []

    async def beside():
        async with background_task(work()):
            await asyncio.sleep(0)
            reached.append("the end of the block")

    with pytest.raises(OSError, match="lost"):
        await beside()

    assert reached
