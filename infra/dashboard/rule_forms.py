"""Rules as the fields of a form, and the fields that somebody filled as a rule."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
from markupsafe import Markup
from msgspec import UNSET, Struct, UnsetType

from domain.ports.rules import ExpectedVersion
from domain.records.attributes import encoded
from domain.records.customers import Segment
from domain.records.recommendations import Kind
from domain.records.rules import Rule, RuleStatus
from infra.dashboard.forms import Form
from infra.dashboard.rule_words import attribute_text
from infra.dashboard.texts import all_texts, text
from infra.http.problems import RequestRefused
from infra.http.validation import MAX_BODY_BYTES
from infra.http.value_errors import field_errors

MAX_RULE_FORM_BYTES = 3 * MAX_BODY_BYTES
"""Forms write bytes of other alphabets as three characters."""
KINDS: tuple[Kind, ...] = get_args(Kind)
SEGMENTS: tuple[Segment, ...] = get_args(Segment)
MAX_EXACT = 2.0**53
FILTERS = ("category", "brand", "tag", "attributes", "min_price", "max_price", "newer_than_days")
PLACES = ("placements", *(f"kind-{kind}" for kind in KINDS), *(f"segment-{segment}" for segment in SEGMENTS))
_LISTS = ("product_ids", "category", "brand", "tag")
_NUMBERS = ("min_price", "max_price", "newer_than_days")
_EQUALS = " = "
NEW_RULE = {"action": "hide", "strength": "3", "position": "1"}
"""The fields of a form for a new rule."""
_decode = msgspec.json.Decoder(Rule, strict=True).decode


class FilledRule(Struct, frozen=True, kw_only=True):
    """The rule of a form, or the fields that are `wrong` with what is expected there."""

    rule: Rule | None
    wrong: dict[str, Markup]


def fields_of(rule: Rule) -> dict[str, str]:
    """Return a rule as fields; instants are in UTC, without parts of seconds."""
    target, where = rule.target, rule.where
    attributes = [(name, attribute_text(value)) for name, values in target.attributes.items() for value in values]
    fields = {
        "name": rule.name,
        "action": rule.action,
        "position": _text(rule.position),
        "strength": _text(rule.strength),
        **{name: "\n".join(getattr(target, name)) for name in _LISTS},
        "attributes": "\n".join(f"{name}{_EQUALS}{value}" for name, value in attributes),
        **{name: _text(getattr(target, name)) for name in _NUMBERS},
        "placements": "\n".join(where.placements),
        **{f"kind-{kind}": "on" for kind in where.kinds},
        **{f"segment-{segment}": "on" for segment in where.segments},
        "from": _moment(rule.starts_at),
        "until": _moment(rule.until),
    }
    return {name: value for name, value in fields.items() if value}


def filled_rule(filled: Form, *, status: RuleStatus) -> FilledRule:
    """Return the rule that the fields of a form describe, or all that is wrong with them."""
    body = msgspec.json.encode(_members(filled, status=status))
    rule: Rule | None = None
    try:
        rule = _decode(body)
        pointers = [f"#/{name}" for name, _ in rule.faults()]
    except msgspec.ValidationError:
        pointers = [error.pointer for error in field_errors(body, Rule)]
    wrong = {name: text(f"rule_wrong.{name}") for name in map(_field_of, pointers)}
    return FilledRule(rule=None if wrong else rule, wrong=wrong)


def expected_version(filled: Form) -> ExpectedVersion:
    """Return the version of a rule that was on the page; UNSET for a new rule, and None for one that was removed."""
    if not filled["rule_id"]:
        return UNSET
    return version_of(filled["saved_at"]) if filled["saved_at"] else None


def version_of(written: str) -> datetime:
    """Return the version that a page wrote into its form; raise RequestRefused for any other text."""
    try:
        return msgspec.convert(written, datetime)
    except msgspec.ValidationError as error:
        raise RequestRefused("bad-request") from error


def differences(stored: Mapping[str, str], typed: Mapping[str, str]) -> list[tuple[Markup, str, str]]:
    """Return the fields that differ, by their labels, with what is stored and what somebody typed."""
    return [
        (text(f"rule.{name}"), ours, theirs)
        for (name, ours), (_, theirs) in zip(_readable(stored), _readable(typed), strict=True)
        if ours != theirs
    ]


def _readable(fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each field that may be typed, by name; the boxes of lists and of segments are one field each."""
    action = fields.get("action", "")
    unused = {"position"} if action != "pin" else set[str]()
    unused |= {"strength"} if action not in {"boost", "bury"} else set[str]()
    for name in ("name", "action", "position", "strength", *_LISTS, "attributes", *_NUMBERS, "placements"):
        value = "" if name in unused else fields.get(name, "")
        yield name, str(text(f"action.{value}")) if name == "action" and value else ", ".join(lines_of(value))
    for name, choices in (("kind", KINDS), ("segment", SEGMENTS)):
        yield f"{name}s", ", ".join(choice for choice in choices if fields.get(f"{name}-{choice}"))
    for name in ("from", "until"):
        yield name, fields.get(name, "").replace("T", " ")


def _members(filled: Form, *, status: RuleStatus) -> dict[str, Any]:
    """Return the members of a rule as JSON has them, also wrong ones."""
    lists = {name: lines_of(filled[name]) for name in (*_LISTS, "placements")}
    attributes: dict[str, list[str]] = {}
    for line in lines_of(filled["attributes"]):
        name, _, value = line.partition(_EQUALS if _EQUALS in line else _EQUALS.strip())
        attributes.setdefault(name.strip(), []).append(value.strip())
    members: dict[str, Any] = {
        "rule_id": filled["rule_id"],
        "name": filled["name"] or None,
        "action": filled["action"],
        "position": _number(filled["position"]) if filled["action"] == "pin" else None,
        "strength": _number(filled["strength"]) if filled["action"] in {"boost", "bury"} else None,
        "from": _instant(filled["from"]),
        "until": _instant(filled["until"]),
    }
    target = {
        **{name: lists[name] for name in _LISTS},
        "attributes": attributes,
        **{name: _number(filled[name]) for name in _NUMBERS},
    }
    where = {
        "placements": lists["placements"],
        "kinds": [kind for kind in KINDS if filled[f"kind-{kind}"]],
        "segments": [segment for segment in SEGMENTS if filled[f"segment-{segment}"]],
    }
    return _given(members) | {"target": _given(target), "where": _given(where), "status": status}


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def _field_of(pointer: str) -> str:
    """Return the field of a form that a JSON pointer into a rule is about."""
    first, *below = pointer.removeprefix("#/").split("/")
    name = below[0] if first in {"target", "where"} and below else first
    return name if name in all_texts()["rule_wrong"] else "other"


def lines_of(written: str) -> list[str]:
    return [line.strip() for line in written.splitlines() if line.strip()]


def _number(written: str) -> float | str:
    """Return a number, or the text that is none."""
    try:
        value = float(written)
    except ValueError:
        return written
    if abs(value) < MAX_EXACT:
        return int(value) if value.is_integer() else value
    return written


def _instant(written: str) -> datetime | str:
    """Return the instant of a field for a local time, which is in UTC, or the text that is none."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    return written if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(instant: datetime | UnsetType) -> str:
    if not isinstance(instant, datetime):
        return ""
    local = instant.astimezone(UTC).replace(tzinfo=None)
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def _text(value: float | UnsetType) -> str:
    return encoded(value) if isinstance(value, float | int) else ""
