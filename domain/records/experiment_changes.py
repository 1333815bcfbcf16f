"""What saving an experiment may change: everything before it begins, then hardly anything, so that its report stays true."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from msgspec import UNSET
from msgspec.structs import replace

from domain.errors import ExperimentRefused, InvalidField, InvalidFields, pointer_below
from domain.records.experiments import Experiment
from domain.records.rules import Rule

HAS_BEGUN = "The experiment has begun: its arms, its places and `from` stay. End it, and save another."
IS_OVER = "The experiment is over: only its name can change. Save another."
NOT_BEGUN = "Only an experiment that runs can end."
IS_RUNNING = "The experiment is running: end it first."


def settled(asked: Experiment, before: Experiment | None, *, now: datetime) -> Experiment:
    """Return what is stored when `asked` is saved over `before`; raise ExperimentRefused or InvalidField."""
    if before is not None and before.has_begun(now):
        return _changed_while_it_counts(asked, before, now)
    # What was removed after its end comes back as it was.
    if before is None and isinstance(asked.until, datetime) and asked.until <= now and asked.has_begun(now):
        return asked
    if asked.status == "ended":
        raise ExperimentRefused(NOT_BEGUN)
    if asked.status == "draft":
        return asked
    begins_at = max(asked.starts_at, now) if isinstance(asked.starts_at, datetime) else now
    _check_ends_after(asked, begins_at)
    return replace(asked, starts_at=begins_at)


def _changed_while_it_counts(asked: Experiment, before: Experiment, now: datetime) -> Experiment:
    is_same = (asked.arms, asked.where) == (before.arms, before.where)
    if not is_same or asked.starts_at not in (UNSET, before.starts_at) or asked.status == "draft":
        raise ExperimentRefused(HAS_BEGUN)
    asked = replace(asked, starts_at=before.starts_at)
    if not before.is_in_force(now):
        if asked.until not in (UNSET, before.until) or (asked.status, before.status) == ("live", "ended"):
            raise ExperimentRefused(IS_OVER)
        return replace(asked, until=before.until)
    if asked.status == "ended":
        return replace(asked, until=now)
    _check_ends_after(asked, now)
    return asked


def _check_ends_after(asked: Experiment, instant: datetime) -> None:
    if isinstance(asked.until, datetime) and asked.until <= instant:
        raise InvalidField("#/until", "Expected an instant in the future")


def check_alone(experiment: Experiment, others: Iterable[Experiment]) -> None:
    """Raise ExperimentRefused if another live experiment is in force at some instant of this one."""
    if experiment.status != "live":
        return
    for other in others:
        if other.status == "live" and _begins_before_end(experiment, other) and _begins_before_end(other, experiment):
            raise ExperimentRefused(
                f"The experiment {other.known_id!r} is live {_end_of(other)}. Two at a time would disturb each other."
            )


def _end_of(experiment: Experiment) -> str:
    if not isinstance(experiment.until, datetime):
        return "without an end"
    return f"until {experiment.until.astimezone(UTC):%Y-%m-%d %H:%M} (UTC)"


def _begins_before_end(experiment: Experiment, other: Experiment) -> bool:
    begins_at, ends_at = experiment.starts_at, other.until
    return not (isinstance(begins_at, datetime) and isinstance(ends_at, datetime)) or begins_at < ends_at


def check_rules(experiment: Experiment, rules: Mapping[str, Rule]) -> None:
    """Raise InvalidFields if an arm of a live experiment names rules that do not exist, or that all arms have."""
    if experiment.status == "live" and (wrong := list(_wrong_rules(experiment, rules))):
        raise InvalidFields(*wrong)


def _wrong_rules(experiment: Experiment, rules: Mapping[str, Rule]) -> Iterator[InvalidField]:
    for index, arm in enumerate(experiment.arms):
        for number, rule_id in enumerate(arm.rules):
            pointer = f"#/arms/{index}/rules/{number}"
            if (rule := rules.get(rule_id)) is None:
                yield InvalidField(pointer, "No rule has this id")
            elif rule.status == "live":
                yield InvalidField(pointer, "The rule is live, so all arms have it: make it a draft")


def check_weights(experiment: Experiment, sources: Collection[str]) -> None:
    """Raise InvalidFields for weights of sources that the shop does not have."""
    wrong = [
        InvalidField(pointer_below(f"#/arms/{index}/weights", source), f"Expected a source: {', '.join(sources)}")
        for index, arm in enumerate(experiment.arms)
        for source in arm.weights
        if source not in sources
    ]
    if wrong:
        raise InvalidFields(*wrong)
