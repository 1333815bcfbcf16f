"""Customers and addresses, in every repository."""

from datetime import timedelta

import pytest
from msgspec import UNSET

from domain.errors import CustomerExists, CustomerNotFound, EmailTaken, TooManyItems
from domain.records.customers import Address, CustomerChange, NewCustomer, segment_of


def address(**values):
    return Address(
        **{"kind": "shipping", "line1": "Canary 1", "city": "Canaryville", "postal_code": "CANARY-3000", "country": "CH"}
        | values
    )


async def test_the_profile_has_the_customer_as_registered(repository, now):
    created = await repository.create_customer(
        NewCustomer(customer_id="c-1", email="Canary@example.com", first_name="Canary", segment="Premium"), now=now
    )

    profile = await repository.profile("c-1")

    assert profile.customer == created
    assert (created.email, created.segment, created.segment_source) == ("Canary@example.com", "Premium", "assigned")
    assert created.created_at == now


async def test_a_customer_registered_without_an_id_gets_128_random_bits(repository, now):
    one = await repository.create_customer(NewCustomer(), now=now)
    other = await repository.create_customer(NewCustomer(), now=now)

    assert one.customer_id != other.customer_id
    assert len(bytes.fromhex(one.customer_id)) == 16
    assert (one.segment, one.segment_source) == ("Regular", "default")


async def test_ids_are_compared_code_point_by_code_point(repository, now):
    composed, decomposed = "Zo\u00eb-canary", "Zoe\u0308-canary"
    for customer_id in (composed, "canary 12/3", "CANARY 12/3", "canary\u00a012/3"):
        await repository.create_customer(NewCustomer(customer_id=customer_id), now=now)
        assert (await repository.profile(customer_id)).customer.customer_id == customer_id

    with pytest.raises(CustomerNotFound):
        await repository.profile(decomposed)


async def test_two_customers_cannot_have_the_same_id(repository, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)

    with pytest.raises(CustomerExists):
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)


async def test_an_e_mail_address_belongs_to_one_customer_in_upper_and_lower_case(repository, now):
    await repository.create_customer(NewCustomer(email="canary@example.com"), now=now)

    with pytest.raises(EmailTaken):
        await repository.create_customer(NewCustomer(customer_id="c-2", email="CANARY@Example.com"), now=now)
    with pytest.raises(CustomerNotFound):
        await repository.profile("c-2")


async def test_the_first_address_of_a_kind_is_its_default_and_a_new_default_replaces_it(repository, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)

    first = await repository.add_addresses("c-1", [address(), address(line1="Canary 2"), address(kind="billing")])
    second = await repository.add_addresses("c-1", [address(line1="Canary 3", is_default=True)])

    assert [(one.line1, one.kind, one.is_default) for one in first] == [
        ("Canary 1", "shipping", True),
        ("Canary 2", "shipping", False),
        ("Canary 1", "billing", True),
    ]
    assert [(one.line1, one.is_default) for one in second] == [
        ("Canary 1", False),
        ("Canary 2", False),
        ("Canary 1", True),
        ("Canary 3", True),
    ]
    assert (await repository.profile("c-1")).addresses == second


async def test_an_identical_address_is_stored_once_and_may_become_the_default(repository, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await repository.add_addresses("c-1", [address(), address(line1="Canary 2")])

    again = await repository.add_addresses("c-1", [address(line1="Canary 2", is_default=True)])
    unchanged = await repository.add_addresses("c-1", [address(line1="Canary 2")])

    assert [(one.line1, one.is_default) for one in again] == [("Canary 1", False), ("Canary 2", True)]
    assert unchanged == again


async def test_a_customer_has_at_most_100_addresses(repository, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await repository.add_addresses("c-1", [address(line1=f"Canary {number}") for number in range(100)])

    with pytest.raises(TooManyItems):
        await repository.add_addresses("c-1", [address(line1="Canary 100")])
    assert len((await repository.profile("c-1")).addresses) == 100


async def test_an_unknown_customer_raises_customer_not_found(repository, now):
    with pytest.raises(CustomerNotFound):
        await repository.add_addresses("nobody", [address()])
    with pytest.raises(CustomerNotFound):
        await repository.customer_state("nobody")
    with pytest.raises(CustomerNotFound):
        await repository.stored_list("nobody", length=10)


async def test_imported_customers_are_new_then_unchanged_then_changed(repository, now):
    change = CustomerChange(customer_id="c-1", email="canary@example.com", first_name="Canary", segment="Budget")

    first = await repository.put_customers([change], now=now)
    again = await repository.put_customers([change], now=now)
    cleared = await repository.put_customers(
        [CustomerChange(customer_id="c-1", first_name=None, segment=None)], now=now + timedelta(days=1)
    )

    assert [one.status for one in (*first, *again, *cleared)] == ["new", "unchanged", "changed"]
    customer = (await repository.profile("c-1")).customer
    assert (customer.email, customer.first_name, customer.segment_source) == ("canary@example.com", None, "default")
    assert customer.created_at == now


async def test_an_import_without_a_column_leaves_its_stored_value(repository, now):
    await repository.put_customers([CustomerChange(customer_id="c-1", phone="canary-12345")], now=now)

    await repository.put_customers([CustomerChange(customer_id="c-1", phone=UNSET, last_name="Canary")], now=now)

    customer = (await repository.profile("c-1")).customer
    assert (customer.phone, customer.last_name) == ("canary-12345", "Canary")


async def test_an_imported_e_mail_address_of_another_customer_refuses_only_that_customer(repository, now):
    outcomes = await repository.put_customers(
        [
            CustomerChange(customer_id="c-1", email="canary@example.com"),
            CustomerChange(customer_id="c-2", email="CANARY@example.com"),
            CustomerChange(customer_id="c-3", email="canary-bob@example.com"),
        ],
        now=now,
    )

    assert [one.status for one in outcomes] == ["new", "refused", "new"]
    assert outcomes[1].field == "email"
    with pytest.raises(CustomerNotFound):
        await repository.profile("c-2")


async def test_an_assigned_segment_makes_a_stored_list_stale(repository, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    before = await repository.customer_state("c-1")

    await repository.put_customers([CustomerChange(customer_id="c-1", segment="Premium")], now=now)

    after = await repository.customer_state("c-1")
    assert after.version == before.version + 1
    assert segment_of(after.segment_inputs) == ("Premium", "assigned")
