"""Read the status of an order."""

from typing import Literal

OrderState = Literal["bought", "returned", "partly_returned", "unknown"]


def order_state(text: str) -> OrderState:
    """Return whether a status leaves the order bought, takes it back (cancelled, refunded, failed) or a part of it."""
