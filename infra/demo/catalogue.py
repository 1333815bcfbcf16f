"""The catalogue of the demo shop: each kind of product in a cheap, a regular and an expensive brand, some with variants."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random

from msgspec import UNSET, Struct

from domain.records.products import ProductChange
from infra.demo.kinds import CATEGORIES, SIZE_FACTORS, DemoCategory, Kind
from infra.demo.pictures import picture_url

TIERS = ("value", "classic", "premium")
PRICE_FACTORS = (0.62, 1.0, 1.75)
"""Price of each brand relative to the regular price."""

OUT_OF_STOCK_SHARE = 0.04
WITHDRAWN_SHARE = 0.02
NEW_SHARE = 0.04
NEW_DAYS = 14

Option = tuple[str, str | None]
"""The colour and the size of a variant."""


class DemoProduct(Struct, frozen=True, kw_only=True):
    """A product with its appeal to shoppers; `tier` is 0 for the cheapest brand of its category and 2 for the dearest.

    `attributes` are what a customer may choose or filter by: colour, size and material, as far as a product has them.
    """

    product_id: str
    category: str
    kind: str
    tier: int
    price: float
    appeal: float
    created_at: datetime
    attributes: Mapping[str, str]
    change: ProductChange


class _Model(Struct, frozen=True, kw_only=True):
    """What all variants of a product have in common."""

    product_id: str
    category: str
    kind: str
    tier: int
    price: float
    appeal: float
    created_at: datetime
    withdrawn: bool


def catalogue(random: Random, *, now: datetime) -> list[DemoProduct]:
    """Return all products: `p-001` and on, whose variants are `p-001-2` and on.

    They were added during the two years before `now`, and some in its last two weeks.
    """
    return [product for model in _models(random, now=now) for product in _variants(model, random)]


def _models(random: Random, *, now: datetime) -> Iterator[_Model]:
    kinds = [(path, name, kind) for path, category in CATEGORIES.items() for name, kind in category.kinds.items()]
    brands = [(path, name, kind, tier) for path, name, kind in kinds for tier in range(len(TIERS))]
    for number, (path, name, kind, tier) in enumerate(brands, start=1):
        days = random.randrange(1, NEW_DAYS) if random.random() < NEW_SHARE else random.randrange(NEW_DAYS, 730)
        yield _Model(
            product_id=f"p-{number:03}",
            category=path,
            kind=name,
            tier=tier,
            price=kind.price * PRICE_FACTORS[tier] * random.uniform(0.93, 1.07),
            appeal=random.lognormvariate(0.0, 0.75),
            created_at=now - timedelta(days=days, minutes=random.randrange(1440)),
            withdrawn=random.random() < WITHDRAWN_SHARE,
        )


def _variants(model: _Model, random: Random) -> Iterator[DemoProduct]:
    """Yield a product and its other variants, of which it is the parent."""
    category = CATEGORIES[model.category]
    kind = category.kinds[model.kind]
    options = _options(kind, tier=model.tier)
    for number, option in enumerate(options, start=1):
        colour, size = option
        price = round(model.price * SIZE_FACTORS.get(size or "", 1.0)) - 0.05
        product_id = model.product_id if number == 1 else f"{model.product_id}-{number}"
        attributes = _attributes(category, kind, option)
        yield DemoProduct(
            product_id=product_id,
            category=model.category,
            kind=model.kind,
            tier=model.tier,
            price=round(price, 2),
            appeal=model.appeal,
            created_at=model.created_at,
            attributes=attributes,
            change=ProductChange(
                product_id=product_id,
                name=_name(model, size or colour if len(options) > 1 else None),
                category=model.category,
                brand=category.brands[model.tier],
                price=round(price, 2),
                currency="EUR",
                tags=(model.kind.rsplit(maxsplit=1)[-1], TIERS[model.tier]),
                in_stock=random.random() >= OUT_OF_STOCK_SHARE,
                withdrawn=model.withdrawn,
                url=f"https://shop.example/products/{product_id}",
                image_url=picture_url(kind.drawing, colour),
                created_at=model.created_at,
                variant_of=UNSET if number == 1 else model.product_id,
                attributes={**attributes},
            ),
        )


def _options(kind: Kind, *, tier: int) -> list[Option]:
    """Return the variants that a brand makes: its own colour in each size, then the colours that all brands offer."""
    sizes = kind.sizes or (None,)
    colours = kind.colours.split()
    return [(colours[tier], size) for size in sizes] + [(colour, sizes[0]) for colour in colours[len(TIERS) :]]


def _name(model: _Model, option: str | None) -> str:
    name = f"{CATEGORIES[model.category].brands[model.tier]} {model.kind}"
    return name if option is None else f"{name}, {option}"


def _attributes(category: DemoCategory, kind: Kind, option: Option) -> dict[str, str]:
    colour, size = option
    values = {"colour": colour if category.has_colours else None, "size": size, "material": kind.material}
    return {name: value for name, value in values.items() if value is not None}
