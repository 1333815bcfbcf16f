"""List the rules; make, edit, preview, publish and remove one."""

from collections import Counter
from typing import Annotated, Any

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from markupsafe import Markup
from msgspec.structs import replace

from domain.errors import RuleChanged, RuleNotFound, TooManyItems
from domain.ports.repository import Repository
from domain.ports.rules import ExpectedVersion
from domain.records.rules import MAX_RULES, ListedRule, Rule, RuleStatus
from infra.dashboard.forms import Form, read_form
from infra.dashboard.pages import backend_form, backend_page, form, page, see, show
from infra.dashboard.rule_editor import Editor, effect_digest, find_rule, show_editor, stored_rule, with_preview
from infra.dashboard.rule_forms import (
    MAX_RULE_FORM_BYTES,
    NEW_RULE,
    differences,
    expected_version,
    fields_of,
    filled_rule,
    lines_of,
    version_of,
)
from infra.dashboard.rule_views import preview_of, would_empty_lists
from infra.dashboard.rule_words import STATES, State, names_of_targets, sentence_about, state_of, when_of, where_of
from infra.dashboard.sessions import notify
from infra.dashboard.texts import plain, text
from infra.dashboard.undo import Undo
from infra.http.auth import AuthenticatedRequest, actor_of
from infra.http.parameters import RuleIdInPath
from infra.http.problems import RequestRefused
from infra.storage.opening import Shop
from infra.use_cases.rules import remove_rule, save_rule

N_ON_PAGE = 40


@page("/dashboard/rules")
async def rules_page(
    shop: NamedDependency[SkipValidation[Shop]],
    request: AuthenticatedRequest,
    only: Annotated[State | None, QueryParameter(name="state")] = None,
    number: Annotated[int, QueryParameter(ge=1, le=MAX_RULES, name="page")] = 1,
) -> Response[Any]:
    now, stored = shop.now(), (await shop.repository.stored_rules()).rules
    states = [state_of(rule, now) for rule in stored]
    chosen = [(rule, state) for rule, state in zip(stored, states, strict=True) if only in {None, state}]
    shown = chosen[N_ON_PAGE * (number - 1) : N_ON_PAGE * number]
    names = await names_of_targets(shop.repository, [rule for rule, _ in shown])
    rows = [(rule, state, sentence_about(rule, names), where_of(rule.where), when_of(rule)) for rule, state in shown]
    return await show(
        request, shop, "rules.html",
        active="rules", rows=rows, counts=Counter(states), states=STATES, only=only, number=number,
        is_last=N_ON_PAGE * number >= len(chosen), n_rules=len(stored),
    )  # fmt: skip


