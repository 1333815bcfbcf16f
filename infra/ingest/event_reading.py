"""Read the rows of a file as lines under our names, as the file was understood."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from domain.records.interactions import oldest_kept
from domain.records.values import (
    CustomerId,
    Email,
    Id,
    Quantity,
    to_microseconds,
)
from infra.ingest.cells import (
    NOW,
    NULLS,
    Convert,
    Fields,
    Memo,
    bounded_instant,
    cells_of,
    checked,
    is_null,
    nulls_of,
    price,
)
from infra.ingest.errors import NotUnderstood
from infra.ingest.formats.format import normalised
from infra.ingest.lines import EventLine, RowRefused
from infra.ingest.options import ImportOptions
from infra.ingest.report import Report
from infra.ingest.sources import Row
from infra.ingest.understanding import Understanding
from infra.ingest.values.customers import is_no_customer
from infra.ingest.values.event_names import EVENT_MEANINGS, event_type_of
from infra.ingest.values.money import MoneyReader, currency_code
from infra.ingest.values.numbers import quantity, text_id
from infra.ingest.values.order_status import order_state

_GROUPS_OF_THREE = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+")


class EventReader:
    """Return the lines of a row of events or orders; raise RowRefused. Names that mean nothing go to `report`."""

    def __init__(
        self,
        understood: Understanding,
        options: ImportOptions,
        *,
        is_table: bool,
        now: datetime,
        report: Report,
    ) -> None:
        self._report = report
        nulls = nulls_of(understood, options)
        self._fields = Fields(understood, is_table=is_table, nulls=nulls)
        self._names = {normalised(theirs): ours for theirs, ours in understood.format.event_names.items()}
        self._names |= {normalised(theirs): ours for theirs, ours in options.event_names.items()}
        self._is_net = understood.format.is_net_of_refunds
        self._keeps_anonymous = understood.anonymous_is_customer or options.guests == "keep"
        converters = _converters(understood, options, now=now)
        self._slots = {field: slot for slot, field in enumerate(EventLine.__struct_fields__)}
        defaults: Sequence[Any] = msgspec.structs.astuple(EventLine())
        self._memos = {
            field: Memo(field, convert, empty=defaults[self._slots[field]], nulls=nulls)
            for field, convert in converters.items()
        }
        self._types = Memo("event_type", self._event_type, empty=None, nulls=nulls)
        self._template = list(defaults)
        default_type = "purchase" if understood.kind == "orders" else "view"
        constants = {"event_type": default_type, **understood.format.constants, **options.constants}
        self._default_type = self._set_constants(constants)
        self._plan = self._fast_plan(understood) if is_table else None
        self._type_index = None
        if is_table and "event_type" in understood.sources:
            self._type_index = understood.columns.index(understood.sources["event_type"][0])

    def __call__(self, row: Row) -> list[EventLine]:
        cells = cells_of(row)
        if self._plan is not None:
            return self._from_cells(cast("list[str]", cells), self._plan)
        lines = self._fields(cells)
        name = lines[0].get("event_type")
        event_type = self._types.of(name) or self._default_type
        if event_type == "ignored":
            self._report.ignore(str(name))
            return []
        return [self._from_fields(raw, event_type) for raw in lines]

    def order_id_of(self, row: Row) -> str | None:
        """Return the order that a refused row belongs to, None if it cannot be read."""
        if row.cells is None or "order_id" not in self._memos:
            return None
        try:
            return self._memos["order_id"].of(next((raw.get("order_id") for raw in self._fields(row.cells)), None))
        except RowRefused:
            return None

    def _set_constants(self, constants: Mapping[str, str]) -> str:
        """Set fields that are the same in all lines, and return their event type; raise NotUnderstood for wrong values."""
        try:
            for field, text in constants.items():
                if field in self._memos and text != NOW:
                    self._template[self._slots[field]] = self._memos[field][text]
            default_type: str = self._types[constants["event_type"]]
        except RowRefused as refused:
            raise NotUnderstood(f"--set {refused.field}: {refused.reason}.") from None
        if default_type == "ignored":
            raise NotUnderstood(f"--set event_type: Expected one of {', '.join(EVENT_MEANINGS[:-1])}.")
        return default_type

    def _fast_plan(self, understood: Understanding) -> list[tuple[int, int, Memo]] | None:
        """Return slot, column and memo of each field if every field has one column, as is usual in tables."""
        plan: list[tuple[int, int, Memo]] = []
        for field, columns in understood.sources.items():
            if len(columns) != 1:
                return None
            if field in self._memos:
                plan.append((self._slots[field], understood.columns.index(columns[0]), self._memos[field]))
            elif field in {"status", "cancelled_at"}:
                return None
        return plan

    def _from_cells(self, cells: list[str], plan: list[tuple[int, int, Memo]]) -> list[EventLine]:
        event_type = self._default_type
        if self._type_index is not None:
            name = cells[self._type_index]
            event_type = self._types[name] or self._default_type
            if event_type == "ignored":
                self._report.ignore(name)
                return []
        slots = self._template.copy()
        for slot, index, memo in plan:
            slots[slot] = memo[cells[index]]
        return [self._finished(EventLine(*slots), event_type)]

    def _from_fields(self, raw: Mapping[str, Any], event_type: str) -> EventLine:
        slots = self._template.copy()
        for field, value in raw.items():
            memo = self._memos.get(field)
            if memo is not None:
                slots[self._slots[field]] = memo[value] if isinstance(value, str) else memo.of(value)
        line = EventLine(*slots)
        line.goes_back = bool(raw.get("cancelled_at")) or self._is_returned(raw.get("status"))
        return self._finished(line, event_type)

    def _is_returned(self, status: Any) -> bool:
        if status is None or is_null(str(status), NULLS):
            return False
        state = order_state(str(status))
        if state == "unknown":
            self._report.unknown_statuses[str(status).strip()] += 1
        return state == "returned"

    def _finished(self, line: EventLine, event_type: str) -> EventLine:
        line.event_type = event_type
        if not self._keeps_anonymous:
            line.anonymous_id = None
        if line.unit_price is not None:
            amount, code = cast("tuple[float, str | None]", line.unit_price)
            line.unit_price, line.currency = amount, line.currency or code
        if line.refunded_amount is not None:
            line.refunded_amount = None if self._is_net else abs(cast("tuple[float, str | None]", line.refunded_amount)[0])
        if line.total is not None:
            line.total = cast("tuple[float, str | None]", line.total)[0]
        if event_type not in {"purchase", "return"}:
            line.order_id = None
        if line.product_id is None and not (event_type == "return" and line.order_id):
            raise RowRefused("product_id", "Required")
        return line

    def _event_type(self, name: Any) -> str:
        text = str(name)
        return self._names.get(normalised(text)) or event_type_of(text)


def _converters(understood: Understanding, options: ImportOptions, *, now: datetime) -> dict[str, Convert]:
    """Return the converters of the fields of an EventLine."""
    nulls = nulls_of(understood, options)
    read_instant = bounded_instant(understood, "occurred_at", now=now)
    oldest = to_microseconds(oldest_kept(now, retention_days=options.retention_days))
    read_money = MoneyReader(understood.decimal_mark, own=options.currency)

    def occurred_at(value: Any) -> int:
        instant = read_instant(value)
        if instant < oldest:
            raise ValueError("Older than the retention")
        return instant

    def customer(field: str) -> Convert:
        read = identifier(field, CustomerId)
        return lambda value: None if is_no_customer(value, nulls) else read(value)

    def identifier(field: str, id_type: Any = Id) -> Convert:
        is_float = field in understood.float_ids
        return lambda value: checked(text_id(value, is_float=is_float), id_type)

    return {
        "customer_id": customer("customer_id"),
        "anonymous_id": customer("anonymous_id"),
        "email": lambda value: None if is_no_customer(value, nulls) else checked(str(value).strip(), Email),
        "product_id": identifier("product_id"),
        "occurred_at": occurred_at,
        "order_id": identifier("order_id"),
        "quantity": lambda value: _quantity(value, has_decimal_comma=understood.decimal_mark == ","),
        "unit_price": lambda value: price(value, read_money),
        "currency": lambda value: currency_code(str(value), own=options.currency),
        "event_id": identifier("event_id"),
        "dwell_seconds": _seconds,
        "refunded_quantity": lambda value: abs(quantity(value)),
        # Some systems write what was paid back as a negative amount.
        "refunded_amount": lambda value: price(str(value).strip().removeprefix("-"), read_money),
        "total": lambda value: price(value, read_money),
    }


def _quantity(value: Any, *, has_decimal_comma: bool) -> int:
    if has_decimal_comma and isinstance(value, str) and _GROUPS_OF_THREE.fullmatch(value.strip()):
        # The amounts of the file tell what its marks mean: 2,000 are two pieces beside a price of 5,00.
        value = value.translate({ord("."): ",", ord(","): "."})
    number = quantity(value)
    if number:
        checked(abs(number), Quantity)
    return number


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        # The message of Python contains the value.
        raise ValueError("Expected a number of seconds") from None
    if not 0 <= seconds <= 86_400:
        raise ValueError("Expected 0 to 86,400 seconds")
    return seconds
