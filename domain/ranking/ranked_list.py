"""Turn a ranking into a list with reasons."""

from domain.ranking.contributions import NO_CAUSE
from domain.ranking.neighbour_scores import NEIGHBOUR_SOURCES
from domain.ranking.own_scores import own_names
from domain.ranking.product_scores import PRODUCT_SOURCES
from domain.ranking.reasons import MAX_REASONS, reasons_of
from domain.ranking.recommend import SEEN_AGAIN_SOURCE, Ranking, contributions_to
from domain.records.recommendations import SOURCES, Contribution, RankedList, RankedProduct


def ranked_list(ranking: Ranking) -> RankedList:
    """Return the ranked products with their reasons."""
    items = zip(ranking.products.tolist(), ranking.values.tolist(), _contributions(ranking), strict=True)
    return RankedList(
        customer_id=ranking.inputs.customer_id,
        segment=ranking.signals.segment,
        strategy=ranking.strategy,
        generated_at=ranking.generated_at,
        items=[_ranked_product(ranking, *item) for item in items],
        rules=ranking.rules.digest,
    )


def _contributions(ranking: Ranking) -> list[list[Contribution]]:
    """Return the positive contributions to each ranked product."""
    scores, positions = ranking.scores, ranking.positions
    catalogue, past = ranking.inputs.catalogue, ranking.inputs.history.products.tolist()
    found: list[list[Contribution]] = [[] for _ in positions]
    # More than the reasons of a product are never named, and merging the others here saves most of the work.
    by_history = contributions_to(ranking).largest(MAX_REASONS)
    columns = (by_history.positions, by_history.sources, by_history.causes, by_history.amounts)
    for position, source, cause, amount in zip(*(column.tolist() for column in columns), strict=True):
        if amount > 0:
            product_id = None if cause == NO_CAUSE else catalogue.product(past[cause]).product_id
            found[position].append((SOURCES[source], product_id, amount))
    tree = catalogue.categories
    levels = tree.strongest(catalogue.category_codes[ranking.products], ranking.signals.interests)[1]
    path_of = tree.names(levels)
    by_itself = (*PRODUCT_SOURCES, *own_names())
    amounts_of = scores.by_source[len(NEIGHBOUR_SOURCES) :, positions].T.tolist()
    for own, amounts, path in zip(found, amounts_of, path_of, strict=True):
        own += [
            (source, path if source == "category_interest" else None, amount)
            for source, amount in zip(by_itself, amounts, strict=True)
            if amount > 0
        ]
    for own, amount in zip(found, scores.seen_again[positions].tolist(), strict=True):
        if amount > 0:
            own.append((SEEN_AGAIN_SOURCE, None, amount))
    if ranking.rules.scales:
        gains = zip(ranking.products.tolist(), ranking.gains.tolist(), strict=True)
        for rank, (index, gain) in enumerate(gains):
            found[rank] += ranking.rules.contributions(index, gain)
    for rank, pin in ranking.pins.items():
        found[rank] = pin.contributions
    return found


def _ranked_product(ranking: Ranking, index: int, score: float, contributions: list[Contribution]) -> RankedProduct:
    product_id = ranking.inputs.catalogue.product(index).product_id
    return RankedProduct(
        product_index=index,
        product_id=product_id,
        score=round(score, 6),
        reasons=reasons_of(contributions, product_id=product_id),
    )
