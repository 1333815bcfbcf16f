"""Hold out the last order of a customer, and compare two lists by it."""

from collections.abc import Collection, Sequence

import numpy as np
from msgspec import Struct

from domain.evaluation.attribution import Z
from domain.ranking.packed_history import EVENT, NEVER_BOUGHT, OWN_PRODUCT, PackedHistory, pack_history
from domain.records.interactions import PURCHASE
from domain.records.rule_previews import HitsCost

MIN_CUSTOMERS = 2


class HeldOutOrder(Struct, frozen=True, kw_only=True):
    """The history of a customer before the last order, and the product indexes of that order."""

    history: PackedHistory
    products: frozenset[int]


def hold_out_last_order(history: PackedHistory) -> HeldOutOrder | None:
    """Return a history without its last order and all since; None without an order, or with nothing before it.

    Older purchases of a product that are not among the newest events of the history are lost with a later one.
    """
    events = list(EVENT.iter_unpack(history.events))
    ordered_at = max((at for _, event_type, at in events if event_type == PURCHASE), default=None)
    if ordered_at is None:
        return None
    products = frozenset(index for index, event_type, at in events if event_type == PURCHASE and at == ordered_at)
    before = [event for event in events if event[2] < ordered_at]
    if not before:
        return None
    since = {index for index, _, at in events if at >= ordered_at}
    return HeldOutOrder(history=_with_older(before, history, since=since, ordered_at=ordered_at), products=products)


def hits_cost(before: Sequence[int], after: Sequence[int]) -> HitsCost:
    """Compare the hits of lists of the same customers; raise ValueError for fewer than two.

    The interval is that of the mean d of n paired differences with standard deviation s: d ± 1.96 s / √n. It draws no
    random numbers, which functions on AWS Lambda lack.
    """
    if len(before) < MIN_CUSTOMERS:
        raise ValueError("Expected two customers or more.")
    first, second = np.array(before, dtype=np.float64), np.array(after, dtype=np.float64)
    difference = float((second - first).mean())
    margin = Z * float((second - first).std(ddof=1)) / len(first) ** 0.5
    return HitsCost(
        customers=len(first),
        before=round(float(first.mean()), 4),
        after=round(float(second.mean()), 4),
        difference=round(difference, 4),
        low=round(difference - margin, 4),
        high=round(difference + margin, 4),
    )


def _with_older(
    before: Sequence[tuple[int, int, int]], history: PackedHistory, *, since: Collection[int], ordered_at: int
) -> PackedHistory:
    """Pack events, and add the products that only older events have, which are none of those looked at `since`."""
    packed = pack_history(before)
    own = dict(OWN_PRODUCT.iter_unpack(packed.own))
    for index, bought_at in OWN_PRODUCT.iter_unpack(history.own):
        is_older = bought_at != NEVER_BOUGHT or index in own or index not in since
        if is_older and bought_at < ordered_at:
            own[index] = max(own.get(index, bought_at), bought_at)
    return PackedHistory(
        events=packed.events, own=b"".join(OWN_PRODUCT.pack(index, at) for index, at in sorted(own.items()))
    )
