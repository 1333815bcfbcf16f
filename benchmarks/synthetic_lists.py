"""Fresh lists of a synthetic shop in this process, each after a new event of its customer."""

from datetime import UTC, datetime

import numpy as np

from benchmarks.synthetic_shops import N_CUSTOMERS
from benchmarks.timing import milliseconds_until
from domain.records.imports import ImportedEvent
from domain.records.interactions import BrowsingEvent
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.recommend import fresh_list


async def time_fresh_lists(url: str, *, n_products: int, n: int = 3000) -> list[float]:
    """Return the milliseconds of lists, from the first query to the stored list, without the COMMIT of the event.

    The first third of the lists does not count.
    """
    rng = np.random.default_rng(5)
    milliseconds: list[float] = []
    async with open_repository(Settings(database_url=url)) as repository:
        for customer in rng.integers(N_CUSTOMERS, size=n).tolist():
            now = datetime.now(UTC)
            customer_id, product_id = f"c-{customer}", f"p-{rng.integers(n_products)}"
            event = BrowsingEvent(customer_id=customer_id, product_id=product_id)
            await repository.put_events([ImportedEvent(event=event)], create_products=False, now=now)
            milliseconds.append(await milliseconds_until(fresh_list(repository, customer_id, now=now)))
    return milliseconds[n // 3 :]
