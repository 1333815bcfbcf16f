"""Documents in chunks over HTTP."""

import pytest

from domain.errors import CustomerNotFound
from infra.http.streams import DocumentCutOff, json_of


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


async def test_a_later_error_cuts_the_document_off_and_names_nobody(caplog):
    response = await json_of(chunks_of(b"[1", b",2", b",3", error=CustomerNotFound("canary")))
    received = []

    async def receive():
        async for chunk in response.iterator:
            received.append(chunk)  # noqa: PERF401 - what came before the error stays

    with pytest.raises(DocumentCutOff) as raised:
        await receive()

    assert received == [b"[1", b",2", b",3"]
    assert raised.value.__suppress_context__
    (record,) = caplog.records
    assert record.message.startswith("A document was cut off: CustomerNotFound at ")
