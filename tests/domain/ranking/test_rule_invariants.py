"""What holds for every list under rules, whatever the shop and whatever the rules."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.evaluation.replay import Replay, ReplayedRules
from domain.ranking.catalogue import Catalogue
from domain.ranking.ranked_list import ranked_list
from domain.records.recommendations import ListRequest
from domain.records.rules import Rule
from tests.domain.event_logs import event_log, training_data
from tests.domain.ranking.test_invariants import EVENTS, PRODUCTS
from tests.domain.rules import rules_for
from tests.domain.shop import product
from tests.domain.trained_shops import train

IDS = st.lists(st.integers(0, 12).map("p-{}".format), min_size=1, max_size=3)
FILTERS = st.one_of(
    st.builds(dict, category=st.lists(st.sampled_from(["a", "a/b", "c"]), min_size=1, max_size=2)),
    st.builds(dict, brand=st.just(["x"])),
    st.builds(dict, max_price=st.sampled_from([6.0, 60.0])),
    st.builds(dict, newer_than_days=st.integers(1, 30)),
)
TARGETS = st.one_of(st.builds(dict, product_ids=IDS), FILTERS)
RULES = st.lists(
    st.one_of(
        st.builds(dict, action=st.just("hide"), target=TARGETS),
        st.builds(dict, action=st.sampled_from(["boost", "bury"]), strength=st.integers(1, 5), target=TARGETS),
        st.builds(dict, action=st.just("pin"), position=st.integers(1, 8), target=st.builds(dict, product_ids=IDS)),
    ),
    max_size=6,
)


def replay_of(described, events, rules):
    products = [product(index, **given) for index, given in enumerate(described)]
    log = event_log(*(
        (f"c{customer}", index, kind, days, number + 1)
        for number, (customer, index, kind, days) in enumerate(events)
        if index < len(products)
    ))  # fmt: skip
    indexes = {one.product_id: one.product_index for one in products}
    return Replay(training_data(log, products), train(log, products), rules=ReplayedRules(in_force=rules, indexes=indexes))


def saved(rules):
    return [
        msgspec.convert(one | {"rule_id": f"r-{place}", "name": f"Rule {place}", "status": "live"}, Rule)
        for place, one in enumerate(rules)
    ]


def lists_of(replay, *, limit=100, seen="few"):
    request = ListRequest(limit=limit, seen=seen)
    return [
        ranked_list(replay.list_for(customer, model=replay.model, request=request))
        for customer in range(len(replay.data.log.customer_ids))
    ]


@settings(max_examples=80)
@given(PRODUCTS, EVENTS, RULES, st.sampled_from(["few", "include"]))
def test_lists_follow_their_rules(described, events, rules, seen):
    kept = saved(rules)
    replay = replay_of(described, events, kept)
    catalogue = Catalogue(replay.data.products)
    applied = rules_for(catalogue, *kept, now=replay.now)
    hidden = set(range(len(described))) - set(applied.kept(catalogue.newest()).tolist())

    for customer, answer in enumerate(lists_of(replay, seen=seen)):
        listed = [item.product_index for item in answer.items]
        assert not hidden.intersection(listed)
        assert len(set(listed)) == len(listed)
        scores = [item.score for item in answer.items]
        assert scores == sorted(scores, reverse=True)
        for item in answer.items:
            assert abs(sum(reason.share for reason in item.reasons) - 1.0) <= 0.001
        own = replay.seen(customer)
        others = [place for place, index in enumerate(listed, start=1) if index not in applied.pinned]
        # Where nothing else is left, pins end the list before their places.
        last_place = max(others, default=0) + 1
        taken = set()
        for one in kept:
            if one.action != "pin" or one.position in taken or one.position > min(last_place, len(listed)):
                continue
            index = catalogue.index_of(one.target.product_ids[0])
            pinned_first = all(index != catalogue.index_of(two) for two in named_before(one, kept))
            if index is None or not catalogue.available[index] or index in hidden or not pinned_first:
                continue
            if index in own and listed[one.position - 1] != index:
                # The history decides whether a known product may be in the list at all.
                continue
            assert listed[one.position - 1] == index
            taken.add(one.position)


def named_before(rule, rules):
    """Return the ids of the pins that come before a rule, by position and then by the order of saving."""
    pins = sorted((one for one in rules if one.action == "pin"), key=lambda one: one.position)
    return [product_id for one in pins[: pins.index(rule)] for product_id in one.target.product_ids]


@settings(max_examples=40)
@given(PRODUCTS, EVENTS, RULES, st.integers(1, 8))
def test_lists_are_the_same_each_time_and_shorter_ones_their_prefixes(described, events, rules, limit):
    replay = replay_of(described, events, saved(rules))
    other = replay_of(described, events, saved(rules))

    assert lists_of(replay) == lists_of(other)
    for whole, shorter in zip(lists_of(replay), lists_of(replay, limit=limit), strict=True):
        assert [one.product_id for one in shorter.items] == [one.product_id for one in whole.items[:limit]]


@settings(max_examples=40)
@given(PRODUCTS, EVENTS)
def test_no_rule_means_the_same_list(described, events):
    assert lists_of(replay_of(described, events, [])) == [
        msgspec.structs.replace(answer, rules="")
        for answer in lists_of(
            replay_of(described, events, saved([{"action": "hide", "target": {"product_ids": ["none"]}}]))
        )
    ]
