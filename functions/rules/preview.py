"""POST /rules/preview: show what a rule would change."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.rule_previews import PreviewRequest, RulePreview
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import StrictBody
from infra.http.problems import BODY_PROBLEMS, KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.rule_preview import preview


@post(
    "/rules/preview",
    dto=StrictBody[PreviewRequest],
    return_dto=None,
    opt=BACKEND,
    status_code=200,
    operation_id="preview_rule",
    summary="Show what a rule would change",
    response_description="The lists before and after, and what the rule costs in hits",
    responses=problem_responses(*KEY_PROBLEMS, *BODY_PROBLEMS, "customer-not-found", "rule-not-found"),
)
async def preview_rule(data: JSONBody[PreviewRequest], shop: NamedDependency[SkipValidation[Shop]]) -> RulePreview:
    """Return lists of some customers without the rule and with it, as if it were live now; nothing is stored.

    Use it before a rule goes live. `rule` is one to save, or `rule_id` one that is stored. The customers are those of
    `customer_ids`, or a `sample` of those who bought lately. `hits` compares the products that lists with and without the
    rule have in common with the last orders of up to 200 customers, from which these lists know nothing of these orders;
    the comparison ends after 4 seconds with the customers that it has.
    """
    data.check()
    return await preview(shop.repository, data, now=shop.now())


app = create_app(preview_rule)
handler = LambdaHandler(app)
