"""Random imports of orders and returns, some of them undone, leave what a simple model of them says, in every repository."""

import random
from datetime import timedelta

import pytest

from domain.records.imports import ImportedEvent, OrderReturn, ReturnedItem, return_digest
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange

CUSTOMERS = ("c-1", "c-2")
PRODUCTS = ("p-1", "p-2", "p-3")
ORDERS = ("o-1", "o-2", "o-3")
RETURNS = ("r-1", "r-2")
N_STEPS = 60


class Version:
    """An order as one import stored it."""

    def __init__(self, import_id, imported):
        self.import_id = import_id
        self.customer_id = imported.event.customer_id
        self.occurred_at = imported.event.occurred_at
        self.lines = [(item.product_id, item.quantity) for item in imported.event.items]
        self.content = (self.customer_id, self.occurred_at, tuple(sorted(self.lines)))
        self.returned = dict(imported.returned)

    def with_returned(self, import_id, returned):
        changed = object.__new__(Version)
        changed.__dict__ = self.__dict__ | {"import_id": import_id, "returned": returned}
        return changed


class Model:
    """For each order its versions, oldest first, and for each return its contents with what they took."""

    def __init__(self):
        self.orders = {}
        self.returns = {}

    def left(self, order_id):
        """Return what is left of an order; a return without products took everything."""
        order = self.orders[order_id][-1]
        causes = [order.returned, *self._causes(order_id).values()]
        if not all(causes[1:]):
            return []
        back = {product_id: sum(cause.get(product_id, 0) for cause in causes) for product_id in PRODUCTS}
        left = []
        for product_id, quantity in reversed(order.lines):
            n = min(quantity, back[product_id])
            back[product_id] -= n
            if quantity > n:
                left.append((product_id, quantity - n))
        return left[::-1]

    def _causes(self, order_id, *, without=None):
        return {
            key: contents[-1]["taken"][order_id]
            for key, contents in self.returns.items()
            if contents and key != without and order_id in contents[-1]["taken"]
        }

    def put_order(self, import_id, imported):
        sent = Version(import_id, imported)
        versions = self.orders.setdefault(imported.event.order_id, [])
        if not versions:
            versions.append(sent)
            return "returned" if sent.returned else "new"
        stored = versions[-1]
        status = "replaced"
        if stored.content == sent.content:
            returned = {
                name: max(stored.returned.get(name, 0), sent.returned.get(name, 0))
                for name in {**stored.returned, **sent.returned}
            }
            if returned == stored.returned:
                return "seen_before"
            sent, status = stored.with_returned(import_id, returned), "returned"
        if stored.import_id == import_id:
            versions.pop()
        versions.append(sent)
        return status

    def put_return(self, import_id, sent):
        key = (sent.customer_id, sent.return_id)
        contents = self.returns.setdefault(key, [])
        if contents and contents[-1]["is_whole"] and return_digest(contents[-1]["sent"]) == return_digest(sent):
            return "seen_before"
        before, self.returns[key] = contents, []
        taken = self._taken(sent)
        self.returns[key] = before
        if not before and not taken:
            return "unmatched"
        if before and before[-1]["import_id"] == import_id:
            before.pop()
        before.append({"import_id": import_id, "sent": sent, "taken": taken, "is_whole": bool(taken)})
        return "returned" if taken else "unmatched"

    def _taken(self, sent):
        own = {
            order_id: versions[-1]
            for order_id, versions in self.orders.items()
            if versions and versions[-1].customer_id == sent.customer_id
        }
        wanted = sent.quantities()
        if sent.order_id in own:
            left = self.left(sent.order_id)
            there = {product_id for product_id, _ in left}
            taken = {product_id: n for product_id, n in wanted.items() if product_id in there}
            return {sent.order_id: taken} if taken or (left and not wanted) else {}
        taken = {}
        for order_id in sorted(own, key=lambda order_id: (own[order_id].occurred_at, order_id), reverse=True):
            if own[order_id].occurred_at > sent.occurred_at:
                continue
            for product_id, quantity in self.left(order_id):
                n = min(quantity, wanted.get(product_id, 0))
                if n:
                    wanted[product_id] -= n
                    of_order = taken.setdefault(order_id, {})
                    of_order[product_id] = of_order.get(product_id, 0) + n
        return taken

    def undo(self, import_id):
        for order_id, versions in self.orders.items():
            versions[:] = [version for version in versions if version.import_id != import_id]
            if not versions:
                for contents in self.returns.values():
                    if contents and order_id in contents[-1]["taken"]:
                        del contents[-1]["taken"][order_id]
                        contents[-1]["is_whole"] = False
        for contents in self.returns.values():
            was_newest = contents and contents[-1]["import_id"] == import_id
            contents[:] = [content for content in contents if content["import_id"] != import_id]
            if was_newest and contents:
                newest = contents[-1]
                there = {order_id: n for order_id, n in newest["taken"].items() if self.orders[order_id]}
                newest["is_whole"] &= len(there) == len(newest["taken"])
                newest["taken"] = there

    def purchases(self, customer_id):
        return {
            order_id: left
            for order_id, versions in self.orders.items()
            if versions and versions[-1].customer_id == customer_id and (left := self.left(order_id))
        }


