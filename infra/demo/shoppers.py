"""The customers of the demo shop: what they like, and how much they spend."""

from random import Random

from msgspec import UNSET, Struct

from domain.records.customers import SEGMENTS, CustomerChange, Segment

N_CUSTOMERS = 500
N_GUESTS = 40

TASTES: dict[str, dict[str, float]] = {
    "camper": {"outdoor/camping": 0.65, "outdoor/hiking": 0.35},
    "hiker": {"outdoor/hiking": 0.75, "outdoor/camping": 0.25},
    "cyclist": {"outdoor/cycling": 0.85, "sports/running": 0.15},
    "runner": {"sports/running": 0.8, "sports/yoga": 0.2},
    "yogi": {"sports/yoga": 0.85, "home/bedding": 0.15},
    "barista": {"home/coffee": 0.65, "food/coffee": 0.25, "home/coffee supplies": 0.1},
    "cook": {"home/kitchen": 0.85, "home/coffee": 0.15},
    "homemaker": {"home/lamps": 0.45, "home/bedding": 0.45, "home/laundry": 0.1},
    "photographer": {"electronics/photo": 0.85, "outdoor/hiking": 0.15},
    "listener": {"electronics/audio": 0.9, "home/lamps": 0.1},
    "gardener": {"garden/plants": 0.5, "garden/tools": 0.5},
    "dog owner": {"pets/dogs": 0.75, "food/dog food": 0.25},
}
"""The categories of each taste and their shares."""

ASSIGNED_SHARE = 1 / 3
N_SIZES = 3
_FIRST_NAMES = ("Ada", "Ben", "Chloe", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kaja", "Luca", "Mira",
                "Noah", "Olga", "Paul", "Rosa", "Sami", "Tilda", "Yann")  # fmt: skip
_LAST_NAMES = ("Abel", "Baumann", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Horvat", "Ivanova", "Jansen",
               "Keller", "Lindqvist", "Moretti", "Novak", "Okafor", "Petit", "Quinn", "Rossi", "Silva", "Weber")  # fmt: skip


class Shopper(Struct, frozen=True, kw_only=True):
    """A customer with tastes; `segment` decides which brands, `size` which of the sizes of clothes, from small to large."""

    customer_id: str
    segment: Segment
    tastes: tuple[str, ...]
    size: int
    change: CustomerChange


def shoppers(random: Random) -> list[Shopper]:
    """Return 500 customers, a third with an assigned segment; `demo-1` is a camper who shops like a Regular customer."""
    customers: list[Shopper] = []
    for number in range(1, N_CUSTOMERS + 1):
        segment, tastes = _preferences(random)
        first, last = random.choice(_FIRST_NAMES), random.choice(_LAST_NAMES)
        is_assigned = random.random() < ASSIGNED_SHARE
        if number == 1:
            segment, tastes, is_assigned = "Regular", ("camper",), False
        change = CustomerChange(
            customer_id=f"demo-{number}",
            email=f"{first}.{last}.{number}@example.com".lower(),
            first_name=first,
            last_name=last,
            segment=segment if is_assigned else UNSET,
        )
        customers.append(_shopper(random, change, segment, tastes))
    return customers


def guests(random: Random) -> list[Shopper]:
    """Return 40 guests, `guest-1` and on, of whom the shop knows nothing but their events."""
    changes = (CustomerChange(customer_id=f"guest-{number}", is_guest=True) for number in range(1, N_GUESTS + 1))
    return [_shopper(random, change, *_preferences(random)) for change in changes]


def _preferences(random: Random) -> tuple[Segment, tuple[str, ...]]:
    segment = random.choices(SEGMENTS, weights=(2, 5, 3))[0]
    return segment, tuple(random.sample(list(TASTES), k=random.choices((1, 2, 3), weights=(5, 4, 1))[0]))


def _shopper(random: Random, change: CustomerChange, segment: Segment, tastes: tuple[str, ...]) -> Shopper:
    return Shopper(
        customer_id=change.customer_id, segment=segment, tastes=tastes, size=random.randrange(N_SIZES), change=change
    )
