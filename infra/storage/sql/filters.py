"""The filters of a list as conditions of SQL, which agree with those of `domain.ranking.catalogue`."""

from collections.abc import Iterator
from typing import Any

from domain.records.attributes import TAG_SEPARATOR, encoded_as_written, member
from domain.records.currencies import Currencies
from domain.records.recommendations import ListRequest

AVAILABLE = "p.in_stock = 1 AND p.withdrawn = 0"


def filters(request: ListRequest, currencies: Currencies) -> tuple[str, dict[str, Any]]:
    """Return the conditions on available products `p` that a request sets, as SQL, and their parameters."""
    conditions = [AVAILABLE]
    parameters: dict[str, Any] = {}
    for condition, values in _filters(request, currencies):
        conditions.append(f"({condition})")
        parameters |= values
    return " AND ".join(conditions), parameters


def _filters(request: ListRequest, currencies: Currencies) -> Iterator[tuple[str, dict[str, Any]]]:
    if request.categories:
        named = {f"category_{number}": path for number, path in enumerate(sorted(request.categories))}
        yield " OR ".join(map(_within, named)), named
    if request.brands:
        # One brand in a list of one would not be read newest first.
        named = {f"brand_{number}": brand for number, brand in enumerate(sorted(request.brands))}
        yield " OR ".join(f"p.brand = :{name}" for name in named), named
    if request.tags:
        named = {f"tag_{number}": f"{TAG_SEPARATOR}{tag}{TAG_SEPARATOR}" for number, tag in enumerate(sorted(request.tags))}
        yield " OR ".join(f"instr('|' || p.tags || '|', :{name}) > 0" for name in named), named
    for place, (attribute, texts) in enumerate(request.attributes):
        values = sorted({value for text in texts for value in encoded_as_written(text)})
        named = {f"attribute_{place}_{number}": member(attribute, value) for number, value in enumerate(values)}
        yield " OR ".join(f"instr(p.attributes, :{name}) > 0" for name in named), named
    if not request.min_price is request.max_price is None:
        yield _in_price_range(request, currencies)
    if request.exclude:
        yield "p.product_id NOT IN (:exclude)", {"exclude": sorted(request.exclude)}


def _within(name: str) -> str:
    """Return the condition of a category path and everything below it."""
    # One range makes SQLite take the index by category instead of the one by age; LIKE and OR do not. "0" is the
    # character after "/". Names such as "a-b" lie between "a" and "a/".
    return (
        f"p.category >= :{name} AND p.category < :{name} || '0' AND (p.category = :{name} OR p.category >= :{name} || '/')"
    )


def _in_price_range(request: ListRequest, currencies: Currencies) -> tuple[str, dict[str, Any]]:
    in_range: list[str] = []
    parameters: dict[str, Any] = {}
    ranges = currencies.price_ranges(lowest=request.min_price, highest=request.max_price)
    for number, (currency, (first, last)) in enumerate(sorted(ranges.items())):
        in_range.append(f"p.currency = :currency_{number} AND p.price BETWEEN :first_{number} AND :last_{number}")
        parameters |= {f"currency_{number}": currency, f"first_{number}": first, f"last_{number}": last}
    return " OR ".join(in_range), parameters
