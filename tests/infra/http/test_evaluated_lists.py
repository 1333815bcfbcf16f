"""What an evaluation measures is what a shop answers: the same products in the same order, for every rule about own ones."""

import pytest
import pytest_asyncio
from msgspec import UNSET
from msgspec.structs import replace

import main
from domain.evaluation.replay import Replay
from domain.ranking.model import TunedConfig
from domain.training.train import train_model
from infra.demo import demo_shop, load_demo_shop
from infra.http.app import create_app
from infra.progress import NoProgress
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from infra.use_cases.train import read_training_data
from tests.conftest import NOW, client_of

N_LISTS = 500
LENGTHS = (10, 3, 25, 100)
CONFIG = TunedConfig(seen_again=0.7)
"""Products of the history score for themselves, so that rules about them make a difference."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evaluated_shop(tmp_path_factory):
    """Return the replay of a trained shop, its model, and a client of its server."""
    database = tmp_path_factory.mktemp("shop") / "shop.db"
    async with open_sqlite(database, currency="EUR") as repository:
        # An evaluation names one product for all variants, also in histories, so that lists could differ in detail.
        shop = demo_shop(now=NOW)
        products = [replace(product, variant_of=UNSET) for product in shop.products]
        # Nor does the log of an evaluation know what went back, which lists leave out.
        await load_demo_shop(repository, replace(shop, products=products, returns=[]), now=NOW)
        data = await read_training_data(repository, progress=NoProgress())
        trained = train_model(data, config=CONFIG, model_id="m-1", trained_at=data.log.newest)
        await repository.save_model(trained)
    replay = Replay(data, trained)
    settings = Settings(database_url=f"sqlite:///{database}")
    app = create_app(main.for_customer, settings=lambda: settings, clock=lambda: replay.now)
    async with client_of(app) as client:
        yield replay, client


@pytest.mark.system
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("seen", ["few", "exclude", "include"])
async def test_evaluated_lists_are_those_that_http_answers(evaluated_shop, seen):
    replay, client = evaluated_shop
    index_of = {product.product_id: product.product_index for product in replay.data.products}
    n_own = 0

    for customer, customer_id in enumerate(replay.data.log.customer_ids[:N_LISTS]):
        limit = LENGTHS[customer % len(LENGTHS)]
        evaluated = replay.ranking(customer, model=replay.model, seen=seen, k=limit)
        answer = await client.get(f"/recommendations/{customer_id}?seen={seen}&limit={limit}")

        assert answer.status_code == 200
        assert [index_of[item["product_id"]] for item in answer.json()["items"]] == evaluated, customer_id
        n_own += len(replay.seen(customer) & set(evaluated[:10]))

    assert len(replay.data.log.customer_ids) >= N_LISTS
    # The rule makes a difference in this shop.
    assert {"exclude": n_own == 0, "few": 0 < n_own <= 2 * N_LISTS, "include": n_own > 2 * N_LISTS}[seen]
