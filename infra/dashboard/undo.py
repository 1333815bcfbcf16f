"""Take back a change of a rule: the form beside its message carries what was there before."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Meta, Struct

from domain.errors import RuleChanged, RuleNotFound, TooManyItems
from domain.ports.rules import RemovedRule
from domain.records.rules import MAX_RULES, Rule, RuleSaved
from domain.records.values import Id, Instant
from infra.dashboard.forms import read_form
from infra.dashboard.pages import backend_form, see
from infra.dashboard.rule_forms import MAX_RULE_FORM_BYTES
from infra.dashboard.sessions import notify
from infra.dashboard.texts import plain
from infra.http.auth import AuthenticatedRequest, actor_of
from infra.http.problems import RequestRefused
from infra.storage.opening import Shop
from infra.use_cases.rules import remove_rule, save_rule

MAX_POSITION = 1_000_000_000
"""Each new rule stands one after the last, so a forged position must leave room for others."""


class Page(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page where a change was made."""

    name: Literal["rules", "products", "customers"] = "rules"
    item: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.name,) if self.item is None else (self.name, self.item)


RULES_PAGE = Page()


class Undo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of a rule: the version since then, None for a removal, and the rule before, None if it was new.

    A removed rule had a `position`.
    """

    rule_id: Id
    saved_at: Instant | None
    previous: Rule | None
    position: Annotated[int, Meta(ge=1, le=MAX_POSITION)] | None = None
    page: Page = RULES_PAGE

    @staticmethod
    def of_saved(saved: RuleSaved, *, page: Page = RULES_PAGE) -> str:
        """Return what a form sends to take back that a rule was saved."""
        undo = Undo(rule_id=saved.rule.known_id, saved_at=saved.rule.saved_at, previous=saved.previous, page=page)
        return msgspec.json.encode(undo).decode()

    @staticmethod
    def of_removed(removed: RemovedRule, *, page: Page = RULES_PAGE) -> str:
        """Return what a form sends to take back that a rule was removed."""
        rule, position = removed.rule, removed.position
        undo = Undo(rule_id=rule.known_id, saved_at=None, previous=rule, position=position, page=page)
        return msgspec.json.encode(undo).decode()


_decode = msgspec.json.Decoder(Undo).decode


@backend_form("/dashboard/rules/undo")
async def undo_change(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    filled = await read_form(request, max_bytes=MAX_RULE_FORM_BYTES)
    try:
        undo = _decode(filled["undo"])
    except msgspec.DecodeError as error:
        raise RequestRefused("bad-request") from error
    repository, actor = shop.repository, actor_of(request)
    try:
        if undo.previous is None:
            name = (await remove_rule(repository, undo.rule_id, actor=actor, expected=undo.saved_at)).rule.name
        else:
            undo.previous.check()
            name = undo.previous.name
            await save_rule(
                repository, undo.previous,
                now=shop.now(), actor=actor, expected=undo.saved_at, position=undo.position,
            )  # fmt: skip
        notice = plain("rules.undone", name=name)
    except (RuleChanged, RuleNotFound):
        notice = plain("rules.not_undone")
    except TooManyItems:
        notice = plain("rules.too_many", n=MAX_RULES)
    await notify(request, shop, notice)
    return see(*undo.page.parts)
