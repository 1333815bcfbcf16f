"""The scheduled function `Training`: train a model on all events and put it into use."""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Any

from domain.errors import ConfigurationError, ShopError
from domain.ranking.model import Model
from infra.aws.logs import Invocation, log_as_json
from infra.aws.metrics import emit
from infra.background.gc import resume_collections
from infra.logs import describe_error
from infra.settings import read_settings
from infra.storage.opening import open_repository
from infra.use_cases.purge import Retention, purge_and_train, purge_audit
from infra.use_cases.train import TuningBudget

logger = logging.getLogger(__name__)
invocation = Invocation()
resume_collections()
NO_TUNING = TuningBudget(trials=0)
"""Keep the tuned configuration of the current model: a function may run for at most 15 minutes."""


class TrainingFailed(Exception):
    """An unexpected error ended the training; the log has its type and place."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Train once, on a schedule or manually with `{}`; log and raise any error, and keep the current model."""
    invocation.request_id = getattr(context, "aws_request_id", None)
    log_as_json(invocation)
    started_at = time.monotonic()
    try:
        _check_event(event)
        model = asyncio.run(_train())
    except Exception as error:  # noqa: BLE001 - each error is raised again or replaced
        is_expected = isinstance(error, ShopError)
        logger.error("The training failed: %s", error if is_expected else describe_error(error))  # noqa: TRY400 - complete
        emit(invocation, {"errors": 1})
        # AWS Lambda logs a raised error with its causes: a cause may contain a password, and a text stored data.
        raise (error if is_expected else TrainingFailed()) from None
    finally:
        invocation.cold_start = False
    emit(invocation, {"training_seconds": time.monotonic() - started_at, "events": model.n_events, "errors": 0})
    return {"model_id": model.model_id, "events": model.n_events, "products": model.n_products}


def _check_event(event: Any) -> None:
    """Raise ConfigurationError for other events: a queue or an API connected by mistake must not start costly trainings."""
    if event != {} and not (isinstance(event, dict) and event.get("detail-type") == "Scheduled Event"):
        raise ConfigurationError("A training starts with a scheduled event, or manually with {}.")


async def _train() -> Model:
    settings = read_settings()
    async with open_repository(settings) as repository:
        await purge_audit(repository, now=datetime.now(UTC), retention_days=settings.audit_retention_days)
        retention = Retention(event_days=settings.event_retention_days, guest_days=settings.guest_retention_days)
        return await purge_and_train(repository, retention=retention, budget=NO_TUNING)
