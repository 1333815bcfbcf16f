"""What the demo shop sells: categories with three brands each, and the kinds of products that every brand makes."""

from msgspec import Struct

CLOTHES = ("S", "M", "L")
SHOES = ("39", "42", "45")
BEDS = ("140 cm", "200 cm")
COFFEE = ("250 g", "1 kg")
DRY_FOOD = ("2 kg", "10 kg")

SIZE_FACTORS = {"200 cm": 1.4, "1 kg": 3.5, "10 kg": 4.2}
"""Prices of larger sizes relative to the smallest; clothes cost the same in every size."""


class Kind(Struct, frozen=True):
    """A kind of product: `price` is that of the middle brand in EUR, `drawing` the picture, `colours` names of the palette.

    Each of the three brands has its own of the first three colours; further colours are variants that all of them offer.
    """

    price: float
    drawing: str
    colours: str
    material: str | None = None
    sizes: tuple[str, ...] = ()


class DemoCategory(Struct, frozen=True):
    """A category with its three brands, cheapest first; customers use up its products in about `lasts_days`, if at all.

    With `has_colours`, colours are those of the products, otherwise only those of their packages.
    """

    brands: tuple[str, str, str]
    kinds: dict[str, Kind]
    lasts_days: float | None = None
    has_colours: bool = True


