"""Write a demo shop as files: `python -m benchmarks.quality.demo_files FOLDER SEED`, with this project's requirements."""

import csv
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import UNSET

from domain.records.interactions import CustomerEvent, Purchase
from infra.demo import demo_shop

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def write_demo_shop(folder: Path, *, seed: int) -> None:
    """Write events, products and assigned segments; a variant counts as the product that it is a variant of."""
    shop = demo_shop(now=NOW, seed=seed)
    parents = {change.product_id: change.variant_of for change in shop.products if change.variant_of is not UNSET}
    sold = [change for change in shop.products if change.product_id not in parents and not change.withdrawn]
    fields = ("product_id", "name", "category", "brand", "price", "currency", "created_at")
    _write(folder / "products.csv", fields, ([getattr(change, field) for field in fields] for change in sold))
    events = (line for event in shop.events for line in _lines(event, parents))
    _write(folder / "events.csv", ("customer_id", "product_id", "event_type", "occurred_at", "order_id"), events)
    assigned = ((one.customer_id, one.segment) for one in shop.customers if one.segment is not UNSET)
    _write(folder / "customers.csv", ("customer_id", "segment"), assigned)


def _lines(event: CustomerEvent, parents: dict[str, str]) -> Iterable[Sequence[object]]:
    at = event.occurred_at.isoformat()
    if isinstance(event, Purchase):
        for item in event.items:
            yield event.customer_id, parents.get(item.product_id, item.product_id), "purchase", at, event.order_id
    else:
        yield event.customer_id, parents.get(event.product_id, event.product_id), event.event_type, at, ""


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


if __name__ == "__main__":
    write_demo_shop(Path(sys.argv[1]), seed=int(sys.argv[2]))
