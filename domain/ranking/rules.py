"""Apply the rules of the shop to a list, after its products have scores and before the best are taken.

Every kind of list does the same: `kept` leaves out what rules hide, `apply` scales scores, and `seated` puts pinned products
in their places. Hide beats pin, and pin beats boost and bury. `docs/rules.md` describes the actions.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.catalogue import Catalogue
from domain.ranking.indexes import NO_PRODUCTS, Indexes, union
from domain.ranking.reasons import scored_product
from domain.ranking.rule_book import ListPlace, RuleBook
from domain.ranking.rule_targets import RuleTargets, products_of
from domain.records.product_lists import ScoredProduct
from domain.records.recommendations import RULE_SOURCE, Contribution
from domain.records.rules import Rule

T = TypeVar("T")

FACTOR = 1.25
"""What a boost of strength 1 multiplies a score by, and what a bury of strength 1 divides it by."""
MAX_NET_STRENGTH = 10
"""Strengths of several rules add up to this at most: a factor of 9.3."""


class Pin(Struct, frozen=True, kw_only=True):
    """A pinned product: its product index, its place in the list, from 0, and the position and the name of its rule."""

    product: int
    place: int
    position: int
    name: str

    @property
    def contributions(self) -> list[Contribution]:
        return [(RULE_SOURCE, self.name, 1.0)]


class ListRules:
    """The rules of one list: those at `positions` of `rules`, whose `targets` are decided for the list's catalogue.

    `digest` names the rules in stored lists.
    """

    def __init__(self, rules: Sequence[Rule], positions: Sequence[int], *, targets: RuleTargets, digest: str = "") -> None:
        self.digest = digest
        self._targets = targets
        self._rules = rules
        self._positions = frozenset(positions)
        own = [rules[position] for position in positions]
        self.hides = any(rule.action == "hide" for rule in own)
        self.scales = any(rule.action in {"boost", "bury"} for rule in own)
        self.largest_factor = _factor(sum(_strength(rule) for rule in own if rule.action == "boost"))
        """No score grows more than by this."""
        self._pins = _pins_of([(position, rules[position]) for position in positions], targets)
        self.pinned: Indexes = union(NO_PRODUCTS, np.array([pin.product for pin in self._pins], dtype=np.intp))
        """The product indexes of pins, ascending, whether the list may contain them or not."""
        self._hidden = np.empty(0, dtype=np.bool_)
        self._factors = np.empty(0)
        self._names: list[str] = []

    def kept(self, products: Indexes) -> Indexes:
        """Return those of `products`, all of the catalogue, that no rule hides."""
        if not self.hides:
            return products
        codes = self._decided(products)
        return products[~self._hidden[codes]]

    def that_hide(self, product: int) -> list[str]:
        """Return the names of the rules that hide a product of the catalogue."""
        if not self.hides:
            return []
        code = int(self._targets.codes(np.array([product]))[0])
        return [rule.name for rule in self._rules_at(self._targets.rules_of[code]) if rule.action == "hide"]

    def hint_without(self, products: Iterable[int]) -> str:
        """Return why a list is empty that would have `products` without rules; "" if no rule hides any of them."""
        names = dict.fromkeys(name for product in products for name in self.that_hide(product))
        return f"Rules hide products here: {', '.join(names)}." if names else ""

    def apply(self, products: Indexes, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the scores (n,) of `products` (n,) after boosts and buries; 0 for what rules hide."""
        if not (self.hides or self.scales):
            return scores
        codes = self._decided(products)
        return np.where(self._hidden[codes], 0.0, scores * self._factors[codes])

    def contributions(self, product: int, gain: float) -> list[Contribution]:
        """Return what rules added to the score of a product that `apply` saw, nothing if they lowered it.

        It names the strongest boost; of equal ones, the first saved.
        """
        if gain <= 0:
            return []
        code = int(self._targets.codes(np.array([product]))[0])
        return [(RULE_SOURCE, self._names[code], gain)]

    def pins_among(self, products: Indexes, catalogue: Catalogue) -> list[Pin]:
        """Return the pins of products that the list may contain, in their places, the first ones first.

        Of variants, the first pin counts. A place that another pin has first moves a pin to the next free one.
        """
        if not self._pins:
            return []
        allowed = self.kept(products[np.isin(products, self.pinned)])
        rules_of = {
            index: self._targets.rules_of[code]
            for index, code in zip(allowed.tolist(), self._decided(allowed).tolist(), strict=True)
        }
        chosen: dict[int, Pin] = {}
        for pin in self._pins:
            # A rule may ask for an age as well.
            if pin.product in rules_of and pin.position in rules_of[pin.product]:
                chosen.setdefault(int(catalogue.group_codes[pin.product]), pin)
        return _in_free_places(list(chosen.values()))

    def _rules_at(self, positions: Indexes) -> list[Rule]:
        """Return the rules of this list among those at `positions` of all rules."""
        return [self._rules[position] for position in positions.tolist() if position in self._positions]

    def _decided(self, products: Indexes) -> npt.NDArray[np.int32]:
        """Return the codes of products, for all of which the tables have entries afterwards."""
        targets = self._targets
        codes = targets.codes(products)
        if len(self._names) < len(targets.rules_of):
            for of_code in targets.rules_of[len(self._names) :]:
                own = self._rules_at(of_code)
                net = sum(_strength(rule) for rule in own)
                self._hidden = np.append(self._hidden, any(rule.action == "hide" for rule in own))
                self._factors = np.append(self._factors, _factor(net))
                boosts = [rule for rule in own if rule.action == "boost"]
                self._names.append(max(boosts, key=_strength).name if boosts else "")
        return codes


