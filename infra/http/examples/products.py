"""Examples of the endpoints below `/products`."""

from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.lists import INSTANT, SLEEPING_MAT

_SHOWN = ("product_id", "name", "category", "brand", "price", "currency", "url", "image_url")

PRODUCTS = {
    "update_products": OperationExamples(
        examples=(
            Example(
                summary="A new price, a new stock, and a new product",
                body={
                    "products": [
                        {"product_id": "p-014", "price": 39.95},
                        {"product_id": "p-011", "in_stock": 12},
                        {
                            "product_id": "bottle-1l",
                            "name": "Trailhead drinking bottle, 1 litre",
                            "category": "outdoor/hiking",
                            "brand": "Trailhead",
                            "price": 24.95,
                            "currency": "EUR",
                            "tags": ["new"],
                            "attributes": {"colour": "blue", "litres": 1, "dishwasher_safe": True},
                            "aliases": ["4006381333931"],
                        },
                    ]
                },
                answer={"new": 1, "changed": 1, "unchanged": 1},
            ),
        ),
        refused={"products": [{"product_id": "p-014", "price": -1}]},
        problems={
            "validation": Details(errors={"#/products/0/price": "Expected `float` >= 0.0"}),
            "too-many-items": Details(errors={"#/products": "Expected `array` of length <= 500"}),
        },
    ),
    "get_product": OperationExamples(
        examples=(
            Example(
                parameters={"product_id": "p-014"},
                answer={name: SLEEPING_MAT[name] for name in _SHOWN}
                | {
                    "tags": ["mat", "classic"],
                    "attributes": {"colour": "green", "material": "foam"},
                    "variant_of": None,
                    "aliases": [],
                    "in_stock": True,
                    "withdrawn": False,
                    "created_at": INSTANT,
                    "views": 31,
                    "orders": 6,
                    "customers": 27,
                },
            ),
        ),
        refused={"product_id": "p-014 "},
        problems={
            "validation": Details(
                errors={
                    "#/path/product_id": "Expected printable text without invisible characters, without blanks at the"
                    " ends or two in a row, and no reserved path name (`.`, `..`)"
                }
            )
        },
    ),
}
