"""Examples of the OpenAPI document, one module per group of endpoints; only the local app imports them."""

from infra.http.examples.attribution import ATTRIBUTION
from infra.http.examples.corrections import CORRECTIONS
from infra.http.examples.customers import CUSTOMERS
from infra.http.examples.diagnosis import DIAGNOSIS
from infra.http.examples.example import Details, Example, OperationExamples
from infra.http.examples.experiments import EXPERIMENTS
from infra.http.examples.guests import GUESTS
from infra.http.examples.product_lists import PRODUCT_LISTS
from infra.http.examples.products import PRODUCTS
from infra.http.examples.recommendations import RECOMMENDATIONS
from infra.http.examples.rules import RULES
from infra.http.examples.shop import SHOP

EXAMPLES = (
    CUSTOMERS
    | CORRECTIONS
    | GUESTS
    | PRODUCTS
    | PRODUCT_LISTS
    | RECOMMENDATIONS
    | ATTRIBUTION
    | RULES
    | SHOP
    | DIAGNOSIS
    | EXPERIMENTS
)
"""The examples of each endpoint, by its `operationId`."""

__all__ = ["EXAMPLES", "Details", "Example", "OperationExamples"]
