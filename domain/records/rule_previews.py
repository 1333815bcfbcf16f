"""Previews of rules: what a request asks for, and the answer."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.errors import InvalidField, InvalidFields
from domain.records.recommendations import DEFAULT_LIMIT, Kind, RecommendedProduct
from domain.records.rules import Rule
from domain.records.values import CustomerId, Id

MAX_CUSTOMERS = 20
MAX_PREVIEW_LIMIT = 20
DEFAULT_SAMPLE = 5


class PreviewRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `rule` that may be unsaved, or the `rule_id` of a saved one, and for whom to compute the lists."""

    rule: Rule | UnsetType = UNSET
    rule_id: Id | UnsetType = UNSET
    customer_ids: Annotated[tuple[CustomerId, ...], Meta(max_length=MAX_CUSTOMERS)] = ()
    sample: Annotated[int, Meta(ge=1, le=MAX_CUSTOMERS)] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=MAX_PREVIEW_LIMIT)] = DEFAULT_LIMIT

    def check(self) -> None:
        """Raise InvalidFields for all members that do not fit together."""
        if found := [InvalidField(f"#/{name}", detail) for name, detail in self._faults()]:
            raise InvalidFields(*found)

    def _faults(self) -> Iterator[tuple[str, str]]:
        if (self.rule is UNSET) == (self.rule_id is UNSET):
            yield "rule", "Expected either a `rule` or a `rule_id`"
        if isinstance(self.rule, Rule):
            yield from ((f"rule/{name}", detail) for name, detail in self.rule.faults())
        if self.customer_ids and self.sample is not UNSET:
            yield "sample", "Expected either `customer_ids` or a `sample`"


class ListChange(Struct, frozen=True, kw_only=True):
    """The list of a customer before and after."""

    customer_id: str
    is_changed: bool
    before: list[RecommendedProduct]
    after: list[RecommendedProduct]


class HitsCost(Struct, frozen=True, kw_only=True):
    """What a rule costs in hits: how many products of the last order a list of ten has, as means over `customers`.

    The lists know nothing of these orders. `low` and `high` are the ends of the 95 % interval of the paired `difference`:
    the rule costs hits where both are below 0.
    """

    customers: int
    before: float
    after: float
    difference: float
    low: float
    high: float


class Surprises(Struct, frozen=True, kw_only=True):
    """What may surprise about a rule.

    Products that nobody knows; how many of `n_lists` lists it would empty; a kind of lists in which it hides every product;
    and that it is not for the lists of customers, which a preview shows.
    """

    unknown_products: Sequence[str] = ()
    n_emptied: int = 0
    n_lists: int = 0
    emptied_kind: Kind | None = None
    is_for_other_lists: bool = False

    @property
    def empties_lists(self) -> bool:
        return self.n_emptied > 0 or self.emptied_kind is not None

    @property
    def warnings(self) -> list[str]:
        """The sentences of an answer."""
        found: list[str] = []
        if self.is_for_other_lists:
            found.append("The rule is not for lists of the kind `for-customer`, which the preview shows.")
        if self.unknown_products:
            found.append(f"No product has the id {', '.join(self.unknown_products)}.")
        if self.n_emptied:
            found.append(f"{self.n_emptied} of {self.n_lists} lists would be empty.")
        if self.emptied_kind:
            found.append(f"Lists of the kind `{self.emptied_kind}` would be empty: it hides every product there.")
        return found


class RulePreview(Struct, frozen=True, kw_only=True):
    """What a rule would change: `n_changed` of the lists of `customers`, and `hits`, or `no_hits_because` of what not.

    `warnings` say what may surprise: unknown products, lists that would be empty, or that the rule is for other lists.
    """

    customers: list[ListChange]
    n_changed: int
    hits: HitsCost | None
    no_hits_because: str | UnsetType = UNSET
    warnings: list[str]
