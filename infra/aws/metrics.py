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


def emit(invocation: Invocation, metrics: dict[str, float], served: Sequence[ServedList] = ()) -> None:
    """Write a line of metrics by function, and one more for each list by its strategy and whether it was stored."""
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
    properties = {"function": function, "request_id": invocation.request_id, "cold_start": invocation.cold_start}
    _write(properties, metrics, ["function"])
    for one in served:
        kind = {"strategy": one.strategy, "list": "stored" if one.cached else "fresh"}
        _write(properties | kind, {"lists": 1}, ["function", "strategy", "list"])


def _write(properties: dict[str, Any], metrics: dict[str, float], dimensions: list[str]) -> None:
    declared = {
        "Namespace": NAMESPACE,
        "Dimensions": [dimensions],
        "Metrics": [{"Name": name, "Unit": UNITS.get(name, "Count")} for name in metrics],
    }
    line = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [declared]}, **properties, **metrics}
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()
