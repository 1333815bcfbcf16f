"""Orders of which something went back: what was bought, what was returned by cause, and what is left."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from domain.errors import MoreThanBought
from domain.records.imports import ReturnedItem
from domain.records.list_references import ListReference
from domain.records.privacy import RecordedItem
from domain.records.values import Id, Quantity

Line = tuple[str, int, int | None]
"""Product id, quantity, and unit price in ten-thousandths, None if unknown."""

Quantities = dict[str, int]
"""What went back by product id. As a return it is the whole order if it is empty."""

MAX_REMAINING_ITEMS = 500


class RemainingItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product of which something is left in an order."""

    product_id: Id
    quantity: Quantity = 1


class OrderAmendment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left of an order: `items` is empty for a cancelled one."""

    customer_id: Id
    order_id: Id
    items: Annotated[tuple[RemainingItem, ...], Meta(max_length=MAX_REMAINING_ITEMS)]


class OrderRemainder(Struct, frozen=True, kw_only=True):
    """An order as the customer kept it, and all that went back."""

    customer_id: str
    order_id: str
    currency: str
    occurred_at: datetime
    items: list[RecordedItem]
    returned: list[ReturnedItem]


class BoughtOrder(Struct, frozen=True, kw_only=True):
    """An order as it was bought, in one version: `import_id` is the import that stored this version.

    `digest` is that of the content as sent. `returned` is what went back as the lines of the order itself say. `lists` are
    the lists from which products were bought.
    """

    customer_id: str
    order_id: str
    occurred_at: int
    currency: str
    digest: bytes | None
    import_id: str | None
    lines: tuple[Line, ...]
    returned: Quantities = {}
    lists: dict[str, ListReference] = {}


class AmendedOrder(Struct, frozen=True, kw_only=True):
    """An order as bought, and the returns that came apart from it, by return id.

    `adjusted` is what the shop said since of all of these together: what went back beyond them, less if negative.
    """

    bought: BoughtOrder
    returns: dict[str, Quantities] = {}
    adjusted: Quantities = {}

    @property
    def is_amended(self) -> bool:
        return bool(self.bought.returned or self.returns or self.adjusted)

    def product_ids(self) -> set[str]:
        """Return all products that are named, those that went back included."""
        returned = (self.bought.returned, *self.returns.values(), self.adjusted)
        return {line[0] for line in self.bought.lines}.union(*returned)

    def left(self, names: Mapping[str, str]) -> list[Line]:
        """Return the lines of what is left, in their sequence, with products under their present ids, which `names` gives.

        What went back is taken from the last lines first. More than was bought takes all of it.
        """
        back = self.returned(names)
        left: list[Line] = []
        for sent_id, quantity, unit_price in reversed(self.bought.lines):
            product_id = names.get(sent_id, sent_id)
            taken = min(quantity, back[product_id])
            back[product_id] -= taken
            if taken < quantity:
                left.append((product_id, quantity - taken, unit_price))
        return left[::-1]

    def lists(self, names: Mapping[str, str]) -> dict[str, ListReference]:
        """Return the lists from which products were bought, by their present ids; of several, the first counts."""
        found: dict[str, ListReference] = {}
        for product_id, reference in self.bought.lists.items():
            found.setdefault(names.get(product_id, product_id), reference)
        return found

    def returned(self, names: Mapping[str, str]) -> Quantities:
        """Return how much of each product went back, 0 included and at most what was bought, under its present id."""
        adjusted = _under_names(self.adjusted.items(), names)
        return {
            product_id: min(quantity, max(0, back + adjusted.get(product_id, 0)))
            for product_id, (quantity, back) in self._sums(names).items()
        }

    def gone(self, names: Mapping[str, str]) -> set[str]:
        """Return the products of which nothing is left."""
        return self.returned(names).keys() - {line[0] for line in self.left(names)}

    def with_remainder(self, items: Iterable[RemainingItem], names: Mapping[str, str]) -> "AmendedOrder":
        """Return the order when `items` are left of it, the same order if they are already; raise MoreThanBought."""
        sums = self._sums(names)
        kept: Quantities = {}
        wrong: list[tuple[str, str]] = []
        for position, item in enumerate(items):
            product_id = names.get(item.product_id, item.product_id)
            kept[product_id] = kept.get(product_id, 0) + item.quantity
            if product_id not in sums:
                wrong.append((f"#/items/{position}/product_id", "The order did not have this product"))
            elif kept[product_id] > sums[product_id][0]:
                detail = f"Expected at most {sums[product_id][0]} of this product, as many as were bought"
                wrong.append((f"#/items/{position}/quantity", detail))
        if wrong:
            raise MoreThanBought(wrong)
        went_back = {product_id: quantity - kept.get(product_id, 0) for product_id, (quantity, _) in sums.items()}
        if went_back == self.returned(names):
            return self
        adjusted = {product_id: went_back[product_id] - back for product_id, (_, back) in sums.items()}
        return replace(self, adjusted={product_id: change for product_id, change in adjusted.items() if change})

    def _sums(self, names: Mapping[str, str]) -> dict[str, tuple[int, int]]:
        """Return the quantity of each product that was bought, and how much of it its returns took."""
        bought = _under_names(((product_id, quantity) for product_id, quantity, _ in self.bought.lines), names)
        if not all(self.returns.values()):
            return {product_id: (quantity, quantity) for product_id, quantity in bought.items()}
        causes = (self.bought.returned, *self.returns.values())
        back = _under_names((entry for cause in causes for entry in cause.items()), names)
        return {product_id: (quantity, min(quantity, back.get(product_id, 0))) for product_id, quantity in bought.items()}


def _under_names(quantities: Iterable[tuple[str, int]], names: Mapping[str, str]) -> Quantities:
    total: Quantities = {}
    for product_id, quantity in quantities:
        name = names.get(product_id, product_id)
        total[name] = total.get(name, 0) + quantity
    return total


def at_least(stored: Mapping[str, int], sent: Mapping[str, int]) -> Quantities:
    """Return what went back by either of two files about the same content: an older file never revives anything."""
    return {product_id: max(stored.get(product_id, 0), sent.get(product_id, 0)) for product_id in {**stored, **sent}}
