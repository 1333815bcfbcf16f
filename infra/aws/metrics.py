"""Metrics as lines of CloudWatch's embedded metric format: counted from the log, so that no request waits for them."""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from infra.aws.logs import Invocation

NAMESPACE = "Shop"
Group = tuple[list[str], dict[str, Any]]
UNITS = {"latency": "Milliseconds", "training_seconds": "Seconds"}


class ServedList(Struct, frozen=True):
    """Of a recommendation list in an answer, what is counted."""

    strategy: str | None = None
    cached: bool | None = None


class _Profile(ServedList, frozen=True):
    recommendations: ServedList | None = None


_DECODER = msgspec.json.Decoder(_Profile)


def served_list(body: str) -> ServedList | None:
    """Find the list that an answer is, or has as its `recommendations`."""
    if '"strategy"' not in body:
        return None
    answer = _DECODER.decode(body)
    served = answer.recommendations or answer
    return served if served.strategy else None


def emit(
    invocation: Invocation, metrics: dict[str, float], served: Sequence[ServedList] = (), *, status: int | None = None
) -> None:
    """Write metrics by function, and count each list by its strategy and whether it was stored.

    A line holds one list: a request is one line, with the `status` of its answer, a batch of messages one more for each
    list but the first.
    """
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
    properties: dict[str, Any] = {
        "function": function,
        "request_id": invocation.request_id,
        "cold_start": invocation.cold_start,
        **({"status": status} if status else {}),
    }
    first = [_by_kind(one) for one in served[:1]]
    _write(properties, [(["function"], metrics), *first])
    for one in served[1:]:
        _write(properties, [_by_kind(one)])


def _by_kind(served: ServedList) -> Group:
    kind = {"strategy": served.strategy, "list": "stored" if served.cached else "fresh"}
    return ["function", *kind], {"lists": 1, **kind}


def _write(properties: dict[str, Any], groups: Sequence[Group]) -> None:
    """Write a line; the members of a group that are not its dimensions are its metrics."""
    declared = [
        {
            "Namespace": NAMESPACE,
            "Dimensions": [dimensions],
            "Metrics": [{"Name": name, "Unit": UNITS.get(name, "Count")} for name in members if name not in dimensions],
        }
        for dimensions, members in groups
    ]
    line = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": declared}, **properties}
    for _, members in groups:
        line |= members
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()