CATEGORIES: dict[str, DemoCategory] = {
    "outdoor/camping": DemoCategory(("Campo", "Trailhead", "Nordhut"), {
        "2-person tent": Kind(149, "tent", "sand moss rust sky", "polyester"),
        "sleeping bag": Kind(89, "sleeping-bag", "blue teal plum", "down"),
        "gas stove": Kind(45, "stove", "sky red moss", "steel"),
        "head lamp": Kind(29, "head-lamp", "orange blue red charcoal", "aluminium"),
        "sleeping mat": Kind(39, "mat", "teal rust navy", "foam"),
        "cooking set": Kind(34, "pot", "steel charcoal copper", "aluminium"),
        "camping chair": Kind(42, "camping-chair", "moss navy sand", "canvas"),
        "water filter": Kind(36, "water-filter", "blue steel teal", "ceramic"),
    }),
    "outdoor/hiking": DemoCategory(("Wanderlite", "Trailhead", "Alpina"), {
        "hiking boots": Kind(129, "boots", "moss brown charcoal", "leather", SHOES),
        "trekking poles": Kind(59, "poles", "red blue charcoal", "carbon"),
        "45-litre backpack": Kind(99, "backpack", "orange navy moss charcoal", "nylon"),
        "rain jacket": Kind(119, "jacket", "yellow blue rust", "nylon", CLOTHES),
        "hiking socks": Kind(16, "socks", "grey rust moss", "merino"),
        "drinking bottle": Kind(22, "bottle", "sky teal copper rose", "steel"),
        "hiking map case": Kind(18, "map-case", "moss steel brown", "canvas"),
        "fleece pullover": Kind(65, "pullover", "grey teal plum", "fleece", CLOTHES),
    }),
    "outdoor/cycling": DemoCategory(("Rollo", "Veloce", "Corsa"), {
        "bicycle helmet": Kind(69, "helmet", "blue mint red charcoal", "polycarbonate"),
        "bicycle lock": Kind(45, "lock", "charcoal yellow steel", "steel"),
        "front light": Kind(39, "bike-light", "sky yellow ivory", "aluminium"),
        "rear light": Kind(19, "bike-light", "red rust rose", "aluminium"),
        "cycling shorts": Kind(55, "shorts", "charcoal navy plum", "polyester", CLOTHES),
        "floor pump": Kind(42, "floor-pump", "red steel yellow", "steel"),
        "saddle bag": Kind(24, "saddle-bag", "grey teal brown", "nylon"),
        "repair kit": Kind(15, "tool-kit", "orange blue charcoal", "steel"),
    }),
    "sports/running": DemoCategory(("Pacer", "Stride", "Aerofox"), {
        "running shoes": Kind(110, "shoe", "grey sky orange", "mesh", SHOES),
        "running shirt": Kind(35, "shirt", "yellow mint blue", "polyester", CLOTHES),
        "running tights": Kind(49, "tights", "charcoal navy plum", "elastane", CLOTHES),
        "sports watch": Kind(179, "watch", "charcoal mint orange", "silicone"),
        "hydration belt": Kind(29, "hydration-belt", "blue orange steel", "nylon"),
        "reflective vest": Kind(22, "vest", "yellow orange mint", "polyester"),
        "running cap": Kind(19, "cap", "navy red charcoal", "cotton"),
        "foam roller": Kind(25, "roller", "blue orange charcoal", "foam"),
    }),
    "sports/yoga": DemoCategory(("Asana Basics", "Lotus", "Prana Studio"), {
        "yoga mat": Kind(39, "mat", "sky plum rose moss", "natural rubber"),
        "yoga block": Kind(12, "block", "plum mint sand", "cork"),
        "meditation cushion": Kind(45, "cushion", "orange plum moss", "buckwheat"),
        "resistance bands": Kind(18, "bands", "yellow rose teal", "latex"),
        "yoga leggings": Kind(55, "tights", "grey rose teal", "elastane", CLOTHES),
        "yoga strap": Kind(10, "strap", "sky plum sand", "cotton"),
        "bolster": Kind(49, "bolster", "rust plum teal", "cotton"),
        "yoga towel": Kind(24, "folded", "mint rose steel", "microfibre"),
    }),
    "home/lamps": DemoCategory(("Lampo", "Lumo", "Atelier Clair"), {
        "reading lamp": Kind(49, "reading-lamp", "charcoal mint copper", "steel"),
        "floor lamp": Kind(99, "floor-lamp", "ivory mint rust", "linen"),
        "pendant lamp": Kind(119, "pendant", "yellow red copper charcoal", "steel"),
        "desk lamp": Kind(59, "desk-lamp", "red navy copper mint", "steel"),
        "night light": Kind(19, "night-light", "red rose teal", "silicone"),
        "wall lamp": Kind(69, "wall-lamp", "charcoal steel copper", "brass"),
        "string lights": Kind(22, "string-lights", "rose mint orange", "glass"),
        "dimmable bulb": Kind(12, "bulb", "grey steel copper", "glass"),
    }),
    "home/kitchen": DemoCategory(("Kochfix", "Cucina", "Maison Cuivre"), {
        "chef's knife": Kind(69, "chefs-knife", "charcoal red brown", "steel"),
        "frying pan": Kind(55, "pan", "red teal copper", "cast iron"),
        "cutting board": Kind(29, "board", "sand brown copper", "oak"),
        "mixing bowl set": Kind(35, "bowls", "mint rose steel", "steel"),
        "stock pot": Kind(65, "pot", "orange red copper", "enamel"),
        "kitchen scale": Kind(25, "scale", "ivory mint copper", "glass"),
        "bread knife": Kind(35, "bread-knife", "charcoal red brown", "steel"),
        "measuring spoons": Kind(12, "spoons", "mint steel copper", "steel"),
    }),
    "home/coffee": DemoCategory(("Brewly", "Cremina", "Torrefatto"), {
        "espresso machine": Kind(349, "espresso-machine", "mint red steel ivory", "steel"),
        "coffee grinder": Kind(129, "grinder", "charcoal red steel", "steel"),
        "milk frother": Kind(39, "milk-jug", "sky red steel", "steel"),
        "tamper": Kind(24, "tamper", "charcoal red brown", "steel"),
        "espresso cups": Kind(28, "cups", "sky rust navy ivory", "porcelain"),
        "pour-over dripper": Kind(26, "dripper", "ivory rose teal", "ceramic"),
        "gooseneck kettle": Kind(69, "kettle", "charcoal teal copper", "steel"),
        "knock box": Kind(22, "knock-box", "charcoal red brown", "steel"),
    }),
    "home/bedding": DemoCategory(("Schlafgut", "Linnea", "Casa Lino"), {
        "duvet": Kind(119, "duvet", "ivory sky grey", "down", BEDS),
        "down pillow": Kind(59, "pillow", "sky mint rose", "down"),
        "linen sheet set": Kind(99, "folded", "sand mint plum", "linen", BEDS),
        "duvet cover": Kind(65, "folded", "blue rust sky", "cotton", BEDS),
        "mattress topper": Kind(149, "mattress", "sky grey mint", "foam", BEDS),
        "wool blanket": Kind(79, "blanket", "rust mint plum grey", "wool"),
        "cotton sheet": Kind(35, "folded", "rose yellow grey", "cotton", BEDS),
        "pillowcase pair": Kind(25, "pillow-pair", "blue sand rose", "cotton"),
    }),
    "electronics/photo": DemoCategory(("Snapio", "Optika", "Lichtwerk"), {
        "mirrorless camera": Kind(799, "camera", "red charcoal brown", "magnesium"),
        "50 mm lens": Kind(279, "lens", "blue red copper", "glass"),
        "tripod": Kind(99, "tripod", "blue red steel", "carbon"),
        "camera bag": Kind(69, "camera-bag", "navy moss brown", "canvas"),
        "memory card": Kind(29, "memory-card", "blue red charcoal", "plastic"),
        "polarising filter": Kind(49, "filter-ring", "sky teal plum", "glass"),
        "spare battery": Kind(39, "battery", "yellow red blue", "lithium"),
        "lens cleaning kit": Kind(15, "cleaning-kit", "sky red charcoal", "microfibre"),
    }),
    "electronics/audio": DemoCategory(("Tonix", "Klang", "Audire"), {
        "over-ear headphones": Kind(149, "headphones", "blue charcoal brown ivory", "leather"),
        "wireless earbuds": Kind(99, "earbuds", "mint charcoal copper rose", "plastic"),
        "bookshelf speakers": Kind(249, "speakers", "grey brown charcoal", "walnut"),
        "record player": Kind(229, "record-player", "red mint brown", "walnut"),
        "Bluetooth speaker": Kind(79, "bt-speaker", "orange teal charcoal", "polyester"),
        "headphone stand": Kind(25, "headphone-stand", "steel sand brown", "oak"),
        "speaker cable": Kind(18, "cable", "red blue copper", "copper"),
        "record brush": Kind(14, "record-brush", "red steel brown", "velvet"),
    }),
    "garden/plants": DemoCategory(("Grünzeug", "Florena", "Hortus"), {
        "tomato seedlings": Kind(9, "seedlings", "brown rust teal"),
        "lavender plant": Kind(12, "lavender", "rust sand steel"),
        "rose bush": Kind(24, "rose-bush", "rose red yellow"),
        "herb set": Kind(16, "herbs", "brown sand teal"),
        "olive tree": Kind(59, "olive-tree", "rust ivory steel"),
        "wildflower seeds": Kind(6, "seeds", "sky moss plum"),
        "tulip bulbs": Kind(11, "tulips", "red yellow plum"),
        "potting soil": Kind(10, "soil", "brown moss charcoal"),
    }, has_colours=False),
    "garden/tools": DemoCategory(("Beetle", "Florena", "Sheffield & Son"), {
        "pruning shears": Kind(29, "shears", "orange red brown", "steel"),
        "garden spade": Kind(39, "spade", "orange moss brown", "steel"),
        "watering can": Kind(25, "watering-can", "teal yellow copper", "zinc"),
        "gardening gloves": Kind(14, "gloves", "yellow moss brown", "leather"),
        "wheelbarrow": Kind(89, "wheelbarrow", "blue moss red", "steel"),
        "raised bed": Kind(79, "raised-bed", "grey sand brown", "larch"),
        "hand rake": Kind(17, "hand-rake", "orange moss brown", "steel"),
        "garden hose": Kind(35, "hose", "orange moss teal", "rubber"),
    }),
    "pets/dogs": DemoCategory(("Wuff", "Canis", "Rover & Co"), {
        "dog bed": Kind(59, "dog-bed", "sky rust steel", "cotton", CLOTHES),
        "dog lead": Kind(24, "dog-lead", "red blue brown", "leather"),
        "dog collar": Kind(18, "dog-collar", "red blue brown", "leather", CLOTHES),
        "chew toy": Kind(12, "chew-toy", "orange sky moss", "rubber"),
        "food bowl": Kind(15, "bowl", "red sky steel", "steel"),
        "dog brush": Kind(16, "dog-brush", "sky orange brown", "beech"),
        "travel crate": Kind(79, "crate", "sky moss grey", "plastic"),
        "dog coat": Kind(39, "dog-coat", "red navy moss", "fleece", CLOTHES),
    }),
    "food/dog food": DemoCategory(("Wuff", "Canis", "Rover & Co"), {
        "puppy food": Kind(29, "dog-food", "yellow sky rose", sizes=DRY_FOOD),
        "adult dog food": Kind(32, "dog-food", "red blue brown", sizes=DRY_FOOD),
        "grain-free dog food": Kind(42, "dog-food", "mint moss teal", sizes=DRY_FOOD),
        "dog treats": Kind(8, "treats", "red blue brown"),
        "dental sticks": Kind(9, "treats", "mint sky teal"),
        "senior dog food": Kind(34, "dog-food", "grey steel plum", sizes=DRY_FOOD),
        "wet food tins": Kind(19, "tins", "red blue copper"),
        "training treats": Kind(7, "treats", "yellow orange rust"),
    }, lasts_days=21, has_colours=False),
    "food/coffee": DemoCategory(("Mokka", "Finca", "Torrefatto"), {
        "house espresso": Kind(14, "coffee-bag", "red rust brown", sizes=COFFEE),
        "single-origin Ethiopia": Kind(19, "coffee-bag", "orange yellow teal", sizes=COFFEE),
        "single-origin Colombia": Kind(17, "coffee-bag", "yellow moss plum", sizes=COFFEE),
        "decaf espresso": Kind(16, "coffee-bag", "mint sky steel", sizes=COFFEE),
        "filter roast": Kind(15, "coffee-bag", "sand copper blue", sizes=COFFEE),
        "dark roast": Kind(13, "coffee-bag", "charcoal brown navy", sizes=COFFEE),
        "cold brew blend": Kind(16, "coffee-bag", "sky blue mint"),
        "espresso tasting set": Kind(29, "gift-box", "red rust navy"),
    }, lasts_days=14, has_colours=False),
    "home/coffee supplies": DemoCategory(("Brewly", "Cremina", "Torrefatto"), {
        "coffee filters": Kind(5, "paper-filters", "moss red brown"),
        "descaler": Kind(9, "descaler", "sky red steel"),
        "cleaning tablets": Kind(12, "tablets", "sky red charcoal"),
        "water filter jug": Kind(29, "filter-jug", "sky rose steel"),
    }, lasts_days=28, has_colours=False),
    "home/laundry": DemoCategory(("Blitzrein", "Marina", "Savon & Fils"), {
        "laundry detergent": Kind(11, "detergent", "blue teal plum"),
        "colour detergent": Kind(12, "detergent", "rose orange red"),
        "wool detergent": Kind(9, "detergent", "sky mint rose"),
        "fabric softener": Kind(6, "softener", "sky rose plum"),
        "dishwasher tabs": Kind(13, "dish-tabs", "blue mint steel"),
        "stain spray": Kind(7, "stain-spray", "yellow orange rust"),
    }, lasts_days=30, has_colours=False),
}  # fmt: skip
