"""Who gets a token for a browser, and until when it is accepted."""

import io
from datetime import timedelta

import pytest

from domain.errors import CustomerNotFound, TokenRefused
from domain.records.browser_tokens import TokenRequest
from domain.records.customers import CustomerChange, NewCustomer
from domain.records.guests import GuestMerge
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.progress import PlainProgress
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.browser_tokens import accepted_token, issue_token
from infra.use_cases.copy import copy_shop


@pytest.fixture
async def shop(repository, now):
    """Return a shop with the customers c-1 and c-2, the guests g-1 and g-2, the merged guest g-3, and the erased c-9."""
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    for name in ("c-1", "c-2", "c-9"):
        await repository.create_customer(NewCustomer(customer_id=name), now=now)
    for name in ("g-1", "g-2", "g-3"):
        await repository.record([BrowsingEvent(customer_id=name, product_id="p-1", guest=True)], now=now)
    await repository.merge_guest(GuestMerge(guest_id="g-3", customer_id="c-2"), now=now)
    await repository.erase("c-9")
    return repository


async def issued(shop, customer_id, *, now, **options):
    return await issue_token(shop, TokenRequest(customer_id=customer_id, **options), now=now)


async def accepted(shop, token, *, now):
    return await accepted_token(shop, token.token.encode(), now=now)


@pytest.mark.parametrize(
    ("customer_id", "guest", "is_guest"),
    [("c-1", False, False), ("g-1", True, True), ("g-1", False, True), ("nobody", True, True)],
)
async def test_customers_guests_and_newcomers_get_a_token(shop, now, customer_id, guest, is_guest):
    answer = await issued(shop, customer_id, guest=guest, ttl_seconds=900, now=now)
    token = await accepted(shop, answer, now=now)

    assert (answer.customer_id, answer.expires_at) == (customer_id, now + timedelta(seconds=900))
    assert (token.customer_id, token.is_guest) == (customer_id, is_guest)


@pytest.mark.parametrize(
    ("customer_id", "guest", "error"),
    [
        ("nobody", False, CustomerNotFound), ("c-9", False, CustomerNotFound), ("c-9", True, CustomerNotFound),
        ("c-1", True, TokenRefused), ("g-3", True, TokenRefused), ("g-3", False, TokenRefused),
    ],
)  # fmt: skip
async def test_nobody_gets_a_token_of_somebody_else(shop, now, customer_id, guest, error):
    with pytest.raises(error):
        await issued(shop, customer_id, guest=guest, now=now)


async def test_a_token_ends_at_its_instant_and_is_of_one_shop(shop, now, tmp_path):
    token = await issued(shop, "c-1", ttl_seconds=60, now=now)

    assert await accepted(shop, token, now=now + timedelta(seconds=59))
    assert await accepted(shop, token, now=now + timedelta(seconds=60)) is None
    async with open_repository(Settings(database_url=f"sqlite:///{tmp_path}/other.db")) as other:
        await other.create_customer(NewCustomer(customer_id="c-1"), now=now)
        assert await accepted(other, token, now=now) is None


async def test_a_copied_shop_accepts_the_tokens_of_the_first(shop, now, tmp_path):
    token = await issued(shop, "c-1", now=now)

    async with open_repository(Settings(database_url=f"sqlite:///{tmp_path}/copy.db")) as target:
        await copy_shop(shop.engine, target.engine, progress=PlainProgress(io.StringIO()))
        assert await accepted(target, token, now=now)


async def test_the_token_of_a_guest_ends_with_the_merge_and_with_the_erasure(shop, now):
    tokens = [await issued(shop, name, guest=True, now=now) for name in ("g-1", "g-2")]

    await shop.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-1"), now=now)
    await shop.erase("g-2")

    assert [await accepted(shop, token, now=now) for token in tokens] == [None, None]


async def test_the_token_of_a_guest_ends_when_the_id_becomes_one_of_a_customer(shop, now):
    tokens = [await issued(shop, name, guest=True, now=now) for name in ("g-1", "nobody")]

    await shop.put_customers([CustomerChange(customer_id="g-1", is_guest=False)], now=now)
    await shop.create_customer(NewCustomer(customer_id="nobody"), now=now)

    assert [await accepted(shop, token, now=now) for token in tokens] == [None, None]
