"""Which rules each product is a target of, decided once for each product."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import UNSET

from domain.ranking.catalogue import Catalogue
from domain.ranking.indexes import NO_PRODUCTS, Indexes, positions_in, union
from domain.records.recommendations import ListRequest
from domain.records.rules import Rule
from domain.records.values import DAY


class RuleTargets:
    """The targets of `rules` in a catalogue, as codes: products of the same rules have the same code.

    `indexes` has the product index of each id that rules name; the catalogue has the rows of these. A product is decided
    when a list first considers it, and again after it changed. `day` is the one that ages count from (days since 1970).
    """

    def __init__(self, rules: Sequence[Rule], catalogue: Catalogue, indexes: Mapping[str, int], *, day: int) -> None:
        self.indexes = indexes
        self.catalogue = catalogue
        self.day = day
        self.rules_of: list[Indexes] = []
        """The positions of the rules of each code."""
        self._conditions = [_Condition(rule, catalogue, indexes, day=day) for rule in rules]
        self._codes = np.empty(0, dtype=np.int32)
        self._decided_in = np.empty(0, dtype=np.int64)
        self._code_of: dict[bytes, int] = {}

    def codes(self, products: Indexes) -> npt.NDArray[np.int32]:
        """Return the code of each of `products`, which the catalogue has."""
        written_in = self.catalogue.written_in
        if len(self._codes) < len(written_in):
            n_more = len(written_in) - len(self._codes)
            self._codes = np.append(self._codes, np.zeros(n_more, dtype=np.int32))
            self._decided_in = np.append(self._decided_in, np.zeros(n_more, dtype=np.int64))
        undecided = products[self._decided_in[products] != written_in[products]]
        if len(undecided):
            self._decide(union(undecided))
        return self._codes[products]

    def _decide(self, products: Indexes) -> None:
        passing = np.stack([condition.passing(products, self.catalogue) for condition in self._conditions])
        for index, packed in zip(products.tolist(), np.packbits(passing, axis=0).T, strict=True):
            key = packed.tobytes()
            if (code := self._code_of.get(key)) is None:
                code = self._code_of[key] = len(self.rules_of)
                self.rules_of.append(np.flatnonzero(np.unpackbits(packed)))
            self._codes[index] = code
        self._decided_in[products] = self.catalogue.written_in[products]


class _Condition:
    """What the target of one rule asks of a product."""

    def __init__(self, rule: Rule, catalogue: Catalogue, indexes: Mapping[str, int], *, day: int) -> None:
        target = rule.target
        self._request: ListRequest | None = request if (request := target.filtered).is_filtered else None
        self._oldest = 0 if target.newer_than_days is UNSET else (day - target.newer_than_days) * DAY
        self._groups: npt.NDArray[np.int32] | None = None
        if target.product_ids:
            named = union(NO_PRODUCTS, products_of(rule, indexes))
            self._groups = catalogue.group_codes[named[catalogue.exist(named)]]

    def passing(self, products: Indexes, catalogue: Catalogue) -> npt.NDArray[np.bool_]:
        """Return which of `products`, ascending and all of the catalogue, are targets."""
        passing = catalogue.created_at[products] >= self._oldest
        if self._groups is not None:
            passing &= np.isin(catalogue.group_codes[products], self._groups)
        if self._request is not None:
            passing &= positions_in(catalogue.admitted(products, self._request), products) >= 0
        return passing


def products_of(rule: Rule, indexes: Mapping[str, int]) -> Indexes:
    """Return the products that a rule names by ids, each once, in the order of the ids; unknown ids are of none."""
    named = dict.fromkeys(indexes[product_id] for product_id in rule.target.product_ids if product_id in indexes)
    return np.array(list(named), dtype=np.intp)
