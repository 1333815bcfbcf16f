"""The part of the repository that reads what lists about products, and lists of the whole shop, are computed from."""

from collections.abc import Sequence

from domain.errors import ProductNotFound
from domain.ports.lists import ListState, SeedState
from domain.ranking.model import Measure
from infra.storage.sql import known_products
from infra.storage.sql.model_tables import ModelTables
from infra.storage.sql.statements import Steps, one, rows


class RelatedTables(ModelTables):
    """The protocol ListStore over tables."""

    async def seed_state(self, product_ids: Sequence[str]) -> SeedState:
        return await self.engine.look_up(self._seed_state, product_ids)

    async def complements(self, model_id: str, product_indexes: Sequence[int]) -> dict[int, bytes]:
        return await self.engine.look_up(_complements, model_id, product_indexes)

    async def list_state(self) -> ListState:
        return await self.engine.look_up(self._list_state)

    async def activity(self, model_id: str, measure: Measure, *, days: int) -> list[bytes]:
        return await self.engine.look_up(_activity, model_id, measure, days)

    def _list_state(self) -> Steps[ListState]:
        catalogue_version, model_id, rules_version = yield from one(
            "SELECT catalogue_version, model_id, rules_version FROM shop_state"
        )
        model = yield from self.model(model_id)
        return ListState(catalogue_version=catalogue_version, model=model, rules_version=rules_version)

    def _seed_state(self, product_ids: Sequence[str]) -> Steps[SeedState]:
        found = yield from known_products.find(product_ids)
        if not found:
            raise ProductNotFound(product_ids[0])
        indexes = [found[product_id].product_index for product_id in product_ids if product_id in found]
        return SeedState(product_indexes=list(dict.fromkeys(indexes)), shop=(yield from self._list_state()))


def _activity(model_id: str, measure: Measure, days: int) -> Steps[list[bytes]]:
    found = yield from rows(
        "SELECT products FROM product_activity WHERE model_id = :model_id AND measure = :measure AND age_days < :days",
        model_id=model_id,
        measure=measure,
        days=days,
    )
    return [products for (products,) in found]


def _complements(model_id: str, product_indexes: Sequence[int]) -> Steps[dict[int, bytes]]:
    found = yield from rows(
        "SELECT product_index, complements FROM product_neighbours"
        " WHERE model_id = :model_id AND product_index IN (:product_indexes) AND complements IS NOT NULL",
        model_id=model_id,
        product_indexes=list(product_indexes),
    )
    return {index: complements for index, complements in found if complements}
