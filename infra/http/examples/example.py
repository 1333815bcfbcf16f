"""What an example of an endpoint consists of. Tests send each example to the demo shop and compare the answers."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

Json = Mapping[str, Any]


class Details(Struct, frozen=True, kw_only=True):
    """What a problem says about its request; `errors` has the detail by pointer."""

    detail: str | None = None
    errors: Mapping[str, str] = {}


class Example(Struct, frozen=True, kw_only=True):
    """A request as a person would send it to the demo shop, and its answer, None where the response has no body.

    `parameters` are those of path and query, `headers` those that only the answer of this endpoint has. `after` names the
    operations whose examples must be sent before.
    """

    summary: str = ""
    parameters: Json = {}
    body: Json | None = None
    answer: Any = None
    headers: Mapping[str, str] = {}
    after: tuple[str, ...] = ()


class OperationExamples(Struct, frozen=True, kw_only=True):
    """The examples of an endpoint, the usual one first.

    `refused` has the members of the body, or without a body the parameters, that make the first example invalid.
    `problems` has the details of each problem that differ from the default.
    """

    examples: tuple[Example, ...]
    refused: Json = {}
    problems: Mapping[str, Details] = {}
