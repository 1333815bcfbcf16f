"""All events of a shop as parallel arrays."""

import hashlib

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.interests import WEIGHT_BY_TYPE
from domain.records.interactions import PURCHASE
from domain.records.values import DAY


class EventLog(Struct, frozen=True, kw_only=True):
    """One entry per interaction or order item.

    `customers` index `customer_ids`; `products` are product indexes; `event_types` index EVENT_TYPES; `occurred_at` are
    microseconds; `orders` are equal for the items of one order and 0 for interactions; `spent` is money in the shop's
    currency.
    """

    customer_ids: list[str]
    customers: npt.NDArray[np.int64]
    products: npt.NDArray[np.int64]
    event_types: npt.NDArray[np.int8]
    occurred_at: npt.NDArray[np.int64]
    orders: npt.NDArray[np.int64]
    spent: npt.NDArray[np.float64]

    @property
    def newest(self) -> int:
        """The instant of the newest event, 0 without events."""
        return int(self.occurred_at.max(initial=0))

    @property
    def is_purchase(self) -> npt.NDArray[np.bool_]:
        return self.event_types == PURCHASE

    def weights(self, *, exponent: float) -> npt.NDArray[np.float64]:
        """Return the weight of each event's type to the power of `exponent`."""
        # One exponent instead of a weight per type: it can be tuned from few events, and keeps the order of the types.
        return WEIGHT_BY_TYPE[self.event_types] ** exponent

    def age_days(self) -> npt.NDArray[np.float64]:
        """Return the age of each event, counted from the newest one: an old history is as good as a current one."""
        return (self.newest - self.occurred_at) / DAY

    def decay(self, *, half_life_days: float) -> npt.NDArray[np.float64]:
        """Return 1 for the newest event, halved for every half-life of age."""
        return 0.5 ** (self.age_days() / half_life_days)

    def only(self, chosen: npt.NDArray[np.bool_]) -> "EventLog":
        """Return the chosen events with the same numbering of customers."""
        return EventLog(
            customer_ids=self.customer_ids,
            customers=self.customers[chosen],
            products=self.products[chosen],
            event_types=self.event_types[chosen],
            occurred_at=self.occurred_at[chosen],
            orders=self.orders[chosen],
            spent=self.spent[chosen],
        )


def order_number(order_id: str | None) -> int:
    """Hash an order id to 63 bits, 0 for none: enough to tell orders apart without keeping the ids in memory."""
    if order_id is None:
        return 0
    # One bit less than 64, because the columns of the log are signed.
    return int.from_bytes(hashlib.blake2b(order_id.encode(), digest_size=8).digest()) >> 1
