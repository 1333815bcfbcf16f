"""GET /rules/list: read all rules."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.rules import RuleList
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@get(
    "/rules/list",
    opt=BACKEND,
    operation_id="list_rules",
    summary="Read all rules",
    response_description="The rules",
    responses=problem_responses(*KEY_PROBLEMS),
)
async def list_rules(shop: NamedDependency[SkipValidation[Shop]]) -> RuleList:
    """Return all rules, drafts and past ones included, in the order in which they were saved first.

    Use it to show what changes lists.
    """
    return RuleList(rules=list((await shop.repository.stored_rules()).rules))


app = create_app(list_rules)
handler = LambdaHandler(app)
