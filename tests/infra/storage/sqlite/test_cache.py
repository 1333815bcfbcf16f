"""Stored lists and cached products are used again only while they are valid."""

import sqlite3
from contextlib import closing

from domain.ranking.inputs import CandidateQuery
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from infra.storage.sql.cache import VersionedCache
from infra.use_cases.recommend import current_list


async def test_a_stored_list_that_cannot_be_decoded_is_computed_again(repository, database, now, caplog):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await current_list(repository, "c-1", now=now, reuse_seconds=3600)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE customer_recommendations SET beginning = x'c1'")

    answer = await current_list(repository, "c-1", now=now, reuse_seconds=3600)

    assert not answer.cached
    assert "cannot be decoded" in caplog.text


async def test_cached_products_follow_the_catalogue(repository, now):
    await repository.put_products([ProductChange(product_id=f"p-{number}") for number in range(3)], now=now)
    query = CandidateQuery(
        product_indexes=(0, 1, 2), categories=(), n_newest=0, n_fill=0, seen=frozenset(), request=ListRequest()
    )

    for _ in range(3):
        assert len(await repository.candidates(query)) == 3
    await repository.put_products([ProductChange(product_id="p-0", name="New name")], now=now)

    assert (await repository.candidates(query))[0].name == "New name"


def test_a_full_cache_keeps_the_values_used_last_and_only_those_of_one_version():
    cache: VersionedCache[int, str] = VersionedCache(2)
    cached, missing = cache.lookup(1, [1, 2])
    cached.update({1: "one", 2: "two"})
    assert missing == [1, 2]

    cached, missing = cache.lookup(1, [1, 3])
    cached[3] = "three"

    assert (cached, missing) == ({1: "one", 3: "three"}, [3])
    assert cache.lookup(1, [1, 2, 3]) == ({1: "one", 3: "three"}, [2])
    assert cache.lookup(2, [1]) == ({}, [1])
