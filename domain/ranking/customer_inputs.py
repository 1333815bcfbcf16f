"""Everything that a list of what a customer bought or looked at before is computed from."""

from msgspec import Struct

from domain.ranking.catalogue import Catalogue
from domain.ranking.history import History
from domain.ranking.model import Model


class CustomerInputs(Struct, frozen=True, kw_only=True):
    """The data behind one list; `catalogue` has at least the products of the `history`, which has each variant as it is."""

    history: History
    model: Model
    catalogue: Catalogue
