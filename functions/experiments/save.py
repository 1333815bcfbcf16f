"""POST /experiments/save: create or change an experiment."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.experiments import Experiment, ExperimentSaved
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND, AuthenticatedRequest, actor_of
from infra.http.body import StrictBody
from infra.http.problems import BODY_PROBLEMS, KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases import experiments


@post(
    "/experiments/save",
    dto=StrictBody[Experiment],
    return_dto=None,
    opt=BACKEND,
    status_code=200,
    operation_id="save_experiment",
    summary="Save an experiment",
    response_description="The experiment, and what was stored under its id before",
    responses=problem_responses(*KEY_PROBLEMS, *BODY_PROBLEMS, "experiment-refused"),
)
async def save_experiment(
    data: JSONBody[Experiment], shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> ExperimentSaved:
    """Create an experiment, change one that has not begun, or end one; the next list of every customer follows it.

    Use it to find out whether other rules, other source weights or popular products sell more: each customer gets the lists
    of one arm. The first arm is the control. Rules of arms are drafts, which are in force in these arms only. A `live`
    experiment is in force from `from`, or now, until before `until`, and there is one at a time. Once it has begun, only its
    name and its end can change; the `status` `ended` ends it.
    """
    data.check()
    return await experiments.save_experiment(shop.repository, data, now=shop.now(), actor=actor_of(request))


app = create_app(save_experiment)
handler = LambdaHandler(app)
