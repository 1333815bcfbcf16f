"""Experiments as JSON. Each change raises the version of the rules, by which all processes learn of it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from domain.errors import ExperimentNotFound, ExperimentRefused, TooManyItems
from domain.records.audit import Act
from domain.records.experiment_changes import IS_RUNNING, check_alone, check_rules, settled
from domain.records.experiments import MAX_EXPERIMENTS, Experiment, ExperimentSaved, ListedExperiment, listed
from domain.records.values import from_microseconds, to_microseconds
from infra.storage.sql import audit, rules
from infra.storage.sql.statements import Row, Steps, rows

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Experiment).decode


def read() -> Steps[Sequence[ListedExperiment]]:
    """Read all experiments."""
    found = yield from rows("SELECT content, saved_at FROM shop_experiments ORDER BY position")
    return [_listed(row) for row in found]


def save(asked: Experiment, *, now: datetime, actor: str) -> Steps[ExperimentSaved]:
    """Create or replace an experiment; a replaced one keeps its place."""
    # First, because it makes other changes of rules and experiments wait.
    yield from rules.raise_version()
    stored = {one.known_id: one for one in (yield from _all())}
    before = stored.pop(asked.known_id, None)
    experiment = settled(asked, before, now=now)
    check_rules(experiment, {rule.known_id: rule for rule in (yield from rules.read()).rules})
    check_alone(experiment, stored.values())
    if before is None and len(stored) >= MAX_EXPERIMENTS:
        raise TooManyItems(f"A shop has at most {MAX_EXPERIMENTS} experiments.")
    yield from rows(
        "INSERT INTO shop_experiments (experiment_id, content, saved_at, position)"
        " SELECT :experiment_id, :content, :saved_at, COALESCE(MAX(position), 0) + 1 FROM shop_experiments WHERE 1 = 1"
        " ON CONFLICT (experiment_id) DO UPDATE SET content = excluded.content, saved_at = excluded.saved_at",
        experiment_id=experiment.known_id,
        content=_encode(experiment).decode(),
        saved_at=to_microseconds(now),
    )
    yield from audit.record(Act(actor=actor, action="save-experiment", name=experiment.known_id))
    return ExperimentSaved(experiment=experiment, previous=before)


def remove(experiment_id: str, *, now: datetime, actor: str) -> Steps[Experiment]:
    """Delete an experiment; raise ExperimentNotFound, or ExperimentRefused while it runs."""
    yield from rules.raise_version()
    gone = yield from rows(
        "DELETE FROM shop_experiments WHERE experiment_id = :experiment_id RETURNING content", experiment_id=experiment_id
    )
    if not gone:
        raise ExperimentNotFound(experiment_id)
    experiment = _decode(gone[0][0])
    if experiment.is_in_force(now):
        raise ExperimentRefused(IS_RUNNING)
    yield from audit.record(Act(actor=actor, action="remove-experiment", name=experiment_id))
    return experiment


def _all() -> Steps[list[Experiment]]:
    found = yield from rows("SELECT content FROM shop_experiments ORDER BY position")
    return [_decode(content) for (content,) in found]


def _listed(row: Row) -> ListedExperiment:
    content, saved_at = row
    return listed(_decode(content), saved_at=from_microseconds(saved_at))
