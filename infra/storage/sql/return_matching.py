"""Find what a return takes: of the order that it names, or of the newest purchases."""

from domain.records.amendments import AmendedOrder, Quantities
from domain.records.imports import OrderReturn
from infra.storage.sql import known_products, orders
from infra.storage.sql.orders import StoredOrder
from infra.storage.sql.statements import Steps, rows


def taken_by(
    sent: OrderReturn, customer_id: str, touched: dict[str, StoredOrder], released: dict[str, AmendedOrder], *, until: int
) -> Steps[dict[str, Quantities]]:
    """Return what a return takes of each order, when what it took before is `released`."""
    named = None
    if sent.order_id is not None:
        named = touched.get(sent.order_id) or (yield from orders.read([sent.order_id])).get(sent.order_id)
    wanted = sent.quantities()
    if named is not None and named.bought.customer_id == customer_id:
        return (yield from _taken_of(released.get(named.bought.order_id, named), wanted))
    return (yield from _taken_of_newest(customer_id, wanted, released, until=until)) if wanted else {}


def _taken_of(order: AmendedOrder, wanted: Quantities) -> Steps[dict[str, Quantities]]:
    """Return what is taken of the order that a return names: all that it says, however much of it is there."""
    known = yield from known_products.find(order.product_ids() | wanted.keys())
    names = {sent_id: product.product_id for sent_id, product in known.items()}
    left = order.left(names)
    if not wanted:
        return {order.bought.order_id: {}} if left else {}
    products = {line[0] for line in left}
    taken: Quantities = {}
    for product_id, quantity in wanted.items():
        name = names.get(product_id, product_id)
        if name in products:
            taken[name] = taken.get(name, 0) + quantity
    return {order.bought.order_id: taken} if taken else {}


def _taken_of_newest(
    customer_id: str, wanted: Quantities, released: dict[str, AmendedOrder], *, until: int
) -> Steps[dict[str, Quantities]]:
    """Return what is taken of the newest purchases of the products, the newest first, until all is found."""
    known = yield from known_products.find(wanted)
    names = {product_id: known[product_id].product_id if product_id in known else product_id for product_id in wanted}
    missing: Quantities = {}
    for product_id, quantity in wanted.items():
        missing[names[product_id]] = missing.get(names[product_id], 0) + quantity
    found = yield from rows(
        "SELECT order_id, product_id, quantity, occurred_at FROM purchase_history WHERE customer_id = :customer_id"
        " AND occurred_at <= :until AND product_id IN (:product_ids)",
        customer_id=customer_id,
        until=until,
        product_ids=[*names.keys(), *names.values()],
    )
    # Of a released order, more is left than its stored lines.
    lines: list[tuple[int, str, str, int]] = [
        (at, order_id, product_id, quantity) for order_id, product_id, quantity, at in found if order_id not in released
    ]
    for order_id, order in released.items():
        if order.bought.customer_id == customer_id and order.bought.occurred_at <= until:
            lines += [(order.bought.occurred_at, order_id, line[0], line[1]) for line in order.left({})]
    taken: dict[str, Quantities] = {}
    for _, order_id, product_id, quantity in sorted(lines, reverse=True):
        name = names.get(product_id, product_id)
        n = min(quantity, missing.get(name, 0))
        if n:
            missing[name] -= n
            of_order = taken.setdefault(order_id, {})
            of_order[product_id] = of_order.get(product_id, 0) + n
    return taken
