"""What a list is made of, each read in one statement: over a network, round trips are what costs."""

from domain.errors import CustomerNotFound
from domain.ranking.inputs import MAX_HISTORY_CATEGORIES, CandidateQuery, PastEvent, RankingInputs
from domain.ranking.model import UNTRAINED, WeightedProducts
from domain.records.products import Product
from infra.storage.sql import catalogue, lists
from infra.storage.sql.catalogue import PRODUCT_COLUMNS, product_from
from infra.storage.sql.customers import PURCHASE_SUMS, segment_inputs_from
from infra.storage.sql.lists import BOUGHT, HISTORY, VERSIONS
from infra.storage.sql.repository import SqlRepository
from infra.storage.sql.statements import Row, Steps, one_or_none, rows

RANKING_INPUTS = f"""
WITH at AS ({VERSIONS}),
past AS (
    SELECT {PRODUCT_COLUMNS} AS available, e.event_type, e.occurred_at,
        ROW_NUMBER() OVER (ORDER BY e.occurred_at DESC, e.product_id, e.event_type) AS place
    FROM ({HISTORY}) e JOIN product_catalog p ON p.product_id = e.product_id
),
wanted AS (
    SELECT category FROM (
        SELECT CAST(:category AS TEXT) AS category, 0 AS place
        UNION ALL
        SELECT category, MIN(place) FROM past GROUP BY category
    ) c WHERE category IS NOT NULL ORDER BY place LIMIT {MAX_HISTORY_CATEGORIES}
)
SELECT at.version, at.catalogue_version, at.model_id,
    ARRAY(SELECT ROW(past.*) FROM past ORDER BY place),
    ARRAY(SELECT ROW(b.*) FROM ({BOUGHT}) b),
    ARRAY(SELECT ROW(n.product_index, n.bought_together, n.viewed_together, n.similar_product) FROM product_neighbours n
        WHERE n.model_id = at.model_id AND n.product_index IN (SELECT product_index FROM past)),
    ARRAY(SELECT ROW(t.category, t.products) FROM product_trends t
        WHERE t.model_id = at.model_id AND t.category IN (SELECT category FROM wanted)),
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
),
admitted AS (
    SELECT {PRODUCT_COLUMNS} AS available FROM product_catalog p JOIN named n ON n.product_index = p.product_index
    WHERE {{filters}}
)
SELECT * FROM admitted
UNION ALL
SELECT * FROM (
    SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE {{filters}}
    ORDER BY p.created_at DESC, p.product_index DESC LIMIT (
        SELECT CASE WHEN n_unseen < :n_fill THEN :n_fill - n_unseen + n_admitted + :n_seen ELSE 0 END
        FROM (SELECT COUNT(*) AS n_admitted, COUNT(*) FILTER (WHERE product_id NOT IN (:seen)) AS n_unseen FROM admitted) a
    )
) filling"""


class PostgresRepository(SqlRepository):
    """The repository over tables, with the inputs and the candidates of a list in one statement each."""

    async def ranking_inputs(self, customer_id: str, *, category: str | None = None) -> RankingInputs:
        return await self.engine.look_up(self._ranking_inputs_at_once, customer_id, category)

    async def candidates(self, query: CandidateQuery) -> list[Product]:
        return await self.engine.look_up(_candidates, query)

    def _ranking_inputs_at_once(self, customer_id: str, category: str | None) -> Steps[RankingInputs]:
        row = yield from one_or_none(RANKING_INPUTS, customer_id=customer_id, category=category, currency=self._currency)
        if row is None:
            raise CustomerNotFound(customer_id)
        at = lists.versions_from(row)
        _, _, _, past, bought, neighbours, trends, sums, assigned = row
        model = yield from self._model(at.model_id)
        history = [_past_event(event) for event in past]
        listed = {one[0]: lists.neighbours_from(one) for one in neighbours}
        products = dict.fromkeys(event.product.product_index for event in history)
        return RankingInputs(
            customer_id=customer_id,
            versions=at,
            segment_inputs=segment_inputs_from(sums, assigned=assigned, model=model),
            history=history,
            bought=dict(bought),
            neighbours=[listed[index] for index in products if index in listed],
            category_trends=dict(trends),
            model=model,
            recent_popularity=(yield from lists.recent_popularity()) if model is UNTRAINED else WeightedProducts(),
        )


def _past_event(row: Row) -> PastEvent:
    *_, event_type, occurred_at, _ = row
    return PastEvent(product=product_from(row), event_type=event_type, occurred_at=occurred_at)


def _candidates(query: CandidateQuery) -> Steps[list[Product]]:
    filters, parameters = catalogue.filters(query.request)
    found = yield from rows(
        CANDIDATES.format(filters=filters),
        **parameters,
        indexes=list(query.product_indexes),
        categories=list(query.categories),
        n_newest=query.n_newest,
        n_fill=query.n_fill,
        n_seen=len(query.seen),
        seen=list(query.seen),
    )
    return list({row[0]: product_from(row) for row in found}.values())
