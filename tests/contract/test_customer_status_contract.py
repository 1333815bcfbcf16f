"""What an id is, in every repository: of nobody, of a guest, of a customer, of a merged guest, or erased."""

from domain.records.customers import NewCustomer
from domain.records.guests import GuestMerge
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange


async def test_an_id_goes_from_nobody_to_a_guest_who_is_merged_and_erased_with_the_customer(repository, now):
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    statuses = [await repository.customer_status("g-1")]

    await repository.record([BrowsingEvent(customer_id="g-1", product_id="p-1", guest=True)], now=now)
    statuses.append(await repository.customer_status("g-1"))
    await repository.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-1"), now=now)
    statuses.append(await repository.customer_status("g-1"))
    of_customer = await repository.customer_status("c-1")
    await repository.erase("c-1")
    statuses.append(await repository.customer_status("g-1"))

    assert statuses == ["unknown", "guest", "merged", "erased"]
    assert (of_customer, await repository.customer_status("c-1")) == ("customer", "erased")
