"""DELETE /rules/remove/{rule_id}: remove a rule."""

from litestar import delete
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.rules import RuleRemoved
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND, AuthenticatedRequest, actor_of
from infra.http.parameters import RuleIdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases import rules


@delete(
    "/rules/remove/{rule_id:str}",
    opt=BACKEND,
    status_code=200,
    operation_id="remove_rule",
    summary="Remove a rule",
    response_description="The rule that was removed",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "rule-not-found"),
)
async def remove_rule(
    rule_id: RuleIdInPath, shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> RuleRemoved:
    """Remove a rule; the next answer of every list is without it.

    Use it for what is not needed any more; with the `status` `draft`, a rule only rests. To save `previous` undoes the
    removal.
    """
    removed = await rules.remove_rule(shop.repository, rule_id, actor=actor_of(request))
    return RuleRemoved(previous=removed.rule)


app = create_app(remove_rule)
handler = LambdaHandler(app)
