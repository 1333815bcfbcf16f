"""Read the inputs and the candidates of a list with as few statements as possible: over a network, round trips dominate."""

from domain.errors import CustomerNotFound
from domain.ranking.inputs import (
    MAX_HISTORY_CATEGORIES,
    CandidateQuery,
    PastEvent,
    RankingInputs,
    history_indexes,
    in_order,
    trend_categories,
)
from domain.records.products import Product
from infra.storage.sql import catalogue, list_inputs
from infra.storage.sql.catalogue import PRODUCT_COLUMNS, product_from
from infra.storage.sql.customer_activity import PURCHASE_SUMS, segment_inputs_from
from infra.storage.sql.list_inputs import BOUGHT, HISTORY, VERSIONS
from infra.storage.sql.repository import SqlRepository
from infra.storage.sql.statements import Row, Steps, one_or_none, rows

# The CTE `considered` is `trend_categories` in SQL; the contract tests compare the two.
RANKING_INPUTS = f"""
WITH at AS ({VERSIONS}),
past AS (
    SELECT {PRODUCT_COLUMNS} AS available, e.event_type, e.occurred_at,
        ROW_NUMBER() OVER (ORDER BY e.occurred_at DESC, e.product_id, e.event_type) AS place
    FROM ({HISTORY}) e JOIN product_catalog p ON p.product_id = e.product_id
),
considered AS (
    SELECT category FROM (
        SELECT CAST(:category AS TEXT) AS category, 0 AS place
        UNION ALL
        SELECT category, place FROM past
    ) c WHERE category IS NOT NULL GROUP BY category ORDER BY MIN(place) LIMIT {MAX_HISTORY_CATEGORIES}
)
SELECT at.version, at.catalogue_version, at.model_id,
    ARRAY(SELECT ROW(past.*) FROM past ORDER BY place),
    ARRAY(SELECT ROW(b.*) FROM ({BOUGHT}) b),
    ARRAY(SELECT ROW(n.product_index, n.bought_together, n.viewed_together, n.similar_product) FROM product_neighbours n
        WHERE n.model_id = at.model_id AND n.product_index IN (SELECT product_index FROM past)),
    ARRAY(SELECT ROW(t.category, t.products) FROM product_trends t
        WHERE t.model_id = at.model_id AND t.category IN (SELECT category FROM considered)),
    (SELECT ROW(s.*) FROM ({PURCHASE_SUMS}) s),
    (SELECT segment FROM customer_segments WHERE customer_id = :customer_id)
FROM at"""

CANDIDATES = f"""
WITH newest AS (
    SELECT n.product_index FROM unnest(CAST(:categories AS TEXT[])) AS c (category) CROSS JOIN LATERAL (
        SELECT p.product_index FROM product_catalog p WHERE {catalogue.AVAILABLE} AND p.category = c.category
        ORDER BY p.created_at DESC, p.product_index DESC LIMIT :n_newest
    ) n
),
named AS (
    SELECT unnest(CAST(:indexes AS BIGINT[])) AS product_index UNION SELECT product_index FROM newest
)
SELECT {PRODUCT_COLUMNS} FROM product_catalog p JOIN named n ON n.product_index = p.product_index"""

NEWEST = f"""
SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE {{filters}}
ORDER BY p.created_at DESC, p.product_index DESC LIMIT :n"""


class PostgresRepository(SqlRepository):
    """The repository over tables, with one statement for the inputs of a list and one or two for its candidates."""

    async def ranking_inputs(self, customer_id: str, *, category: str | None = None) -> RankingInputs:
        return await self.engine.look_up(self._ranking_inputs_at_once, customer_id, category)

    async def candidates(self, query: CandidateQuery) -> list[Product]:
        return await self.engine.look_up(_candidates, query)

    def _ranking_inputs_at_once(self, customer_id: str, category: str | None) -> Steps[RankingInputs]:
        row = yield from one_or_none(RANKING_INPUTS, customer_id=customer_id, category=category, currency=self._currency)
        if row is None:
            raise CustomerNotFound(customer_id)
        versions = list_inputs.versions_from(row)
        _, _, _, past, bought, neighbours, trends, sums, assigned = row
        model = yield from self._model(versions.model_id)
        history = [_past_event(event) for event in past]
        lists = {entry[0]: list_inputs.neighbours_from(entry) for entry in neighbours}
        return RankingInputs(
            customer_id=customer_id,
            versions=versions,
            segment_inputs=segment_inputs_from(sums, assigned=assigned, model=model),
            history=history,
            bought=dict(bought),
            neighbours=list(in_order(history_indexes(history), lists).values()),
            category_trends=in_order(trend_categories(history, asked=category), dict(trends)),
            model=model,
            recent_popularity=(yield from list_inputs.recent_popularity(model)),
        )


def _past_event(row: Row) -> PastEvent:
    *_, event_type, occurred_at, _ = row
    return PastEvent(product=product_from(row), event_type=event_type, occurred_at=occurred_at)


def _candidates(query: CandidateQuery) -> Steps[list[Product]]:
    found = yield from rows(
        CANDIDATES, indexes=list(query.product_indexes), categories=list(query.categories), n_newest=query.n_newest
    )
    admitted = query.admit(product_from(row) for row in found)
    if n_missing := query.n_missing(admitted):
        filters, parameters = catalogue.filters(query.request)
        found = yield from rows(NEWEST.format(filters=filters), **parameters, n=n_missing)
        admitted |= query.admit(product_from(row) for row in found)
    return list(admitted.values())
