"""All events of a shop as parallel arrays, as training reads them."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.weights import EVENT_WEIGHTS
from domain.records.interactions import EventType
from domain.records.values import DAY

EVENT_TYPES: tuple[EventType, ...] = tuple(EVENT_WEIGHTS)
PURCHASE = EVENT_TYPES.index("purchase")
_WEIGHTS = np.array([EVENT_WEIGHTS[event_type] for event_type in EVENT_TYPES])


class EventLog(Struct, frozen=True, kw_only=True):
    """One entry per interaction or order item.

    `customers` are numbers from 0 into `customer_ids`; `products` are product indexes; `event_types` positions in
    EVENT_TYPES; `occurred_at` microseconds; `orders` a number that is the same for the items of an order, 0 for
    interactions; `spent` money in the shop's currency.
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
        """The newest event's instant, 0 where there is none."""
        return int(self.occurred_at.max(initial=0))

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """What each event weighs by its type."""
        return _WEIGHTS[self.event_types]

    @property
    def is_purchase(self) -> npt.NDArray[np.bool_]:
        return self.event_types == PURCHASE

    def age_days(self) -> npt.NDArray[np.float64]:
        """Count the age of each event from the newest one."""
        return (self.newest - self.occurred_at) / DAY

    def only(self, chosen: npt.NDArray[np.bool_]) -> "EventLog":
        """Keep the chosen events; the numbering of customers stays."""
        return EventLog(
            customer_ids=self.customer_ids,
            customers=self.customers[chosen],
            products=self.products[chosen],
            event_types=self.event_types[chosen],
            occurred_at=self.occurred_at[chosen],
            orders=self.orders[chosen],
            spent=self.spent[chosen],
        )
