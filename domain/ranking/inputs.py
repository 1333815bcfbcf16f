"""Everything that one list is computed from, and the one rule of which trends and candidates belong to it."""

from collections.abc import Collection
from itertools import islice

from msgspec import Struct

from domain.ranking.catalogue import Catalogue
from domain.ranking.category_tree import NO_CATEGORY
from domain.ranking.history import History
from domain.ranking.indexes import Indexes
from domain.ranking.model import Model, WeightedProducts
from domain.ranking.neighbour_table import NeighbourTable
from domain.records.customers import SegmentInputs
from domain.records.recommendations import ListRequest

MAX_HISTORY_CATEGORIES = 16
"""How many categories of a history contribute their popular products."""


class RankingInputs(Struct, frozen=True, kw_only=True):
    """The data behind one customer's list.

    `history` has one product of each group of variants; `catalogue` has at least its products, and `neighbours` at
    least their lists; `category_trends` are the popular products of `trend_categories`, packed; `recent_popularity` is
    filled only while the shop has no model.
    """

    customer_id: str
    segment_inputs: SegmentInputs
    history: History
    model: Model
    catalogue: Catalogue
    neighbours: NeighbourTable
    category_trends: dict[str, bytes]
    recent_popularity: WeightedProducts = WeightedProducts()


def trend_categories(history: History, catalogue: Catalogue, *, asked: Collection[str]) -> list[str]:
    """Return the categories whose popular products a list considers: those `asked` for, then those of the history."""
    newest_first = catalogue.category_codes[history.products][history.positions]
    codes: dict[int, None] = dict.fromkeys(newest_first.tolist())
    codes.pop(NO_CATEGORY, None)
    categories = dict.fromkeys(sorted(asked))
    categories.update((catalogue.categories.paths[code], None) for code in islice(codes, MAX_HISTORY_CATEGORIES))
    return list(categories)[:MAX_HISTORY_CATEGORIES]


class CandidateQuery(Struct, frozen=True, kw_only=True):
    """The products to score.

    `product_indexes` come first, then the newest `n_newest` of each of `categories` and `n_newest_of_shop` of all. Where
    fewer than `n_fill` of them are new to the customer, the newest products that pass the filters of `request` fill the
    list up. `own` are the indexes of the customer's own products, ascending, whose rows
    the catalogue has. Of a group of variants, only the newest
    available product is one of the newest.
    """

    product_indexes: Indexes
    categories: tuple[str, ...]
    n_newest: int
    n_newest_of_shop: int
    n_fill: int
    own: Indexes
    request: ListRequest

    def n_missing(self, admitted: Indexes, catalogue: Catalogue) -> int:
        """Return the number of newest products to read to fill the list, 0 if it is full.

        The newest ones may be among `admitted` or `own`, hence the margin. A group of variants counts once.
        """
        is_new = ~catalogue.are_variants(admitted, self.own)
        missing = self.n_fill - catalogue.n_groups(admitted[is_new])
        return missing + len(admitted) + len(self.own) if missing > 0 else 0
