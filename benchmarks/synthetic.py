"""A synthetic shop of any size as import files: `python benchmarks/synthetic.py FOLDER --products 100000 --events 1000000`.

Popularity follows Zipf's law. Most events of a customer are in the customer's three favourite categories.
"""

import argparse
import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

EVENT_TYPES = np.array(["view", "cart", "wishlist", "purchase"])
EVENT_SHARES = (0.7, 0.1, 0.05, 0.15)
DAYS = 180
N_FAVOURITES = 3
FAVOURITE_SHARE = 0.85
PRODUCTS_PER_CATEGORY = 60
N_BRANDS, N_TAGS, N_COLOURS, N_LINES = 500, 100, 20, 1000
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)


def write_shop(folder: Path, *, n_products: int, n_customers: int, n_events: int, seed: int = 1) -> None:
    """Write products.csv and events.csv into `folder`."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    n_categories = max(1, n_products // PRODUCTS_PER_CATEGORY)
    category_of = rng.integers(n_categories, size=n_products)
    with (folder / "products.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            [
                "product_id",
                "name",
                "category",
                "brand",
                "price",
                "created_at",
                "tags",
                "attributes.colour",
                "attributes.line",
            ]
        )
        prices = rng.lognormal(3.0, 0.8, n_products).round(2)
        brands = rng.integers(N_BRANDS, size=n_products)
        ages = rng.integers(1, 700, size=n_products)
        # Drawn apart, so that the other columns stay as they were without these.
        labels = np.random.default_rng(seed + 1).integers([N_TAGS, N_COLOURS, N_LINES], size=(n_products, 3))
        for product in range(n_products):
            category = category_of[product]
            tag, colour, line = labels[product]
            writer.writerow(
                [
                    f"p-{product}",
                    f"Maker {brands[product]} thing {category} {product % 97}",
                    f"department {category % 20}/aisle {category % 200}/shelf {category}",
                    f"Maker {brands[product]}",
                    prices[product],
                    (NEWEST - timedelta(days=int(ages[product]))).date().isoformat(),
                    f"tag-{tag}",
                    f"colour-{colour}",
                    f"line-{line}",
                ]
            )
    _write_events(folder, rng, category_of, n_customers=n_customers, n_events=n_events)


def _write_events(
    folder: Path, rng: np.random.Generator, category_of: np.ndarray, *, n_customers: int, n_events: int
) -> None:
    products = _draw_products(rng, category_of, n_customers=n_customers, n_events=n_events)
    customers = np.repeat(np.arange(n_customers), n_events // n_customers + 1)[:n_events]
    types = EVENT_TYPES[rng.choice(len(EVENT_TYPES), size=n_events, p=EVENT_SHARES)]
    seconds = rng.integers(DAYS * 86_400, size=n_events)
    order = rng.permutation(n_events)
    with (folder / "events.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["customer_id", "product_id", "event_type", "occurred_at"])
        for event in order.tolist():
            occurred_at = NEWEST - timedelta(seconds=int(seconds[event]))
            writer.writerow(
                [f"c-{customers[event]}", f"p-{products[event]}", types[event], f"{occurred_at:%Y-%m-%d %H:%M:%S}"]
            )


def _draw_products(rng: np.random.Generator, category_of: np.ndarray, *, n_customers: int, n_events: int) -> np.ndarray:
    """Draw a product per event: usually a popular one of a favourite category, otherwise a popular one of the shop."""
    by_category = np.argsort(category_of, kind="stable")
    starts = np.searchsorted(category_of[by_category], np.arange(category_of.max() + 2))
    favourites = rng.integers(len(starts) - 1, size=(n_customers, N_FAVOURITES))
    customers = np.repeat(np.arange(n_customers), n_events // n_customers + 1)[:n_events]
    categories = favourites[customers, rng.integers(N_FAVOURITES, size=n_events)]
    sizes = np.maximum(np.diff(starts), 1)[categories]
    offsets = (rng.random(n_events) ** 2.5 * sizes).astype(np.int64)
    favourite_products = by_category[np.minimum(starts[categories] + offsets, len(by_category) - 1)]
    any_products = (len(category_of) ** rng.random(n_events)).astype(np.int64) - 1
    return np.where(rng.random(n_events) < FAVOURITE_SHARE, favourite_products, any_products)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parsed = parser.parse_args()
    write_shop(parsed.folder, n_products=parsed.products, n_customers=parsed.customers, n_events=parsed.events)


if __name__ == "__main__":
    main()
