"""Read what a list is computed from beside the customer: trained lists and popularity."""

from collections.abc import Sequence

from domain.ranking.model import NeighbourLists, WeightedProducts
from infra.storage.sql.customers import MAY_BE_USED
from infra.storage.sql.removals import COUNTED
from infra.storage.sql.statements import Steps, rows


def neighbours(model_id: str, product_indexes: Sequence[int]) -> Steps[list[NeighbourLists]]:
    """Read the lists that training has for these products."""
    found = yield from rows(
        "SELECT product_index, bought_together, viewed_together, similar_product FROM product_neighbours"
        " WHERE model_id = :model_id AND product_index IN (:product_indexes)",
        model_id=model_id,
        product_indexes=list(product_indexes),
    )
    return [
        NeighbourLists(product_index=index, bought_together=bought, viewed_together=viewed, similar_product=similar)
        for index, bought, viewed, similar in found
    ]


def category_trends(model_id: str, categories: Sequence[str]) -> Steps[dict[str, bytes]]:
    """Read the popular products of category paths."""
    found = yield from rows(
        "SELECT category, products FROM product_trends WHERE model_id = :model_id AND category IN (:categories)",
        model_id=model_id,
        categories=list(categories),
    )
    return dict(found)


def recent_popularity() -> Steps[WeightedProducts]:
    """Count the customers of each product in the last 1,000 interactions and order items."""
    counted = yield from rows(
        "SELECT p.product_index, COUNT(DISTINCT e.customer_id) AS n FROM ("
        f"  SELECT * FROM (SELECT customer_id, product_id FROM browsing_history WHERE {COUNTED} AND {MAY_BE_USED}"
        "   ORDER BY occurred_at DESC LIMIT 1000) b UNION ALL"
        f"  SELECT * FROM (SELECT customer_id, product_id FROM purchase_history WHERE {MAY_BE_USED}"
        "   ORDER BY occurred_at DESC LIMIT 1000) o"
        ") e JOIN product_catalog p ON p.product_id = e.product_id"
        " GROUP BY p.product_index ORDER BY n DESC, p.product_index LIMIT 200"
    )
    most = counted[0][1] if counted else 1
    return WeightedProducts(
        products=tuple(index for index, _ in counted), weights=tuple(count / most for _, count in counted)
    )
