"""The scheduled function `Training`: learn from all events, and switch to what was learned."""

import asyncio
import logging
import time
from typing import Any

from domain.errors import ConfigurationError, ShopError
from domain.ranking.model import Model
from infra.aws.logs import Invocation, log_as_json
from infra.aws.metrics import emit
from infra.background.gc import resume_collections
from infra.background.retention import purge_and_train
from infra.logs import describe_error
from infra.settings import read_settings
from infra.storage.opening import open_repository
from infra.use_cases.train import TuningBudget

logger = logging.getLogger(__name__)
invocation = Invocation()
resume_collections()
NO_TUNING = TuningBudget(trials=0)
"""What the model in use was tuned to is kept: a function has 15 minutes at most."""


class TrainingFailed(Exception):
    """A training ended as it should not; the log says where."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Train once, at a schedule or by hand with `{}`; what fails is logged and raised, and the model in use stays."""
    invocation.request_id = getattr(context, "aws_request_id", None)
    log_as_json(invocation)
    began = time.monotonic()
    try:
        _check(event)
        model = asyncio.run(_train())
    except Exception as error:  # noqa: BLE001 - another is raised
        is_told = isinstance(error, ShopError)
        logger.error("The training did not run: %s", error if is_told else describe_error(error))  # noqa: TRY400 - it says all
        emit(invocation, {"errors": 1})
        # AWS Lambda logs what is raised, with its causes: a cause may hold a password, and a text what is stored.
        raise (error if is_told else TrainingFailed()) from None
    finally:
        invocation.cold_start = False
    emit(invocation, {"training_seconds": time.monotonic() - began, "events": model.n_events, "errors": 0})
    return {"model_id": model.model_id, "events": model.n_events, "products": model.n_products}


def _check(event: Any) -> None:
    """Refuse what was not meant for a training, which is dear: a queue or an API connected by mistake."""
    if event != {} and not (isinstance(event, dict) and event.get("detail-type") == "Scheduled Event"):
        raise ConfigurationError("A training starts with a scheduled event, or by hand with {}.")


async def _train() -> Model:
    settings = read_settings()
    async with open_repository(settings) as repository:
        return await purge_and_train(repository, retention_days=settings.event_retention_days, budget=NO_TUNING)
