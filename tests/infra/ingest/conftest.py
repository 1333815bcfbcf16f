"""A shop that files are imported into, and what it then holds."""

import io
import json
from datetime import UTC, datetime

import pytest

from domain.records.attributes import unpack_attributes
from infra.ingest import ImportOptions, import_files
from infra.progress import PlainProgress
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql.statements import rows

MONEY_UNITS = 10_000


class Shop:
    """A shop and a folder of files; `said` is what the imports showed."""

    def __init__(self, repository, folder, now):
        self.repository, self.folder, self.now = repository, folder, now
        self.said = ""
        self.store = repository

    def file(self, content, name):
        """Write a text, bytes, or records as JSON Lines; return the path."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, list):
            content = "".join(json.dumps(record) + "\n" for record in content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    async def run(self, kind, *contents, name="file.csv", **options):
        """Import the contents of one or several files in one command; return the report."""
        names = [name, *(f"{number}-{name}" for number in range(1, len(contents)))]
        paths = tuple(self.file(content, each) for content, each in zip(contents, names, strict=True))
        return await self.run_files(kind, *paths, **options)

    async def run_files(self, kind, *paths, **options):
        said = []
        try:
            return await import_files(
                ImportOptions(kind=kind, paths=paths, **options),
                store=self.store,
                now=self.now,
                progress=PlainProgress(io.StringIO()),
                say=said.append,
            )
        finally:
            self.said = "".join(said)

    def refusals(self, name="file.csv"):
        """Return the line and field of every refused line of a file, in the sequence of the lines."""
        return sorted((refused["line"], refused["field"]) for refused in self.rejected(name))

    def rejected(self, name="file.csv"):
        path = self.folder / f"{name}.rejected.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    async def rows(self, query, **parameters):
        return list(await self.repository.engine.look_up(lambda: rows(query, **parameters)))

    async def products(self, *fields):
        """Return fields of all products by their ids; one field as its value, several as a tuple."""
        found = await self.rows(f"SELECT product_id, {', '.join(fields or ['product_id'])} FROM product_catalog")
        return {
            product_id: values[0] if len(values) == 1 else values
            for product_id, *cells in found
            if (values := tuple(_read(field, cell) for field, cell in zip(fields or ["product_id"], cells, strict=True)))
        }

    async def aliases(self):
        return dict(await self.rows("SELECT alias, product_id FROM product_aliases"))

    async def events(self):
        """Return customer, product, type and instant of all events but orders, sorted."""
        found = await self.rows("SELECT customer_id, product_id, event_type, occurred_at FROM browsing_history")
        return sorted((customer, product, event_type, _instant(at)) for customer, product, event_type, at in found)

    async def event_ids(self):
        return sorted(event_id for (event_id,) in await self.rows("SELECT event_id FROM browsing_history"))

    async def orders(self):
        """Return the customer and the sorted lines of all orders: product, quantity, price of a piece."""
        found = await self.rows("SELECT order_id, customer_id, product_id, quantity, unit_price FROM purchase_history")
        orders = {}
        for order_id, customer_id, product_id, quantity, price in found:
            _, lines = orders.setdefault(order_id, (customer_id, []))
            lines.append((product_id, quantity, _money(price)))
        return {order_id: (customer_id, sorted(lines)) for order_id, (customer_id, lines) in orders.items()}

    async def lines(self):
        """Return the sorted lines of all orders, by the id of the order."""
        return {order_id: lines for order_id, (_, lines) in (await self.orders()).items()}

    async def times(self):
        """Return currency and instant of all orders."""
        found = await self.rows("SELECT order_id, currency, occurred_at FROM purchase_history")
        return {order_id: (currency, _instant(at)) for order_id, currency, at in found}

    async def customers(self):
        """Return the e-mail of all customers, and whether they are guests."""
        found = await self.rows("SELECT customer_id, email, is_guest FROM customer_profiles")
        return {customer_id: (email, bool(is_guest)) for customer_id, email, is_guest in found}


def _money(units):
    return None if units is None else units / MONEY_UNITS


def _instant(microseconds):
    """Return an instant as a text without a zone, in UTC."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat(" ").removesuffix("+00:00")


def _read(field, cell):
    if field == "price":
        return _money(cell)
    if field in {"in_stock", "withdrawn"}:
        return cell if cell is None else bool(cell)
    if field == "tags":
        return cell.split("|") if cell else []
    if field == "attributes":
        return unpack_attributes(cell)
    return cell


@pytest.fixture
async def shop(tmp_path, database, now, written_at_once):
    """Return an empty shop on SQLite; `tests/contract` and `two_shops` hold the databases to the same answers."""
    async with open_repository(Settings(database_url=f"sqlite:///{database}")) as repository:
        yield Shop(repository, tmp_path / "files", now)


@pytest.fixture
async def any_shop(repository, tmp_path, now):
    """Return an empty shop, once on each database."""
    return Shop(repository, tmp_path / "files", now)
