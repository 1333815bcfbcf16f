"""Which rules apply to a list."""

from datetime import timedelta

from msgspec import UNSET

from domain.ranking import rule_book
from domain.ranking.rule_book import NOTHING_APPLIES, ListPlace, RuleBook, in_force
from tests.domain.rules import HERE, rule
from tests.domain.shop import NOW


def applying(book, now=NOW, **place):
    return book.applying(ListPlace(**{"kind": "for-customer"} | place), now).positions


def test_a_rule_applies_where_it_says_and_else_everywhere():
    book = RuleBook([
        rule("hide", "p-1"),
        rule("hide", "p-2", where={"kinds": ["popular", "new"]}),
        rule("hide", "p-3", where={"placements": ["home", "cart"]}),
        rule("hide", "p-4", where={"segments": ["Premium"], "kinds": ["for-customer"]}),
    ])  # fmt: skip

    assert applying(book) == (0,)
    assert applying(book, kind="new") == (0, 1)
    assert applying(book, placement="cart", segment="Premium") == (0, 2, 3)
    assert applying(book, placement="elsewhere", segment="Budget") == (0,)
    assert applying(book, kind="popular", segment="Premium") == (0, 1)


def test_drafts_apply_nowhere():
    book = RuleBook([rule("hide", "p-1", status="draft")])

    assert book.applying(HERE, NOW) is NOTHING_APPLIES
    assert book.digest(HERE, NOW) == ""


def test_dated_rules_begin_and_end_by_the_clock_of_the_request():
    tomorrow, later = NOW + timedelta(days=1), NOW + timedelta(days=2)
    book = RuleBook([rule("hide", "p-1"), rule("hide", "p-2", starts_at=tomorrow.isoformat(), until=later.isoformat())])

    assert [applying(book, now) for now in (NOW, tomorrow, later - timedelta(seconds=1), later, tomorrow)] == [
        (0,), (0, 1), (0, 1), (0,), (0, 1),
    ]  # fmt: skip
    assert book.digest(HERE, NOW) == book.digest(HERE, later) != book.digest(HERE, tomorrow)


def test_the_digest_follows_the_content_of_the_rules_that_apply():
    hide = rule("hide", "p-1")
    here = RuleBook([hide]).digest(HERE, NOW)

    assert here == RuleBook([hide, rule("hide", "p-2", where={"kinds": ["new"]})], version=7).digest(HERE, NOW)
    assert here != RuleBook([rule("hide", "p-1", name="Another name")]).digest(HERE, NOW)
    assert RuleBook([hide]).digest(ListPlace(kind="new"), NOW) == here


def test_where_a_rule_counts_days_each_day_has_its_own_digest():
    book = RuleBook([rule("boost", strength=1, newer_than_days=7)])
    midnight = NOW.replace(hour=0) + timedelta(days=1)

    assert book.digest(HERE, NOW) == book.digest(HERE, midnight - timedelta(seconds=1)) != book.digest(HERE, midnight)
    assert (RuleBook([rule("hide", "p-1")]).day(NOW), book.day(NOW)) == (0, 20780)
    assert book.digest(ListPlace(kind="new"), NOW) == book.digest(HERE, NOW)


def test_the_places_that_are_remembered_are_bounded(monkeypatch):
    monkeypatch.setattr(rule_book, "MAX_CACHED_PLACES", 2)
    book = RuleBook([rule("hide", "p-1")])

    assert [applying(book, kind=kind) for kind in ("new", "popular", "similar", "new")] == [(0,)] * 4


def test_rules_of_a_replay_are_those_in_force_without_their_dates():
    past = rule("hide", "p-1", until=(NOW - timedelta(days=1)).isoformat())
    current = rule("hide", "p-2", until=(NOW + timedelta(days=1)).isoformat())

    [kept] = in_force([past, current, rule("hide", "p-3", status="draft")], NOW)

    assert (kept.rule_id, kept.starts_at, kept.until) == (current.rule_id, UNSET, UNSET)
