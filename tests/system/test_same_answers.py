"""Both databases return the same answers to the same random operations."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from domain.errors import ShopError
from domain.ranking.model import Model, NeighbourLists, ProductActivity, TrainedModel, WeightedProducts
from domain.ranking.packing import pack
from domain.records.amendments import OrderAmendment, RemainingItem
from domain.records.customers import Address, CustomerChange, CustomerUpdate, NewCustomer, address_id
from domain.records.guests import GuestMerge
from domain.records.imports import ImportedEvent, OrderReturn, ReturnedItem
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.pages import ListOfPage, PageRequest
from domain.records.products import ProductChange
from domain.records.recommendations import Kind, ListRequest
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql.events import product_ids_of
from infra.use_cases.page import Viewer, page_of
from infra.use_cases.recommend import current_list, list_or_newcomers
from tests import postgres
from tests.answers import without_id
from tests.domain.shop import neighbours_of
from tests.inputs import candidate_query, candidates_of, inputs_of

pytestmark = pytest.mark.system

EXAMPLES, STEPS = 200, 50
START = datetime(2026, 1, 1, tzinfo=UTC)

# Their order by UTF-8 bytes differs from that by UTF-16 units and from that of any language; two are equal when normalised.
CUSTOMERS = ["c-1", "gid://canary/Customer/2", "\uff21 canary", "😀-canary"]
PRODUCTS = ["p-0", "P-0", "p 0", "#1001", "SKU 12/3", "é-1", "e\u0301-1", "Größe-42", "Grosse-42", "\uff21", "😀", "%2F"]
GUESTS = ["g-canary", "guest 12/3 canary"]
customer_ids = st.sampled_from(CUSTOMERS)
guest_ids = st.sampled_from(GUESTS)
known_or_guests = st.sampled_from([*CUSTOMERS[:2], *GUESTS])
product_ids = st.sampled_from(PRODUCTS)
unknown_too = st.one_of(product_ids, st.just("nowhere"))
categories = st.sampled_from(["a", "a/b", "a/b/c", "ab", "é", "Z"])
brands = st.sampled_from(["x", "y", None])
prices = st.sampled_from([0.0, 0.5, 9.99, 1000.0, None])
emails = st.sampled_from([None, "a@canary.com", "A@Canary.com", "b@canary.com"])
NAMED_ORDERS = [*(f"e-{n}" for n in range(3)), "é", "e\u0301", "#e 1/2"]
ids = st.one_of(st.none(), st.sampled_from(NAMED_ORDERS))
hours = st.integers(0, 50).map(lambda n: START + timedelta(hours=n))
segments = st.sampled_from([None, "Premium", "Budget"])
requests = st.builds(
    ListRequest,
    limit=st.sampled_from([1, 3, 10, 100]),
    categories=st.frozensets(categories, max_size=2),
    min_price=st.sampled_from([None, 0.5]),
    max_price=st.sampled_from([None, 10.0]),
    exclude=st.frozensets(product_ids, max_size=2),
    seen=st.sampled_from(["few", "few", "exclude", "include"]),
)
addresses = st.builds(
    Address,
    kind=st.sampled_from(["shipping", "billing"]),
    line1=st.sampled_from(["Canary Road 1", "Canarystraße 2"]),
    city=st.just("Canaryville"),
    postal_code=st.just("CANARY-3000"),
    country=st.just("CH"),
    is_default=st.booleans(),
)
product_changes = st.builds(
    ProductChange,
    product_id=product_ids,
    name=st.sampled_from(["Lamp", "Zelt", None]),
    category=st.one_of(st.none(), categories),
    brand=brands,
    price=prices,
    in_stock=st.sampled_from([True, True, False]),
    created_at=hours,
    aliases=st.sampled_from([msgspec.UNSET, msgspec.UNSET, None, ("p-10", "x"), ("p-11", "nowhere")]),
)


def browsing(event_ids):
    """Draw interactions: views, and carts and wishlists with their removals.

    Of two carts at one instant, a random id may decide which one is taken back, so these differ in nothing that is exported.
    """
    common = {
        "customer_id": customer_ids,
        "product_id": unknown_too,
        "occurred_at": st.one_of(st.none(), hours),
        "event_id": event_ids,
    }
    types = ["cart", "wishlist", "remove_from_cart", "remove_from_wishlist"]
    return st.one_of(
        st.builds(BrowsingEvent, dwell_seconds=st.sampled_from([None, 1.5]), **common),
        st.builds(BrowsingEvent, event_type=st.sampled_from(types), **common),
    )


def orders(order_ids):
    item = st.builds(OrderItem, product_id=unknown_too, quantity=st.integers(1, 3), unit_price=prices)
    return st.builds(
        Purchase,
        customer_id=customer_ids,
        order_id=order_ids,
        occurred_at=st.one_of(st.none(), hours),
        currency=st.sampled_from([None, "EUR", "USD"]),
        items=st.lists(item, min_size=1, max_size=3).map(tuple),
    )


events = st.lists(st.one_of(browsing(ids), orders(ids)), min_size=1, max_size=5)
# Events of files always have ids.
ids_of_files = st.sampled_from([*NAMED_ORDERS, *(f"i-{n}" for n in range(9))])
import_ids = st.sampled_from([None, "i-1", "i-2", "i-3"])
imported_events = st.lists(
    st.builds(
        ImportedEvent,
        event=st.builds(
            msgspec.structs.replace,
            st.one_of(browsing(ids_of_files), orders(ids_of_files)),
            customer_id=st.sampled_from(CUSTOMERS + GUESTS),
        ),
        is_derived_id=st.booleans(),
        email=emails,
        is_guest=st.booleans(),
        returned=st.sampled_from([{}, {}, {"p-1": 1, "p-2": 2}]),
    ),
    min_size=1,
    max_size=5,
)
returns = st.builds(
    OrderReturn,
    customer_id=st.sampled_from(CUSTOMERS + GUESTS),
    email=emails,
    return_id=st.sampled_from(["r-1", "r-2"]),
    order_id=ids,
    items=st.lists(st.builds(ReturnedItem, product_id=product_ids, quantity=st.integers(1, 3)), max_size=2).map(tuple),
    occurred_at=st.one_of(st.none(), hours),
)


updates = st.builds(
    CustomerUpdate,
    customer_id=customer_ids,
    email=st.one_of(st.just(msgspec.UNSET), emails),
    first_name=st.sampled_from([msgspec.UNSET, None, "Canary"]),
    segment=st.one_of(st.just(msgspec.UNSET), segments),
    profiling=st.sampled_from([msgspec.UNSET, False, True]),
)
amendments = st.builds(
    OrderAmendment,
    customer_id=customer_ids,
    order_id=st.sampled_from(NAMED_ORDERS),
    items=st.lists(st.builds(RemainingItem, product_id=product_ids, quantity=st.integers(1, 3)), max_size=2).map(tuple),
)


class SameAnswers(RuleBasedStateMachine):
    """A shop in each database: every operation runs on both, and the results must be equal."""

    server: str

    @initialize()
    def open(self):
        self.runner = asyncio.Runner()
        self.opened = AsyncExitStack()
        self.now = START + timedelta(days=3)
        self.model_number = 0
        self.n_steps = 0
        self.runner.run(self._open())

    async def _open(self):
        folder = Path(self.opened.enter_context(tempfile.TemporaryDirectory()))
        url = await self.opened.enter_async_context(postgres.new_database(self.server))
        self.shops = [
            await self.opened.enter_async_context(open_repository(Settings(database_url=each, database_pool_size=2)))
            for each in (f"sqlite:///{folder}/shop.db", url)
        ]

    def teardown(self):
        self.runner.run(self.opened.aclose())
        self.runner.close()

    def run_on_both(self, operation):
        async def answer(shop):
            try:
                return await operation(shop)
            except ShopError as error:
                return type(error), str(error)

        async def answers():
            return [await answer(shop) for shop in self.shops]

        sqlite_answer, postgres_answer = self.runner.run(answers())
        assert sqlite_answer == postgres_answer
        self.now += timedelta(minutes=7)
        self.n_steps += 1

    @rule(customer_id=customer_ids, email=emails, segment=segments)
    def create_customer(self, customer_id, email, segment):
        new = NewCustomer(customer_id=customer_id, email=email, segment=segment)
        self.run_on_both(lambda shop: shop.create_customer(new, now=self.now))

    @rule(customer_id=customer_ids, added=st.lists(addresses, min_size=1, max_size=3))
    def add_addresses(self, customer_id, added):
        self.run_on_both(lambda shop: shop.add_addresses(customer_id, added))

    @rule(changes=st.lists(product_changes, min_size=1, max_size=8))
    def put_products(self, changes):
        self.run_on_both(lambda shop: shop.put_products(changes, now=self.now))

    @rule(customer_id=customer_ids, email=emails, segment=segments)
    def put_customer(self, customer_id, email, segment):
        self.put_customers(CustomerChange(customer_id=customer_id, email=email, segment=segment))

    @rule(customer_id=customer_ids, removed=addresses)
    def remove_address(self, customer_id, removed):
        self.run_on_both(lambda shop: shop.remove_address(customer_id, address_id(customer_id, removed)))

    @rule(update=updates)
    def update_customer(self, update):
        self.run_on_both(lambda shop: shop.update_customer(update, now=self.now))

    @rule(amendment=amendments)
    def amend_order(self, amendment):
        self.run_on_both(lambda shop: shop.amend_order(amendment))

    @rule(customer_id=customer_ids, n_left=st.integers(0, 1), number=st.integers(0, 2))
    def amend_a_stored_order(self, customer_id, n_left, number):
        async def amend(shop):
            orders = [order for order in (await shop.export(customer_id)).purchases if order.order_id in NAMED_ORDERS]
            if not orders:
                return None
            order = sorted(orders, key=lambda order: order.order_id)[number % len(orders)]
            items = tuple(RemainingItem(product_id=item.product_id) for item in order.items[:n_left])
            return await shop.amend_order(OrderAmendment(customer_id=customer_id, order_id=order.order_id, items=items))

        self.run_on_both(amend)

    @rule(customer_id=customer_ids, recorded=events, create_products=st.sampled_from([False, False, True]))
    def record(self, customer_id, recorded, create_products):
        own = [msgspec.structs.replace(event, customer_id=customer_id) for event in recorded]
        self.run_on_both(lambda shop: shop.record(own, now=self.now, create_products=create_products))

    @rule(imported=imported_events, create_products=st.booleans(), import_id=import_ids)
    def put_events(self, imported, create_products, import_id):
        # With ids, as from files: an undoing that has begun looks on from the last id, so random ones would count by chance.
        imported = [
            msgspec.structs.replace(one, event=with_id(one.event, f"m-{self.n_steps}-{number}"))
            for number, one in enumerate(imported)
        ]
        self.run_on_both(
            lambda shop: shop.put_events(imported, create_products=create_products, import_id=import_id, now=self.now)
        )

    @rule(returned=st.lists(returns, min_size=1, max_size=3), import_id=import_ids)
    def put_returns(self, returned, import_id):
        self.run_on_both(lambda shop: shop.put_returns(returned, import_id=import_id, now=self.now))

    @rule(import_id=import_ids.filter(bool))
    def undo_import(self, import_id):
        self.run_on_both(lambda shop: shop.undo_import(import_id))

    @rule()
    def merge_aliases(self):
        self.run_on_both(lambda shop: shop.merge_aliases())
        self.run_on_both(lambda shop: shop.listed_products())

    @rule(
        guest_id=guest_ids,
        customer_id=customer_ids,
        imported=imported_events,
        returned=st.lists(returns, max_size=2),
        import_id=import_ids,
        added=st.lists(addresses, min_size=1, max_size=2),
    )
    def merge_new_guest(self, guest_id, customer_id, imported, returned, import_id, added):
        """Do with a guest what few random steps would do in this sequence."""
        replace = msgspec.structs.replace
        own = [replace(one.event, customer_id=guest_id) for one in imported]
        events = [replace(one, event=event, is_guest=True, email=None) for one, event in zip(imported, own, strict=True)]
        self.put_customers(CustomerChange(customer_id=customer_id, is_guest=False))
        self.put_events(events, create_products=True, import_id=import_id)
        self.put_returns([replace(one, customer_id=guest_id, email=None) for one in returned], import_id)
        self.add_addresses(guest_id, added)
        self.merge_guest(guest_id, customer_id)
        self.profile(customer_id)

    @rule(guest_id=known_or_guests, customer_id=known_or_guests)
    def merge_guest(self, guest_id, customer_id):
        self.run_on_both(lambda shop: shop.merge_guest(GuestMerge(guest_id=guest_id, customer_id=customer_id), now=self.now))

    def put_customers(self, change):
        self.run_on_both(lambda shop: shop.put_customers([change], now=self.now))

    @rule(guest_id=guest_ids, recorded=events, are_known=st.booleans())
    def record_of_guest(self, guest_id, recorded, are_known):
        if are_known:
            changes = [ProductChange(product_id=name) for event in recorded for name in product_ids_of(event)]
            self.run_on_both(lambda shop: shop.put_products(changes, now=self.now))
        own = [msgspec.structs.replace(event, customer_id=guest_id, guest=True) for event in recorded]
        self.run_on_both(lambda shop: shop.record(own, now=self.now))

    @rule(guest_id=guest_ids, added=st.lists(addresses, min_size=1, max_size=3))
    def add_addresses_of_guest(self, guest_id, added):
        self.run_on_both(lambda shop: shop.add_addresses(guest_id, added))

    @rule(guest_id=guest_ids)
    def list_of_guest(self, guest_id):
        async def listed(shop):
            return without_id(await list_or_newcomers(shop, guest_id, now=self.now, reuse_seconds=3600))

        self.run_on_both(listed)

    @rule(days=st.integers(0, 2))
    def purge_guests(self, days):
        before = self.now - timedelta(days=days)

        async def purged(shop):
            page = await shop.expired_guests(before=before)
            return page, await shop.count_guests(before=before), await shop.purge_guests(page, before=before)

        self.run_on_both(purged)

    @rule(customer_id=known_or_guests)
    def profile(self, customer_id):
        self.run_on_both(lambda shop: shop.profile(customer_id))

    @rule(customer_id=customer_ids, category=st.one_of(st.none(), categories))
    def ranking_inputs(self, customer_id, category):
        async def read(shop):
            inputs = await inputs_of(shop, customer_id, category=category)
            columns = {name: column.tolist() for name, column in msgspec.structs.asdict(inputs.history).items()}
            return columns, neighbours_of(inputs), inputs.category_trends, inputs.recent_popularity

        self.run_on_both(lambda shop: shop.customer_state(customer_id))
        self.run_on_both(read)

    @rule(
        indexes=st.lists(st.integers(0, 14), max_size=6, unique=True),
        query_categories=st.lists(categories, max_size=3, unique=True),
        n_newest=st.integers(0, 3),
        n_fill=st.integers(0, 8),
        own=st.sets(st.integers(0, 11), max_size=3).map(sorted),
        request=requests,
        customer_id=customer_ids,
    )
    def candidates(self, indexes, query_categories, n_newest, n_fill, own, request, customer_id):
        query = candidate_query(
            product_indexes=indexes,
            categories=query_categories,
            n_newest=n_newest,
            n_fill=n_fill,
            own=own,
            request=request,
        )
        self.run_on_both(lambda shop: candidates_of(shop, query, customer_id=customer_id))

    @rule(customer_id=customer_ids, request=requests)
    def recommend(self, customer_id, request):
        async def listed(shop):
            return without_id(await current_list(shop, customer_id, request=request, now=self.now, reuse_seconds=3600))

        self.run_on_both(listed)

    @rule(
        customer_id=known_or_guests, seeds=st.lists(unknown_too, min_size=1, max_size=3), are_guests=st.booleans(),
        kinds=st.permutations(get_args(Kind)), limit=st.integers(1, 4), min_items=st.integers(0, 2),
    )  # fmt: skip
    def page(self, customer_id, seeds, are_guests, kinds, limit, min_items):
        n_seeds = {"similar": 1, "bought-together": 3}
        lists = [
            ListOfPage(name=kind, kind=kind, product_ids=seeds[: n_seeds.get(kind, 0)], limit=limit, min_items=min_items)
            for kind in kinds
        ]
        request = PageRequest(customer_id=customer_id, guest=are_guests, lists=lists)

        async def made(shop):
            viewer = Viewer(is_backend=True, now=self.now, reuse_seconds=3600)
            answer = await page_of(shop, request, viewer)
            return [(one.name, one.strategy, one.items) for one in answer.lists]

        self.run_on_both(made)

    @rule(customer_id=customer_ids)
    def stored_lists(self, customer_id):
        for length in (3, 100):
            self.run_on_both(lambda shop, length=length: shop.stored_list(customer_id, length=length))

    @rule(customer_id=known_or_guests)
    def export(self, customer_id):
        async def exported(shop):
            return without_random_ids(await shop.export(customer_id))

        self.run_on_both(exported)

    @precondition(lambda self: self.n_steps > STEPS // 2)
    @rule(customer_id=known_or_guests)
    def erase(self, customer_id):
        self.run_on_both(lambda shop: shop.erase(customer_id))

    @rule(before=hours)
    def purge_events(self, before):
        self.run_on_both(lambda shop: shop.purge_events(before=before - timedelta(hours=40)))

    @rule(seed=st.integers(0, 5))
    def switch_model(self, seed):
        rng = np.random.default_rng(seed)
        self.model_number += 1
        model = Model(
            model_id=f"m-{self.model_number}",
            trained_at=1,
            popular=WeightedProducts(products=(0, 1, 2), weights=(1.0, 0.5, 0.25)),
            rebuy_days={"a": 0.1},
        )
        neighbours = [
            NeighbourLists(
                product_index=index,
                bought_together=pack(rng.integers(0, 12, 4), rng.random(4)),
                viewed_together=pack(rng.integers(0, 12, 4), rng.random(4)),
                similar_product=pack(rng.integers(0, 12, 2), rng.random(2)),
                complements=pack(rng.integers(0, 12, 3), rng.random(3)),
            )
            for index in range(0, 12, 2)
        ]
        trends = {"a": pack([0, 1], [1.0, 0.5]), "é": pack([2], [1.0])}
        activity = [
            ProductActivity(
                measure=measure, age_days=age_days, products=pack(rng.permutation(12)[:3], rng.integers(1, 9, 3))
            )
            for measure, age_days in (("buyers", 0), ("buyers", 29), ("visitors", 30), ("rising", 0))
        ]
        trained = TrainedModel(model=model, neighbours=neighbours, category_trends=trends, activity=activity)
        self.run_on_both(lambda shop: shop.save_model(trained))

    @rule(holder=st.sampled_from(["one", "other"]), seconds=st.sampled_from([1, 10_000]))
    def lock(self, holder, seconds):
        self.run_on_both(lambda shop: shop.lock_training(holder, now=self.now, seconds=seconds))

    @rule(holder=st.sampled_from(["one", "other"]))
    def unlock(self, holder):
        self.run_on_both(lambda shop: shop.unlock_training(holder))

    @rule()
    def training_data(self):
        async def read(shop):
            # An event without an id gets a random one, which decides its position.
            events = sorted([content_of(event) async for batch in shop.training_events() for event in batch])
            products = [product async for batch in shop.training_products() for product in batch]
            return events, products, await shop.assigned_segments(), await shop.summary()

        self.run_on_both(read)


def without_random_ids(person):
    """Return an export without the ids of events and orders, as one without an id gets a random one."""
    anonymous = {
        "browsing": [msgspec.structs.replace(event, event_id="") for event in person.browsing],
        "purchases": [msgspec.structs.replace(order, order_id="") for order in person.purchases],
        "amended_orders": [msgspec.structs.replace(order, order_id="") for order in person.amended_orders],
        "replaced_orders": [msgspec.structs.replace(order, order_id="") for order in person.replaced_orders],
        "returns": [msgspec.structs.replace(one, orders=[""] * len(one.orders)) for one in person.returns],
        "replaced_returns": [msgspec.structs.replace(one, orders=[""] * len(one.orders)) for one in person.replaced_returns],
    }
    return msgspec.structs.replace(person, **{name: sorted(values, key=repr) for name, values in anonymous.items()})


def with_id(event, identifier):
    """Return an event that has an id, the given one if it had none."""
    if isinstance(event, Purchase):
        return msgspec.structs.replace(event, order_id=event.order_id or identifier)
    return msgspec.structs.replace(event, event_id=event.event_id or identifier)


def content_of(event):
    return (event.customer_id, event.product_index, event.event_type, event.occurred_at, event.spent)


def test_both_databases_return_the_same_answers(postgres_server, written_at_once):
    class OnThisServer(SameAnswers):
        server = postgres_server

    run_state_machine_as_test(
        OnThisServer,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
