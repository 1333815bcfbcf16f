"""What every endpoint with a list takes from the query: the length and the filters.

A handler declares `requested: RequestedList` and `dependencies=LIST_REQUEST`.
"""

from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from domain.records.recommendations import ListRequest
from infra.http.parameters import Category, Excluded, Limit, MaxPrice, MinPrice


def list_request(
    limit: Limit = 10,
    category: Category = None,
    min_price: MinPrice = None,
    max_price: MaxPrice = None,
    exclude: Excluded = None,
) -> ListRequest:
    """Return the request for a list; raise InvalidField for parameters that contradict each other."""
    requested = ListRequest(
        limit=limit, category=category, min_price=min_price, max_price=max_price, exclude=frozenset(exclude or ())
    )
    requested.check()
    return requested


LIST_REQUEST = {"requested": Provide(list_request, sync_to_thread=False)}
RequestedList = NamedDependency[SkipValidation[ListRequest]]
