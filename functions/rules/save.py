"""POST /rules/save: create or replace a rule."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.rules import RuleSaved, RuleToSave
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND, AuthenticatedRequest, actor_of
from infra.http.body import StrictBody
from infra.http.problems import BODY_PROBLEMS, KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases import rules


@post(
    "/rules/save",
    dto=StrictBody[RuleToSave],
    return_dto=None,
    opt=BACKEND,
    status_code=200,
    operation_id="save_rule",
    summary="Save a rule",
    response_description="The rule, and what was stored under its id before",
    responses=problem_responses(*KEY_PROBLEMS, *BODY_PROBLEMS, "rule-changed"),
)
async def save_rule(
    data: JSONBody[RuleToSave], shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> RuleSaved:
    """Create a rule, or replace the one with its `rule_id`; the next answer of every list follows it.

    Use it to hide products, to pin one to a position, or to boost or bury some, everywhere or in some lists. A rule counts
    while its `status` is `live`, from `from` until before `until`. A target is either `product_ids`, each with its variants,
    or filters as lists have them; a pin needs `product_ids`. A shop has at most 200 rules. To save `previous` undoes the
    change. Where several people edit rules, send the `saved_at` of the version that was read: if another one is stored by
    now, or none, nothing is changed and the answer is `rule-changed`.
    """
    data.check()
    return await rules.save_rule(shop.repository, data.rule, now=shop.now(), actor=actor_of(request), expected=data.saved_at)


app = create_app(save_rule)
handler = LambdaHandler(app)