def list_rules(book: RuleBook, place: ListPlace, targets: RuleTargets, *, now: datetime) -> ListRules:
    """Return the rules of a book that apply to a list."""
    if not (positions := book.applying(place, now).positions):
        return NO_RULES
    return ListRules(book.rules, positions, targets=targets, digest=book.digest(place, now))


def without(products: Indexes, pins: Sequence[Pin], catalogue: Catalogue) -> Indexes:
    """Leave out pinned products and their variants, which stand nowhere but in their places."""
    if not pins:
        return products
    pinned = np.sort(np.array([pin.product for pin in pins], dtype=np.intp))
    return products[~catalogue.are_variants(products, pinned)]


def seated(others: Sequence[T], pins: Sequence[Pin], *, k: int) -> list[T | Pin]:
    """Return the first `k` places of a list: pins in theirs, and `others`, best first, in those between.

    Where the list ends before the place of a pin, the pin is its end. So a shorter list is a prefix of a longer one.
    """
    places: list[T | Pin] = []
    left, waiting = list(reversed(others)), list(reversed(pins))
    while len(places) < k and (left or waiting):
        is_pinned = waiting and (not left or waiting[-1].place <= len(places))
        places.append(waiting.pop() if is_pinned else left.pop())
    return places


def seated_scores(places: Sequence[Pin | float]) -> list[float]:
    """Return the scores of places, given as pins and the scores of the others: a pin has that of the place before it.

    The first ones have that of the first other product, or 1 where there is none, so scores never rise.
    """
    score = next((place for place in places if not isinstance(place, Pin)), 1.0)
    scores: list[float] = []
    for place in places:
        score = score if isinstance(place, Pin) else place
        scores.append(score)
    return scores


def with_pins(items: Sequence[ScoredProduct], pins: Sequence[Pin], catalogue: Catalogue, *, k: int) -> list[ScoredProduct]:
    """Return the first `k` places of a list of scored products with pins in their places."""
    if not pins:
        return list(items[:k])
    places = seated(items, pins, k=k)
    scores = seated_scores([place if isinstance(place, Pin) else place.score for place in places])
    return [
        scored_product(catalogue.product(place.product), score, place.contributions) if isinstance(place, Pin) else place
        for place, score in zip(places, scores, strict=True)
    ]


def _pins_of(rules: Iterable[tuple[int, Rule]], targets: RuleTargets) -> list[Pin]:
    """Return the pins of rules, given with their positions, by place, and those that were saved first before others."""
    found = [
        Pin(product=index, place=rule.position - 1, position=position, name=rule.name)
        for position, rule in rules
        if isinstance(rule.position, int)
        for index in products_of(rule, targets.indexes).tolist()
    ]
    return sorted(found, key=lambda pin: pin.place)


def _in_free_places(pins: Sequence[Pin]) -> list[Pin]:
    taken: dict[int, Pin] = {}
    for pin in pins:
        taken.setdefault(pin.place, pin)
    for pin in pins:
        place = pin.place
        if taken[place] is not pin:
            while place in taken:
                place += 1
            taken[place] = replace(pin, place=place)
    return [taken[place] for place in sorted(taken)]


def _strength(rule: Rule) -> int:
    strength = rule.strength if isinstance(rule.strength, int) else 0
    return -strength if rule.action == "bury" else strength


def _factor(net_strength: int) -> float:
    return FACTOR ** max(-MAX_NET_STRENGTH, min(net_strength, MAX_NET_STRENGTH))


NO_RULES = ListRules((), (), targets=RuleTargets((), Catalogue(), {}, day=0))
