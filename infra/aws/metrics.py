"""Metrics in CloudWatch's embedded metric format: CloudWatch reads them from log lines, which costs a request no call."""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from infra.aws.logs import Invocation

NAMESPACE = "Shop"
MetricGroup = tuple[list[str], dict[str, Any]]
"""The names of the dimensions, and all members: dimensions and metrics."""
UNITS = {"latency": "Milliseconds", "training_seconds": "Seconds"}


class ServedList(Struct, frozen=True):
    """The counted facts about a recommendation list in a response."""

    strategy: str | None = None
    cached: bool | None = None


class _ResponseBody(ServedList, frozen=True):
    recommendations: ServedList | None = None


_DECODER = msgspec.json.Decoder(_ResponseBody)


def served_list(body: str) -> ServedList | None:
    """Return the recommendation list that a response is or contains as `recommendations`; None if there is none."""
    if '"strategy"' not in body:
        return None
    response = _DECODER.decode(body)
    served = response.recommendations or response
    return served if served.strategy else None


def emit(
    invocation: Invocation, metrics: dict[str, float], served: ServedList | None = None, *, status: int | None = None
) -> None:
    """Write one line of metrics by function, with the `status` of the response to a request.

    A served list counts by its strategy and as stored or fresh.
    """
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
    properties: dict[str, Any] = {
        "function": function,
        "request_id": invocation.request_id,
        "cold_start": invocation.cold_start,
        **({"status": status} if status else {}),
    }
    _write(properties, [(["function"], metrics), *([_count_of(served)] if served else [])])


def _count_of(served: ServedList) -> MetricGroup:
    dimensions = {"strategy": served.strategy, "list": "stored" if served.cached else "fresh"}
    return ["function", *dimensions], {"lists": 1, **dimensions}


def _write(properties: dict[str, Any], groups: Sequence[MetricGroup]) -> None:
    """Write one line with several groups of metrics."""
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
