"""Documents in chunks over HTTP."""

import pytest

from domain.errors import CustomerNotFound
from infra.http.streams import json_of


async def chunks_of(*chunks, error=None):
    for chunk in chunks:
        yield chunk
    if error:
        raise error


async def test_a_document_of_one_chunk_has_a_length():
    response = await json_of(chunks_of(b'{"a":1}'))

    assert (response.content, response.media_type) == (b'{"a":1}', "application/json")


async def test_a_document_of_several_chunks_is_streamed_in_order():
    response = await json_of(chunks_of(b"[1", b",2", b",3]"))

    assert response.media_type == "application/json"
    assert b"".join([chunk async for chunk in response.iterator]) == b"[1,2,3]"


@pytest.mark.parametrize("chunks", [(), (b"[1",)])
async def test_an_error_before_the_second_chunk_is_raised_while_it_can_be_answered(chunks):
    with pytest.raises(CustomerNotFound):
        await json_of(chunks_of(*chunks, error=CustomerNotFound("canary")))
