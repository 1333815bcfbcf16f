"""Why a product is not in a customer's list: the verdict, and what it rests on."""

from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct

Unavailability = Literal["unlisted", "withdrawn", "out_of_stock"]

Verdict = Literal[
    "unlisted",
    "withdrawn",
    "out_of_stock",
    "excluded",
    "outside_filters",
    "returned",
    "bought_not_due",
    "hidden_by_rule",
    "in_history",
    "variant_in_list",
    "no_signal",
    "not_a_candidate",
    "ranked_below",
    "in_list",
]
"""The first thing that keeps a product out of a list, in the order in which a list is made; `in_list` if nothing does."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

DIVERSITY = "diversity"
"""What the score of a place lost to similar products above it and to the quotas of places, among the parts of the score."""


class ProductStatus(Struct, frozen=True, kw_only=True):
    """A product as it stands in the catalogue; what events alone have named is not `listed`."""

    product_id: str
    product_index: int
    in_stock: bool
    withdrawn: bool
    listed: bool

    @property
    def unavailability(self) -> Unavailability:
        """What keeps a product that is not available out of every list, what lasts longest first."""
        if not self.listed:
            return "unlisted"
        return "withdrawn" if self.withdrawn else "out_of_stock"


class ScorePart(Struct, frozen=True, kw_only=True, gc=False):
    """What a source adds to a score; `diversity` is what similar products above it and the quotas of places take away."""

    source: str
    amount: float


class WhyNot(Struct, frozen=True, kw_only=True):
    """Why a product is in a customer's list of `limit` products or not.

    `verdict` is the first thing that keeps it out. `parts` add up to the `score`; both are there where availability, filters
    and purchases keep nothing out. `rank` is that of the product, or of the `variant` of it that ranks higher, also beyond
    the list. `score_of_last_shown` and `parts_of_last_shown` are those of `last_shown`, the last product of the list.
    `due_at` ends the usual interval after which the bought product may return. `filters` are those that the product does not
    pass, `rules` are the names of those that hide it, and `pinned_by` of those that pin others into the places that it would
    have. `advice` says in one sentence what would change the verdict.
    """

    customer_id: str
    product_id: str
    generated_at: datetime
    limit: int
    verdict: Verdict
    advice: str
    rank: int | None = None
    score: float | None = None
    parts: list[ScorePart] = []
    last_shown: str | None = None
    score_of_last_shown: float | None = None
    parts_of_last_shown: list[ScorePart] = []
    variant: str | None = None
    due_at: datetime | None = None
    filters: list[str] = []
    rules: list[str] = []
    pinned_by: list[str] = []
