"""What a customer looked at lately: views, carts and wishlists, newest first."""

from datetime import datetime

import numpy as np

from domain.ranking.customer_inputs import CustomerInputs
from domain.ranking.diversity import best_variants
from domain.ranking.indexes import positions_in
from domain.ranking.packed_history import RETURNED
from domain.ranking.reasons import scored_product
from domain.ranking.rules import NO_RULES, ListRules, with_pins, without
from domain.records.interactions import PURCHASE
from domain.records.product_lists import RankedProducts
from domain.records.recommendations import HistorySource, ListRequest
from domain.records.values import DAY, to_microseconds

SOURCE: HistorySource = "looked_at"


def rank_recently_viewed(
    inputs: CustomerInputs, *, request: ListRequest, now: datetime, rules: ListRules = NO_RULES
) -> RankedProducts:
    """Return the first `limit` products that pass the filters; of a group of variants, the one of the newest event.

    Only the newest events of the history count, and no product that went back. A score is 1 / (1 + age in days); ties go to
    the lower product index. A pin puts only what the customer looked at into this list.
    """
    history, catalogue = inputs.history, inputs.catalogue
    looked = np.flatnonzero(history.event_types != PURCHASE)
    # The events are newest first, so the first one of a product is its newest.
    positions, newest = np.unique(history.positions[looked], return_index=True)
    products, looked_at = history.products[positions], history.occurred_at[looked[newest]]
    went_back = history.own[history.bought_at >= RETURNED]
    admitted = rules.kept(catalogue.admitted(products, request))
    pins = rules.pins_among(admitted[positions_in(went_back, admitted) < 0], catalogue)
    is_shown = positions_in(without(admitted, pins, catalogue), products) >= 0
    shown = np.flatnonzero(is_shown & (positions_in(went_back, products) < 0))
    shown = shown[best_variants(looked_at[shown].astype(np.float64), catalogue, products[shown])]
    listed = shown[np.argsort(-looked_at[shown], kind="stable")]
    before = 1.0 / (1.0 + np.maximum(to_microseconds(now) - looked_at[listed], 0) / DAY)
    scores = rules.apply(products[listed], before)
    if rules.scales:
        order = np.argsort(-scores, kind="stable")
        listed, before, scores = listed[order], before[order], scores[order]
    columns = (column[: request.limit].tolist() for column in (products[listed], before, scores))
    items = [
        scored_product(
            catalogue.product(index),
            score,
            [(SOURCE, None, min(own, score)), *rules.contributions(index, score - own)],
        )
        for index, own, score in zip(*columns, strict=True)
    ]
    return RankedProducts(
        kind="recently-viewed",
        strategy="history" if items or pins else "empty",
        model_id=inputs.model.model_id,
        placement=request.placement,
        items=with_pins(items, pins, catalogue, k=request.limit),
    )
