"""A large shop of flat popularity without times or catalogue: `python -m benchmarks.flat_shop FOLDER`.

Its size is that of the check-in and book data that recommenders are often compared on: 30,000 customers have 34 of 41,000
products each, and no product is popular with everybody. Products lie in markets of unequal size. A customer buys mostly in
one of them, some in two others, by popularity within the market and by taste. A random fifth of each customer's products are
the test.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

N_PRODUCTS, N_CUSTOMERS = 41_000, 30_000
N_MARKETS = 100
MARKET_DEVIATION = 1.2
"""Of the logarithm of a market's size."""
ACTIVITY = (3.0, 0.85)
MIN_ACTIVITY, MAX_ACTIVITY = 10, 1000
"""Mean and deviation of the logarithm of a customer's number of products, and its bounds."""
SHARES = (0.8, 0.13, 0.07)
"""Of a customer's products, in the customer's markets."""
N_TASTES = 8
TASTE = 1.1
"""How much stronger than chance tastes are: the deviation of the logarithm of what they multiply a popularity by."""
POPULARITY_DEVIATION = 0.8
TEST_SHARE = 0.2
OCCURRED_AT = "2014-01-01T00:00:00Z"

Ints = npt.NDArray[np.int64]


def pairs_of(*, n_products: int, n_customers: int, seed: int) -> tuple[Ints, Ints]:
    """Return the distinct pairs of customers and products, by customer."""
    rng = np.random.default_rng(seed)
    sizes = rng.lognormal(0.0, MARKET_DEVIATION, N_MARKETS)
    market_of = rng.choice(N_MARKETS, size=n_products, p=sizes / sizes.sum())
    popularity = rng.normal(0.0, POPULARITY_DEVIATION, n_products)
    tastes = rng.normal(0.0, 1.0, (n_products, N_TASTES))
    shares = np.bincount(market_of, minlength=N_MARKETS) / n_products
    activity = rng.lognormal(*ACTIVITY, n_customers) + MIN_ACTIVITY
    activity = activity.clip(max=MAX_ACTIVITY)
    markets = rng.choice(N_MARKETS, size=(n_customers, len(SHARES)), p=shares)
    own = rng.normal(0.0, TASTE / np.sqrt(N_TASTES), (n_customers, N_TASTES))
    wanted = rng.poisson(activity[:, None] * SHARES)
    pairs = list[Ints]()
    for place in range(len(SHARES)):
        for market in range(N_MARKETS):
            products = np.flatnonzero(market_of == market)
            for customer in np.flatnonzero((markets[:, place] == market) & (wanted[:, place] > 0)).tolist():
                # The largest of values with Gumbel noise are a draw without replacement (Gumbel-max trick).
                values = popularity[products] + tastes[products] @ own[customer] + rng.gumbel(size=len(products))
                n = min(int(wanted[customer, place]), len(products))
                chosen = products[np.argpartition(values, -n)[-n:]] if n else products[:0]
                pairs.append(customer * n_products + chosen)
    numbers = np.unique(np.concatenate(pairs))
    return numbers // n_products, numbers % n_products


def write_shop(
    folder: Path, *, n_products: int = N_PRODUCTS, n_customers: int = N_CUSTOMERS, seed: int = 1
) -> tuple[Path, Path]:
    """Write train.csv and test.csv into `folder`; return their paths."""
    customers, products = pairs_of(n_products=n_products, n_customers=n_customers, seed=seed)
    rng = np.random.default_rng(seed + 1)
    is_test = rng.random(len(customers)) < TEST_SHARE
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "train.csv", folder / "test.csv"
    for path, chosen in zip(paths, (~is_test, is_test), strict=True):
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["customer_id", "product_id", "event_type", "occurred_at"])
            writer.writerows(
                (f"c{customer}", f"p{product}", "purchase", OCCURRED_AT)
                for customer, product in zip(customers[chosen].tolist(), products[chosen].tolist(), strict=True)
            )
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--products", type=int, default=N_PRODUCTS)
    parser.add_argument("--customers", type=int, default=N_CUSTOMERS)
    parser.add_argument("--seed", type=int, default=1)
    parsed = parser.parse_args()
    write_shop(parsed.folder, n_products=parsed.products, n_customers=parsed.customers, seed=parsed.seed)


if __name__ == "__main__":
    main()
