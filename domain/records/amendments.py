"""Orders of which something went back: what was bought, what was returned by cause, and what is left."""

from collections.abc import Mapping

from msgspec import Struct

Line = tuple[str, int, int | None]
"""Product id, quantity, and unit price in ten-thousandths, None if unknown."""

Quantities = dict[str, int]
"""What went back by product id. As a return it is the whole order if it is empty."""


class BoughtOrder(Struct, frozen=True, kw_only=True):
    """An order as it was bought, in one version: `import_id` is the import that stored this version.

    `digest` is that of the content as sent. `returned` is what went back as the lines of the order itself say.
    """

    customer_id: str
    order_id: str
    occurred_at: int
    currency: str
    digest: bytes | None
    import_id: str | None
    lines: tuple[Line, ...]
    returned: Quantities = {}


class AmendedOrder(Struct, frozen=True, kw_only=True):
    """An order as bought, and the returns that came apart from it, by return id."""

    bought: BoughtOrder
    returns: dict[str, Quantities] = {}

    @property
    def is_amended(self) -> bool:
        return bool(self.bought.returned or self.returns)

    def product_ids(self) -> set[str]:
        """Return all products that are named, those that went back included."""
        returned = (self.bought.returned, *self.returns.values())
        return {line[0] for line in self.bought.lines}.union(*returned)

    def left(self, names: Mapping[str, str]) -> list[Line]:
        """Return the lines of what is left, in their sequence, with products under their present ids, which `names` gives.

        What went back is taken from the last lines first. More than was bought takes all of it.
        """
        if not all(self.returns.values()):
            return []
        back: Quantities = {}
        for returned in (self.bought.returned, *self.returns.values()):
            for product_id, quantity in returned.items():
                name = names.get(product_id, product_id)
                back[name] = back.get(name, 0) + quantity
        left: list[Line] = []
        for sent_id, quantity, unit_price in reversed(self.bought.lines):
            product_id = names.get(sent_id, sent_id)
            taken = min(quantity, back.get(product_id, 0))
            if taken:
                back[product_id] -= taken
            if taken < quantity:
                left.append((product_id, quantity - taken, unit_price))
        return left[::-1]


def at_least(stored: Mapping[str, int], sent: Mapping[str, int]) -> Quantities:
    """Return what went back by either of two files about the same content: an older file never revives anything."""
    return {product_id: max(stored.get(product_id, 0), sent.get(product_id, 0)) for product_id in {**stored, **sent}}
