"""Hide, pin or boost one product everywhere, with one button each on the pages of products and customers."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Literal, get_args

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import UNSET
from msgspec.structs import replace

from domain.errors import TooManyItems
from domain.ports.repository import Repository
from domain.records.rules import EVERYWHERE, MAX_RULES, ListedRule, Rule, RuleTarget
from infra.dashboard.forms import read_form
from infra.dashboard.pages import backend_form, see
from infra.dashboard.sessions import notify
from infra.dashboard.texts import plain
from infra.dashboard.undo import Page, Undo
from infra.http.auth import AuthenticatedRequest, actor_of
from infra.http.problems import RequestRefused
from infra.storage.opening import Shop
from infra.use_cases.rules import remove_rule, save_rule

ProductAction = Literal["pin", "boost", "hide"]
ACTIONS: tuple[ProductAction, ...] = get_args(ProductAction)
STRENGTH = 3
_REMOVES = "no-"
_MAX_NAME_LENGTH = 160


async def pressed_of(repository: Repository, product_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return which of the actions a live rule of its own does to each product everywhere."""
    rules = (await repository.stored_rules()).rules
    return {one: {rule.action for rule in rules if _is_live_for(rule, one)} for one in product_ids}


@backend_form("/dashboard/rules/product")
async def press(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    """Make the rule of a button, or remove it; a button that was pressed twice changes nothing."""
    filled = await read_form(request)
    pressed = filled["do"]
    action: ProductAction | None = next((one for one in ACTIONS if pressed in {one, _REMOVES + one}), None)
    if action is None:
        raise RequestRefused("bad-request")
    product = await shop.repository.product_details(filled["product"], now=shop.now())
    customer_id = filled["customer"]
    page = Page(name="customers", item=customer_id) if customer_id else Page(name="products", item=product.product_id)
    rules = (await shop.repository.stored_rules()).rules
    own = next((one for one in rules if one.action == action and _is_live_for(one, product.product_id)), None)
    actor, undo = actor_of(request), ""
    try:
        if pressed == action and own is None:
            rule = _rule_about(product.product_id, product.name, action, rules)
            saved = await save_rule(shop.repository, rule, now=shop.now(), actor=actor)
            undo = Undo.of_saved(saved, page=page)
        elif pressed != action and own is not None:
            removed = await remove_rule(shop.repository, own.known_id, actor=actor, expected=own.saved_at)
            undo = Undo.of_removed(removed, page=page)
        notice = plain(f"pressed.{pressed}", name=product.name)
    except TooManyItems:
        notice = plain("rules.too_many", n=MAX_RULES)
    await notify(request, shop, notice, undo=undo)
    return see(*page.parts)


def _rule_about(product_id: str, name: str, action: ProductAction, rules: Sequence[ListedRule]) -> Rule:
    """Return the rule of a button; pressing it twice at once gives one rule, as its id is that of product and action."""
    rule_id = f"{action}-{blake2b(product_id.encode(), digest_size=8).hexdigest()}"
    rule = Rule(
        rule_id=rule_id,
        name=plain(f"pressed.name_{action}", name=name[:_MAX_NAME_LENGTH]),
        action=action,
        position=1 if action == "pin" else UNSET,
        strength=STRENGTH if action == "boost" else UNSET,
        target=RuleTarget(product_ids=(product_id,)),
        status="live",
    )
    # Somebody may have made another rule of it.
    stored = next((one for one in rules if one.rule_id == rule_id), rule)
    is_same = stored.action == action and _is_for(stored, product_id)
    return rule if is_same else replace(rule, rule_id=UNSET)


def _is_live_for(rule: Rule, product_id: str) -> bool:
    return rule.status == "live" and _is_for(rule, product_id)


def _is_for(rule: Rule, product_id: str) -> bool:
    """Return whether a rule is about this product alone, everywhere and always."""
    is_always = rule.starts_at is UNSET and rule.until is UNSET
    return is_always and rule.where == EVERYWHERE and rule.target == RuleTarget(product_ids=(product_id,))