def random_order(draw, now, *, customer_id):
    """Draw one of few orders, so that the same content comes again; a return is never of another customer's order."""
    items = tuple(
        OrderItem(product_id=draw.choice(PRODUCTS), quantity=draw.randint(1, 2)) for _ in range(draw.randint(1, 2))
    )
    order = Purchase(
        customer_id=customer_id,
        order_id=draw.choice(ORDERS),
        items=items,
        occurred_at=now - timedelta(days=draw.choice([1, 2])),
    )
    returned = {items[0].product_id: draw.randint(1, 2)} if draw.random() < 0.3 else {}
    return ImportedEvent(event=order, returned=returned)


def random_return(draw, now):
    customer_id = draw.choice(CUSTOMERS)
    items = tuple(
        ReturnedItem(product_id=draw.choice(PRODUCTS), quantity=draw.randint(1, 3)) for _ in range(draw.choice([0, 1, 1, 2]))
    )
    return OrderReturn(
        customer_id=customer_id,
        return_id=f"{draw.choice(RETURNS)}-{customer_id}",
        order_id=draw.choice([None, *ORDERS]),
        items=items,
        occurred_at=now - timedelta(days=draw.choice([0, 1])),
    )


async def stored_purchases(shop, customer_id):
    exported = await shop.export(customer_id)
    return {order.order_id: [(item.product_id, item.quantity) for item in order.items] for order in exported.purchases}


async def do_something(shop, model, draw, now, *, import_id, import_ids, sent):
    kind = draw.choices(["orders", "returns", "undo"], weights=[5, 4, 2])[0]
    if kind == "orders":
        orders = [random_order(draw, now, customer_id=draw.choice(CUSTOMERS)) for _ in range(draw.randint(1, 3))]
        if sent["orders"] and draw.random() < 0.5:
            orders.append(draw.choice(sent["orders"]))
        sent["orders"] += orders
        outcomes = []
        # One by one: in one batch, an order that is stored is compared after all new ones.
        for order in orders:
            outcomes += await shop.put_events([order], create_products=False, import_id=import_id, now=now)
        expected = [model.put_order(import_id, order) for order in orders]
    elif kind == "returns":
        returns = [random_return(draw, now) for _ in range(draw.randint(1, 2))]
        if sent["returns"] and draw.random() < 0.5:
            returns.append(draw.choice(sent["returns"]))
        sent["returns"] += returns
        outcomes = await shop.put_returns(returns, import_id=import_id, now=now)
        expected = [model.put_return(import_id, returned) for returned in returns]
    else:
        undone = draw.choice(import_ids)
        while await shop.undo_import(undone):
            pass
        model.undo(undone)
        return
    assert [outcome.status for outcome in outcomes] == expected


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 24))])
async def test_random_imports_leave_what_the_model_says(repository, now, seed):
    draw = random.Random(seed)
    await repository.put_products([ProductChange(product_id=name, price=1.0) for name in PRODUCTS], now=now)
    model, sent = Model(), {"orders": [], "returns": []}
    for name in CUSTOMERS:
        order = Purchase(
            customer_id=name,
            order_id=f"first-{name}",
            items=(OrderItem(product_id="p-1"),),
            occurred_at=now - timedelta(days=50),
        )
        first = ImportedEvent(event=order)
        await repository.put_events([first], create_products=False, now=now)
        model.put_order(None, first)

    for step in range(N_STEPS):
        import_ids = [f"i-{number}" for number in range(step + 1)]
        await do_something(repository, model, draw, now, import_id=import_ids[-1], import_ids=import_ids[-6:], sent=sent)
        for name in CUSTOMERS:
            assert await stored_purchases(repository, name) == model.purchases(name), step