@backend_page("/dashboard/rules/new")
async def new_rule_page(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    return await show_editor(request, shop, Editor(fields=dict(NEW_RULE)))


@page("/dashboard/rules/rule/{rule_id:str}")
async def rule_page(
    rule_id: RuleIdInPath, shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Response[Any]:
    stored = await stored_rule(shop.repository, rule_id)
    return await show_editor(request, shop, Editor(fields=fields_of(stored), stored=stored))


@form("/dashboard/rules/preview")
async def preview_rule(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    filled, repository = await read_form(request, max_bytes=MAX_RULE_FORM_BYTES), shop.repository
    if request.auth == "viewer":
        # Lists are those of persons, so a viewer gets the numbers only, and only about a rule that is stored.
        stored = await stored_rule(repository, filled["rule_id"])
        view, _ = await preview_of(repository, stored.rule, shows_persons=False, now=shop.now())
        return await show_editor(request, shop, Editor(fields=fields_of(stored), stored=stored, preview=view))
    editor, rule = await _typed(repository, filled, status="draft")
    if rule is None:
        return await show_editor(request, shop, editor)
    customer_ids = tuple(dict.fromkeys(lines_of(filled["customers"])))
    return await show_editor(request, shop, await with_preview(shop, editor, rule, customer_ids=customer_ids))


@backend_form("/dashboard/rules/save")
async def save_typed(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    """Save what somebody typed; before lists would become empty, the page warns once."""
    filled, repository = await read_form(request, max_bytes=MAX_RULE_FORM_BYTES), shop.repository
    status: RuleStatus = "live" if filled["go"] == "live" else "draft"
    editor, rule = await _typed(repository, filled, status=status)
    if rule is None:
        return await show_editor(request, shop, editor)
    is_warned = status == "draft" or filled["seen"] == effect_digest(rule)
    if not is_warned and await would_empty_lists(repository, rule, now=shop.now()):
        return await show_editor(request, shop, await with_preview(shop, editor, rule))
    try:
        await _save(request, shop, rule, expected=expected_version(filled))
    except RuleChanged:
        stored = await find_rule(repository, rule.known_id)
        others = _differences(stored, filled, status=status) if stored else []
        return await show_editor(request, shop, replace(editor, stored=stored, is_outdated=True, others=others))
    except TooManyItems:
        wrong = {"other": text("rules.too_many", n=MAX_RULES)}
        return await show_editor(request, shop, replace(editor, wrong=wrong))
    return see("rules")


@backend_form("/dashboard/rules/change")
async def change_rule(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    """Publish a rule, put it back to the drafts, or remove it: the button says which version of which rule."""
    filled, repository = await read_form(request, max_bytes=MAX_RULE_FORM_BYTES), shop.repository
    action, _, button = filled["do"].partition(" ")
    saved_at, _, rule_id = button.partition(" ")
    expected = version_of(saved_at)
    if action not in {"publish", "draft", "remove"}:
        raise RequestRefused("bad-request")
    try:
        if action == "remove":
            await _remove(request, shop, rule_id, expected=expected)
            return see("rules")
        stored = await stored_rule(repository, rule_id)
        if action == "publish" and await would_empty_lists(repository, stored.rule, now=shop.now()):
            editor = Editor(fields=fields_of(stored), stored=stored)
            return await show_editor(request, shop, await with_preview(shop, editor, stored.rule))
        status: RuleStatus = "live" if action == "publish" else "draft"
        await _save(request, shop, replace(stored.rule, status=status), expected=expected)
    except (RuleChanged, RuleNotFound):
        await notify(request, shop, plain("rules.changed"))
    return see("rules")


async def _typed(repository: Repository, filled: Form, *, status: RuleStatus) -> tuple[Editor, Rule | None]:
    """Return the page for what somebody typed, and the rule that it describes, None if something is wrong."""
    found = filled_rule(filled, status=status)
    stored = await find_rule(repository, filled["rule_id"])
    return Editor(fields=filled.fields, stored=stored, wrong=found.wrong), found.rule


def _differences(stored: ListedRule, filled: Form, *, status: RuleStatus) -> list[tuple[Markup, str, str]]:
    """Return what differs between the stored rule and what somebody typed, the button that was pressed included."""
    found = differences(fields_of(stored), filled.fields)
    if stored.status != status:
        found.append((text("rules.state"), text(f"state.{stored.status}"), text(f"state.{status}")))
    return found


async def _save(request: AuthenticatedRequest, shop: Shop, rule: Rule, *, expected: ExpectedVersion) -> None:
    """Save a rule, and leave a message with what takes that back; raise RuleChanged or TooManyItems."""
    now = shop.now()
    saved = await save_rule(shop.repository, rule, now=now, actor=actor_of(request), expected=expected)
    notice = plain(f"rules.saved_{state_of(rule, now)}", name=rule.name, when=when_of(rule))
    if saved.unknown_products:
        notice += " " + plain("preview.unknown", ids=", ".join(saved.unknown_products))
    await notify(request, shop, notice, undo=Undo.of_saved(saved))


async def _remove(request: AuthenticatedRequest, shop: Shop, rule_id: str, *, expected: ExpectedVersion) -> None:
    removed = await remove_rule(shop.repository, rule_id, actor=actor_of(request), expected=expected)
    await notify(request, shop, plain("rules.removed", name=removed.rule.name), undo=Undo.of_removed(removed))
