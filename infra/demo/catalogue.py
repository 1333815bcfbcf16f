"""The catalogue of the demo shop: 16 categories, each product in a cheap, a regular and an expensive brand."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from msgspec import Struct

from domain.records.products import ProductChange


class DemoCategory(Struct, frozen=True):
    """A category with its three brands, cheapest first, and the regular price of each product."""

    brands: tuple[str, str, str]
    prices: dict[str, float]


PRICE_FACTORS = (0.62, 1.0, 1.75)
"""Price of each brand relative to the regular price."""

CATEGORIES: dict[str, DemoCategory] = {
    "outdoor/camping": DemoCategory(("Campo", "Trailhead", "Nordhut"), {
        "2-person tent": 149, "sleeping bag": 89, "gas stove": 45, "head lamp": 29, "sleeping mat": 39,
        "cooking set": 34, "camping chair": 42, "water filter": 36,
    }),
    "outdoor/hiking": DemoCategory(("Wanderlite", "Trailhead", "Alpina"), {
        "hiking boots": 129, "trekking poles": 59, "45-litre backpack": 99, "rain jacket": 119, "hiking socks": 16,
        "drinking bottle": 22, "hiking map case": 18, "fleece pullover": 65,
    }),
    "outdoor/cycling": DemoCategory(("Rollo", "Veloce", "Corsa"), {
        "bicycle helmet": 69, "bicycle lock": 45, "front light": 39, "rear light": 19, "cycling shorts": 55,
        "floor pump": 42, "saddle bag": 24, "repair kit": 15,
    }),
    "sports/running": DemoCategory(("Pacer", "Stride", "Aerofox"), {
        "running shoes": 110, "running shirt": 35, "running tights": 49, "sports watch": 179, "hydration belt": 29,
        "reflective vest": 22, "running cap": 19, "foam roller": 25,
    }),
    "sports/yoga": DemoCategory(("Asana Basics", "Lotus", "Prana Studio"), {
        "yoga mat": 39, "yoga block": 12, "meditation cushion": 45, "resistance bands": 18, "yoga leggings": 55,
        "yoga strap": 10, "bolster": 49, "yoga towel": 24,
    }),
    "home/lamps": DemoCategory(("Lampo", "Lumo", "Atelier Clair"), {
        "reading lamp": 49, "floor lamp": 99, "pendant lamp": 119, "desk lamp": 59, "night light": 19,
        "wall lamp": 69, "string lights": 22, "dimmable bulb": 12,
    }),
    "home/kitchen": DemoCategory(("Kochfix", "Cucina", "Maison Cuivre"), {
        "chef's knife": 69, "frying pan": 55, "cutting board": 29, "mixing bowl set": 35, "stock pot": 65,
        "kitchen scale": 25, "bread knife": 35, "measuring spoons": 12,
    }),
    "home/coffee": DemoCategory(("Brewly", "Cremina", "Torrefatto"), {
        "espresso machine": 349, "coffee grinder": 129, "milk frother": 39, "tamper": 24, "espresso cups": 28,
        "pour-over dripper": 26, "gooseneck kettle": 69, "knock box": 22,
    }),
    "home/bedding": DemoCategory(("Schlafgut", "Linnea", "Casa Lino"), {
        "duvet": 119, "down pillow": 59, "linen sheet set": 99, "duvet cover": 65, "mattress topper": 149,
        "wool blanket": 79, "cotton sheet": 35, "pillowcase pair": 25,
    }),
    "electronics/photo": DemoCategory(("Snapio", "Optika", "Lichtwerk"), {
        "mirrorless camera": 799, "50 mm lens": 279, "tripod": 99, "camera bag": 69, "memory card": 29,
        "polarising filter": 49, "spare battery": 39, "lens cleaning kit": 15,
    }),
    "electronics/audio": DemoCategory(("Tonix", "Klang", "Audire"), {
        "over-ear headphones": 149, "wireless earbuds": 99, "bookshelf speakers": 249, "record player": 229,
        "Bluetooth speaker": 79, "headphone stand": 25, "speaker cable": 18, "record brush": 14,
    }),
    "garden/plants": DemoCategory(("Grünzeug", "Florena", "Hortus"), {
        "tomato seedlings": 9, "lavender plant": 12, "rose bush": 24, "herb set": 16, "olive tree": 59,
        "wildflower seeds": 6, "tulip bulbs": 11, "potting soil": 10,
    }),
    "garden/tools": DemoCategory(("Beetle", "Florena", "Sheffield & Son"), {
        "pruning shears": 29, "garden spade": 39, "watering can": 25, "gardening gloves": 14, "wheelbarrow": 89,
        "raised bed": 79, "hand rake": 17, "garden hose": 35,
    }),
    "pets/dogs": DemoCategory(("Wuff", "Canis", "Rover & Co"), {
        "dog bed": 59, "dog lead": 24, "dog collar": 18, "chew toy": 12, "food bowl": 15, "dog brush": 16,
        "travel crate": 79, "dog coat": 39,
    }),
    "food/dog food": DemoCategory(("Wuff", "Canis", "Rover & Co"), {
        "puppy food": 29, "adult dog food": 32, "grain-free dog food": 42, "dog treats": 8, "dental sticks": 9,
        "senior dog food": 34, "wet food tins": 19, "training treats": 7,
    }),
    "food/coffee": DemoCategory(("Mokka", "Finca", "Torrefatto"), {
        "house espresso": 14, "single-origin Ethiopia": 19, "single-origin Colombia": 17, "decaf espresso": 16,
        "filter roast": 15, "dark roast": 13, "cold brew blend": 16, "espresso tasting set": 29,
    }),
}  # fmt: skip

CONSUMABLES = ("food/dog food", "food/coffee")
OUT_OF_STOCK_SHARE = 0.03

Variant = tuple[str, str, int]
"""A category path, a product of it, and the tier of the brand."""


class DemoProduct(Struct, frozen=True):
    """A product with its appeal to shoppers; `tier` is 0 for the cheapest brand of its category and 2 for the dearest."""

    product_id: str
    category: str
    tier: int
    price: float
    appeal: float
    change: ProductChange


def catalogue(random: Random, *, now: datetime) -> list[DemoProduct]:
    """Return all products, `p-001` and on, added to the shop during the two years before `now`."""
    return [_product(f"p-{number:03}", variant, random, now=now) for number, variant in enumerate(_variants(), start=1)]


def _variants() -> Iterator[Variant]:
    for path, category in CATEGORIES.items():
        for product in category.prices:
            for tier in range(len(PRICE_FACTORS)):
                yield path, product, tier


def _product(product_id: str, variant: Variant, random: Random, *, now: datetime) -> DemoProduct:
    path, product, tier = variant
    category = CATEGORIES[path]
    price = round(category.prices[product] * PRICE_FACTORS[tier] * random.uniform(0.93, 1.07)) - 0.05
    return DemoProduct(
        product_id=product_id,
        category=path,
        tier=tier,
        price=price,
        appeal=random.lognormvariate(0.0, 0.6),
        change=ProductChange(
            product_id=product_id,
            name=f"{category.brands[tier]} {product}",
            category=path,
            brand=category.brands[tier],
            price=round(price, 2),
            currency="EUR",
            tags=(product.rsplit(maxsplit=1)[-1], ("value", "classic", "premium")[tier]),
            in_stock=random.random() >= OUT_OF_STOCK_SHARE,
            withdrawn=False,
            created_at=now - timedelta(days=random.randrange(1, 730), minutes=random.randrange(1440)),
        ),
    )
