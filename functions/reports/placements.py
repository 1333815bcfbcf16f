"""GET /reports/placements: report what lists led to."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.periods import period_between
from domain.records.placements import PlacementReport
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import REPORT
from infra.http.parameters import PeriodBegin, PeriodEnd
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.placements import report_placements


@get(
    "/reports/placements",
    opt=REPORT,
    operation_id="get_placement_report",
    summary="Report what lists led to",
    response_description="Impressions, clicks, orders and revenue of each placement, kind and arm",
    responses=problem_responses(*KEY_PROBLEMS, "validation"),
)
async def placements(
    shop: NamedDependency[SkipValidation[Shop]], begin: PeriodBegin = None, end: PeriodEnd = None
) -> PlacementReport:
    """Report what lists led to, by placement, kind and arm of an experiment, with 95 % intervals.

    Use it to see which places of the shop show lists that customers click and buy from. A period has at most 400 days.

    An order item counts for the list that it names, else for the last click of its customer on its product in a list, up to
    `ATTRIBUTION_DAYS` before. What went back does not count. The order came after the list, not necessarily because of it.
    Money in currencies without a rate in `CURRENCY_RATES` does not count.
    """
    period = period_between(begin, end, now=shop.now())
    settings = shop.settings
    return await report_placements(
        shop.repository, period, attribution_days=settings.attribution_days, currency=settings.currency
    )


app = create_app(placements)
handler = LambdaHandler(app)
