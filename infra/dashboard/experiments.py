"""List the experiments, show what one led to, start a draft and end one that runs."""

import time
from collections.abc import Sequence
from datetime import datetime
from shlex import quote
from typing import Any, get_args
from weakref import WeakKeyDictionary

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec.structs import replace

from domain.errors import ExperimentRefused, InvalidField, InvalidFields
from domain.ports.repository import Repository
from domain.records.experiment_reports import ExperimentReport
from domain.records.experiments import ExperimentStatus, ListedExperiment
from domain.records.rules import RulePlaces
from infra.dashboard.experiment_views import ShownArm, ShownExperiment, does_of, sentences_of, shown_arms, when_shown
from infra.dashboard.forms import read_form
from infra.dashboard.pages import backend_form, page, see, show
from infra.dashboard.rule_words import state_of, where_of
from infra.dashboard.sessions import notify
from infra.dashboard.texts import plain
from infra.http.auth import AuthenticatedRequest, actor_of
from infra.http.parameters import ExperimentIdInPath
from infra.http.problems import RequestRefused
from infra.storage.opening import Shop
from infra.use_cases.experiment_report import find_experiment, report_experiment
from infra.use_cases.experiments import save_experiment

N_LISTED = 12
MAX_CUSTOMERS = 20_000
"""Customers and guests of a shop whose reports are counted for a page: it takes 0.6 s."""
REUSE_SECONDS = 300.0
_STATUSES: dict[str, ExperimentStatus] = {status: status for status in get_args(ExperimentStatus)}

_known: WeakKeyDictionary[Repository, dict[str, tuple[float, ExperimentReport]]] = WeakKeyDictionary()
"""The last reports of each open shop, by experiment, and when they were counted."""


async def listed_experiments(shop: Shop) -> tuple[Sequence[ShownExperiment], int]:
    """Return the first experiments of a list, and how many more there are: the newest at the top, and drafts at the end."""
    now, stored = shop.now(), await shop.repository.stored_experiments()
    ordered = sorted(stored, key=lambda one: (one.status != "draft", _begins_at(one)), reverse=True)
    shown = [ShownExperiment(experiment=one, state=state_of(one, now), when=when_shown(one)) for one in ordered[:N_LISTED]]
    return shown, len(ordered) - len(shown)


@page("/dashboard/experiments/{experiment_id:str}")
async def experiment_page(
    experiment_id: ExperimentIdInPath, shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Response[Any]:
    experiment = await find_experiment(shop.repository, experiment_id)
    state = state_of(experiment, shop.now())
    has_begun = state in {"live", "ended"}
    report = await _report(shop, experiment) if has_begun else None
    arms: list[ShownArm] = shown_arms(report) if report else []
    where = RulePlaces(placements=experiment.where.placements, kinds=experiment.where.kinds)
    return await show(
        request, shop, "experiment.html",
        active="results", experiment=experiment, state=state, has_begun=has_begun, report=report, arms=arms,
        sentences=sentences_of(report, is_over=state == "ended") if report else [],
        does=[(arm, does_of(arm)) for arm in experiment.arms], n_shares=sum(arm.share for arm in experiment.arms),
        where=where_of(where), when=when_shown(experiment), max_customers=MAX_CUSTOMERS, command_id=quote(experiment_id),
        reuse_minutes=round(REUSE_SECONDS / 60),
    )  # fmt: skip


@backend_form("/dashboard/experiments/{experiment_id:str}/change")
async def change_experiment(
    experiment_id: ExperimentIdInPath, shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Response[Any]:
    """Start a draft, put one that has not begun back to the drafts, or end one that runs."""
    filled = await read_form(request)
    if (status := _STATUSES.get(filled["status"])) is None:
        raise RequestRefused("bad-request")
    experiment = await find_experiment(shop.repository, experiment_id)
    if filled["saved_at"] != experiment.saved_at.isoformat():
        notice = plain("experiment.changed")
    elif status == "ended" and not filled["sure"]:
        notice = plain("experiment.not_sure")
    else:
        notice = await _change(shop, experiment, status, actor=actor_of(request))
    await notify(request, shop, notice)
    return see("experiments", experiment_id)


def _begins_at(experiment: ListedExperiment) -> datetime:
    return experiment.starts_at if isinstance(experiment.starts_at, datetime) else experiment.saved_at


async def _change(shop: Shop, experiment: ListedExperiment, status: ExperimentStatus, *, actor: str) -> str:
    """Save an experiment with another status; return what to tell about it."""
    changed = replace(experiment.experiment, status=status)
    try:
        saved = await save_experiment(shop.repository, changed, now=shop.now(), actor=actor)
    except ExperimentRefused as error:
        return plain("experiment.refused", detail=error)
    except (InvalidField, InvalidFields) as error:
        return plain("experiment.refused", detail=InvalidFields(*error.fields))
    return plain(f"experiment.now_{state_of(saved.experiment, shop.now())}")


async def _report(shop: Shop, experiment: ListedExperiment) -> ExperimentReport | None:
    """Return the report of an experiment, counted in the last minutes; None where counting takes longer than a page may."""
    repository, settings = shop.repository, shop.settings
    known = _known.setdefault(repository, {})
    counted_at, report = known.get(experiment.known_id, (0.0, None))
    if report and report.experiment == experiment and time.monotonic() - counted_at <= REUSE_SECONDS:
        return report
    if await repository.n_profiles(n=MAX_CUSTOMERS + 1) > MAX_CUSTOMERS:
        return None
    report = await report_experiment(
        repository,
        experiment.known_id,
        now=shop.now(),
        attribution_days=settings.attribution_days,
        currency=settings.currency,
    )
    known[experiment.known_id] = time.monotonic(), report
    return report
