"""Read the rows of a catalogue or of a list of customers as fields under our names, as the file was understood."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from domain.records.attributes import MAX_TAGS, TAG_SEPARATOR
from domain.records.customers import SEGMENTS
from domain.records.values import (
    CategoryPath,
    CustomerId,
    Email,
    Id,
    Phone,
    Url,
    from_microseconds,
    to_microseconds,
)
from infra.ingest.attributes import AttributeReader
from infra.ingest.cells import (
    NOW,
    Convert,
    Fields,
    Memo,
    bounded_instant,
    cells_of,
    checked,
    instant_reader,
    is_null,
    nulls_of,
    one_line,
    price,
    short_text,
)
from infra.ingest.formats.paths import texts_of
from infra.ingest.formats.variants import variant_ids
from infra.ingest.lines import RowRefused
from infra.ingest.options import ImportOptions
from infra.ingest.products import HINT
from infra.ingest.sources import Row
from infra.ingest.understanding import Understanding
from infra.ingest.values.categories import category_path, main_category
from infra.ingest.values.flags import is_on
from infra.ingest.values.instants import period
from infra.ingest.values.money import MoneyReader, currency_code
from infra.ingest.values.numbers import text_id
from infra.ingest.values.stock import in_stock, is_available

TOTALS = frozenset({"total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtsumme", "somme", "totale"})
"""What the last line of a report has instead of a product."""


class RecordReading:
    """What the readers of products and of customers share: their fields, constants, and empty cells."""

    def __init__(self, understood: Understanding, options: ImportOptions, *, is_table: bool, now: datetime) -> None:
        self.understood = understood
        self.now = to_microseconds(now)
        self.nulls = nulls_of(understood, options)
        self._fields = Fields(understood, is_table=is_table, nulls=self.nulls)
        self._constants = {**understood.format.constants, **options.constants}

    def raw_lines(self, row: Row) -> list[dict[str, Any]]:
        """Return the raw values of the lines of a row, with the constants."""
        cells = cells_of(row)
        # An empty member of a record clears a value, as an empty cell does; one that it does not have leaves the value.
        empty = (
            {field: None for field, names in self.understood.sources.items() if not cells.keys().isdisjoint(names)}
            if isinstance(cells, dict)
            else {}
        )
        return [empty | self._constants | raw for raw in self._fields(cells)]

    def instant(self, field: str) -> Convert:
        """Return a converter of instants from 1970 to five minutes from now."""
        read = bounded_instant(self.understood, field, now=from_microseconds(self.now))
        return lambda value: from_microseconds(self.now if value == NOW else read(value))

    def memo(self, field: str, convert: Convert) -> Memo:
        return Memo(field, convert, empty=None, nulls=self.nulls)

    def identifier(self, field: str, id_type: Any = Id) -> Memo:
        is_float = field in self.understood.float_ids
        return self.memo(field, lambda value: checked(text_id(value, is_float=is_float), id_type))

    def given(self, raw: Mapping[str, Any], memos: Mapping[str, Memo]) -> dict[str, Any]:
        """Return the values of the fields that the file has; None where the cell is empty."""
        return {field: memo.of(raw[field]) for field, memo in memos.items() if field in raw}


class ProductReader(RecordReading):
    """Return the fields of the products of a row, and of the variants that it names; raise RowRefused."""

    key = "product_id"

    def __init__(self, understood: Understanding, options: ImportOptions, *, is_table: bool, now: datetime) -> None:
        super().__init__(understood, options, is_table=is_table, now=now)
        form = understood.format
        self._read_money = MoneyReader(understood.decimal_mark, own=options.currency)
        self._memos = {
            "product_id": self.identifier("product_id"),
            "name": self.memo("name", short_text),
            "brand": self.memo("brand", lambda value: short_text(_first_text(value))),
            "currency": self.memo("currency", lambda value: currency_code(str(value), own=options.currency)),
            "withdrawn": self.memo("withdrawn", is_on),
            "url": self.memo("url", lambda value: checked(_first_text(value), Url)),
            "image_url": self.memo("image_url", lambda value: checked(_first_text(value, form.image_separator), Url)),
        }
        if understood.date_orders.get("created_at") != "undecidable":
            self._memos["created_at"] = self.memo("created_at", self.instant("created_at"))
        self._sale_memos = {
            field: self.memo(field, instant_reader(understood, field)) for field in ("sale_from", "sale_until")
        }
        self._parent = self.memo("variant_of", lambda value: text_id(value).removeprefix(form.parent_prefix).strip())
        self._parent_id = self.identifier("variant_of")
        self._is_on = self.memo("published", is_on)
        self._alias = self.identifier("aliases")
        self._attributes = AttributeReader(self.nulls)
        self._price = self.memo("price", lambda value: price(value, self._read_money))
        self._sale_price = self.memo("sale_price", lambda value: price(value, self._read_money))

    def __call__(self, row: Row) -> list[dict[str, Any]]:
        return [fields for raw in self.raw_lines(row) for fields in self._products_of(raw)]

    def _products_of(self, raw: dict[str, Any]) -> list[dict[str, Any]]:
        fields = self.given(raw, self._memos)
        if fields.get("product_id") is None:
            raise RowRefused("product_id", "Required")
        if fields.get("name") is None and fields["product_id"].rstrip(": ").casefold() in TOTALS:
            raise RowRefused("product_id", "Expected a product, found a line of totals")
        fields |= self._money(raw) | self._categories(raw) | self._stock(raw) | self._attributes(raw)
        if "published" in raw:
            states = [self._is_on.of(text) for text in texts_of(raw["published"]) if not self._is_null(text)]
            fields["published"] = all(states) if states else None
        if "variant_of" in raw:
            parent = self._parent.of(raw["variant_of"])
            fields["variant_of"] = self._parent_id[parent] if parent else None
        if "aliases" in raw:
            texts = texts_of(raw["aliases"], self.understood.format.alias_separator)
            fields["aliases"] = [alias for text in texts if (alias := self._alias[text])]
        variants = [
            {"product_id": self._memos["product_id"][variant], "variant_of": fields["product_id"], HINT: True}
            for variant in variant_ids(str(raw.get("variants") or ""))
        ]
        return [fields, *variants]

    def _money(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the price, which is that of a sale while it lasts."""
        if "price" not in raw and "sale_price" not in raw:
            return {}
        regular, sale = self._price.of(raw.get("price")), self._sale_price.of(raw.get("sale_price"))
        if sale is not None and self._is_on_sale(raw):
            return {"price": sale if regular is None or sale[0] <= regular[0] else regular}
        return {"price": regular}

    def _is_on_sale(self, raw: Mapping[str, Any]) -> bool:
        start, end = (memo.of(raw.get(field)) for field, memo in self._sale_memos.items())
        if raw.get("sale_period"):
            with refusing("sale_period"):
                start, end = period(str(raw["sale_period"]), self._sale_memos["sale_from"].of)
        return (start is None or start <= self.now) and (end is None or self.now <= end)

    def _categories(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the category and the tags: of several categories the first deepest, the others are tags."""
        form = self.understood.format
        texts = [text for text in texts_of(raw.get("category"), form.list_separator) if not self._is_null(text)]
        if not texts and not str(raw.get("category_otherwise") or "").strip().isdecimal():
            texts = texts_of(raw.get("category_otherwise"), form.list_separator)
        levels = [text.strip().replace("/", "-") for text in texts_of(raw.get("category_levels")) if not self._is_null(text)]
        paths = ["/".join(levels)] if levels else []
        paths += [category_path(text, self.understood.category_separator, form.category_roots) for text in texts]
        category, others = main_category([path for path in paths if path])
        found: dict[str, Any] = {}
        if not {"category", "category_otherwise", "category_levels"}.isdisjoint(raw):
            with refusing("category"):
                found["category"] = None if category is None else checked(category, CategoryPath)
        if "tags" in raw or others:
            with refusing("tags"):
                texts = [*texts_of(raw.get("tags"), form.tag_separator), *others]
                # No tag contains the sign that separates tags where they are stored.
                tags = [part for text in texts for part in texts_of(text, TAG_SEPARATOR)]
                found["tags"] = list(dict.fromkeys(short_text(tag) for tag in tags if not self._is_null(tag)))[:MAX_TAGS]
        return found

    def _stock(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        count = raw.get("in_stock")
        with refusing("in_stock"):
            if "stock_tracked" in raw or "sells_without_stock" in raw:
                tracked = None if self._is_null(raw.get("price")) else raw.get("stock_tracked")
                otherwise = raw.get("sells_without_stock")
                if self._is_null(count) and self._is_null(raw.get("price")):
                    # A further line of a product, such as one with only an image.
                    return {"in_stock": None}
                return {"in_stock": is_available(count, tracked=tracked, sells_without_stock=otherwise)}
            if "in_stock" in raw:
                return {"in_stock": None if self._is_null(count) else in_stock(count)}
        return {}

    def _is_null(self, value: Any) -> bool:
        return is_null(value, self.nulls)


class CustomerReader(RecordReading):
    """Return the fields of the customers of a row; raise RowRefused."""

    key = "customer_id"

    def __init__(self, understood: Understanding, options: ImportOptions, *, is_table: bool, now: datetime) -> None:
        super().__init__(understood, options, is_table=is_table, now=now)
        self._memos = {
            "customer_id": self.identifier("customer_id", CustomerId),
            "email": self.memo("email", lambda value: checked(str(value).strip(), Email)),
            "first_name": self.memo("first_name", short_text),
            "last_name": self.memo("last_name", short_text),
            "phone": self.memo("phone", lambda value: checked(one_line(value), Phone)),
            "segment": self.memo("segment", _segment),
            "is_guest": self.memo("is_guest", is_on),
            "profiling": self.memo("profiling", is_on),
        }

    def __call__(self, row: Row) -> list[dict[str, Any]]:
        lines = [self.given(raw, self._memos) for raw in self.raw_lines(row)]
        if any(fields.get("customer_id") is None for fields in lines):
            raise RowRefused("customer_id", "Required")
        return lines


@contextmanager
def refusing(field: str) -> Generator[None]:
    """Refuse the row for the field if a value cannot be read."""
    try:
        yield
    except ValueError as error:
        raise RowRefused(field, str(error)) from None


def _first_text(value: Any, separator: str | None = None) -> str:
    """Return the first text of a list, or of a cell with several."""
    return next(iter(texts_of(value, separator)), "")


def _segment(value: Any) -> str:
    named: Callable[[str], bool] = lambda segment: segment.casefold() == str(value).strip().casefold()  # noqa: E731
    found = next(filter(named, SEGMENTS), None)
    if found is None:
        raise ValueError(f"Expected {', '.join(SEGMENTS[:-1])} or {SEGMENTS[-1]}")
    return found
