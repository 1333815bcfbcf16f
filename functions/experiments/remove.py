"""DELETE /experiments/remove/{experiment_id}: remove an experiment."""

from litestar import delete
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.experiments import ExperimentRemoved
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND, AuthenticatedRequest, actor_of
from infra.http.parameters import ExperimentIdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases import experiment_removal


@delete(
    "/experiments/remove/{experiment_id:str}",
    opt=BACKEND,
    status_code=200,
    operation_id="remove_experiment",
    summary="Remove an experiment",
    response_description="The experiment that was removed",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "experiment-not-found", "experiment-refused"),
)
async def remove_experiment(
    experiment_id: ExperimentIdInPath, shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> ExperimentRemoved:
    """Remove an experiment that does not run.

    Use it for drafts and for what nobody reports on any more; one that runs has to end first. To save `previous` undoes the
    removal.
    """
    return await experiment_removal.remove_experiment(
        shop.repository, experiment_id, now=shop.now(), actor=actor_of(request)
    )


app = create_app(remove_experiment)
handler = LambdaHandler(app)
