"""The page of one rule: the form that edits it, and what a preview of it shows."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from litestar import Response
from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from domain.errors import CustomerNotFound, RuleNotFound
from domain.ports.repository import Repository
from domain.records.rules import ListedRule, Rule
from infra.dashboard.pages import show
from infra.dashboard.rule_forms import FILTERS, KINDS, PLACES, SEGMENTS
from infra.dashboard.rule_views import PreviewView, preview_of
from infra.dashboard.rule_words import names_of_targets, sentence_about, state_of, when_of, where_of
from infra.dashboard.texts import text
from infra.http.auth import AuthenticatedRequest
from infra.storage.opening import Shop

MAX_CUSTOMERS = 10
"""Customers whose lists a preview may show: a page stays small."""


class Editor(Struct, frozen=True, kw_only=True):
    """What the page of a rule shows: the fields as they were typed, and what is wrong with them.

    If somebody else changed the rule since it was read, it `is_outdated`, and `others` are the fields that differ, by label,
    stored and typed value. `seen` is the digest of a rule of whose empty lists the page warns.
    """

    fields: dict[str, str]
    stored: ListedRule | None = None
    wrong: dict[str, Markup] = {}
    is_outdated: bool = False
    others: list[tuple[Markup, str, str]] = []
    preview: PreviewView | None = None
    seen: str = ""

    @property
    def status_code(self) -> int:
        return 409 if self.is_outdated else 400 if self.wrong else 200

    @property
    def version(self) -> str:
        """The version that the next change of the page expects, "" where it expects no rule."""
        if self.fields.get("saved_at") and not self.is_outdated:
            return self.fields["saved_at"]
        return self.stored.saved_at.isoformat() if self.stored else ""

    @property
    def rule_id(self) -> str:
        return self.stored.known_id if self.stored else self.fields.get("rule_id", "")

    def has(self, names: Sequence[str]) -> bool:
        """Return whether one of these fields is filled, or wrong."""
        return any(self.fields.get(name) or name in self.wrong for name in names)


async def show_editor(request: AuthenticatedRequest, shop: Shop, editor: Editor) -> Response[Any]:
    stored = editor.stored
    names = {} if stored is None else await names_of_targets(shop.repository, [stored])
    about = None if stored is None else (sentence_about(stored, names), where_of(stored.where), when_of(stored))
    return await show(
        request, shop, "rule.html",
        status_code=editor.status_code, active="rules", editor=editor, fields=editor.fields, wrong=editor.wrong,
        stored=stored, state=None if stored is None else state_of(stored, shop.now()), about=about, kinds=KINDS,
        segments=SEGMENTS, has_filters=editor.has((*FILTERS, "target")), has_places=editor.has(PLACES),
        preview=editor.preview,
    )  # fmt: skip


async def with_preview(shop: Shop, editor: Editor, rule: Rule, *, customer_ids: tuple[str, ...] = ()) -> Editor:
    """Return the page with a preview of a rule, for these customers or for a sample."""
    if len(customer_ids) > MAX_CUSTOMERS:
        return replace(editor, wrong={"customers": text("rule_wrong.customers", n=MAX_CUSTOMERS)})
    try:
        view, surprises = await preview_of(
            shop.repository, rule, customer_ids=customer_ids, shows_persons=True, now=shop.now()
        )
    except CustomerNotFound as error:
        return replace(editor, wrong={"customers": text("rule_wrong.customer", customer=error.customer_id)})
    return replace(editor, preview=view, seen=effect_digest(rule) if surprises.empties_lists else "")


def effect_digest(rule: Rule) -> str:
    """Return a digest that only rules with the same action, target and places share."""
    content = msgspec.json.encode((rule.action, rule.target, rule.where))
    return blake2b(content, digest_size=16).hexdigest()


async def find_rule(repository: Repository, rule_id: str) -> ListedRule | None:
    return next((one for one in (await repository.stored_rules()).rules if one.rule_id == rule_id), None)


async def stored_rule(repository: Repository, rule_id: str) -> ListedRule:
    """Return a rule; raise RuleNotFound."""
    if (found := await find_rule(repository, rule_id)) is None:
        raise RuleNotFound(rule_id)
    return found
