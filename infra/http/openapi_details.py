"""The parts of the OpenAPI document that people and generated clients read: tags, formats, headers and examples."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from infra.http.examples import EXAMPLES, Example, OperationExamples
from infra.http.examples.problems import problem_example

_TAGS = {
    "customer": ("Customers", "Customers, their addresses, their events and their personal data."),
    "recommendations": ("Recommendations", "Lists for a customer, and the events that update them."),
    "products": ("Products", "The catalogue, and lists about products."),
    "rules": ("Rules", "What the shop hides, pins, boosts or buries in its lists."),
    "experiments": ("Experiments", "Arms of customers whose lists are made in different ways, and what they lead to."),
    "reports": ("Reports", "What lists led to, and what weakens them."),
    "": ("Shop", "Whether the shop answers, and which model it uses."),
}
"""The tag of each group of endpoints by the first segment of their paths, and of all other endpoints."""

_HEADERS = {
    "X-Request-Id": {
        "description": "The id of the request, also in the log: that of the request header `X-Request-Id` if it is a UUID",
        "schema": {"type": "string", "pattern": "^[0-9a-f-]{32,36}$"},
        "example": "deb8af0a5e324da4e03349a9a9b6473c",
    },
    "Location": {
        "description": "The path of what was created",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
    "Allow": {
        "description": "The methods of the path",
        "schema": {"type": "string"},
        "example": "GET",
    },
    "Retry-After": {
        "description": "The seconds to wait before the same request is sent again",
        "schema": {"type": "integer"},
        "example": 1,
    },
}
_HEADERS_OF_STATUS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}


def add_details(document: dict[str, Any]) -> None:
    """Add tags, formats, response headers and the examples of `infra.http.examples` to a document."""
    _add_formats(document["components"]["schemas"])
    document["components"]["headers"] = _HEADERS
    tags: dict[str, str] = {}
    for path, operations in document["paths"].items():
        tag, description = _TAGS.get(path.split("/")[1], _TAGS[""])
        tags[tag] = description
        for operation in operations.values():
            operation["tags"] = [tag]
            _add_examples(operation, EXAMPLES.get(operation["operationId"], OperationExamples(examples=())))
    document["tags"] = [{"name": name, "description": description} for name, description in tags.items()]


def _add_formats(schemas: dict[str, Any]) -> None:
    """Add the formats that every value has.

    E-mail addresses and the URLs of products have none: real shops have `a..b@example.jp` and pictures with blanks in their
    names, which clients that check the formats `email` and `uri` would refuse.
    """
    schemas["Problem"]["properties"]["type"]["format"] = "uri"
    for public_name, schema in schemas.items():
        # Generators name classes by titles.
        schema["title"] = public_name
        if "description" in schema:
            # Markdown shows indented lines as code.
            schema["description"] = inspect.cleandoc(schema["description"])
        for name, member in schema["properties"].items():
            for choice in member.get("anyOf", [member]):
                if name.endswith("_at") and choice.get("type") == "string":
                    choice["format"] = "date-time"


def _add_examples(operation: dict[str, Any], documented: OperationExamples) -> None:
    usual = next(iter(documented.examples), Example())
    for parameter in operation.get("parameters", []):
        if parameter["name"] in usual.parameters:
            parameter["example"] = usual.parameters[parameter["name"]]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content["examples"] = _named(documented, "body")
    for status, response in operation["responses"].items():
        response["headers"] = dict(_headers_of(int(status), usual))
        for content in response.get("content", {}).values():
            content["examples"] = _named(documented, "answer") if int(status) < 400 else _problems(response, documented)


def _named(documented: OperationExamples, member: str) -> dict[str, Any]:
    """Return all bodies or all answers; a body and its answer have the same name."""
    return {
        f"example{number}": ({"summary": example.summary} if example.summary else {}) | {"value": getattr(example, member)}
        for number, example in enumerate(documented.examples, start=1)
    }


def _problems(response: dict[str, Any], documented: OperationExamples) -> dict[str, Any]:
    """Return an example of each problem that the description of a response names."""
    examples = (problem_example(slug, documented) for slug in re.findall("`([a-z-]+)`", response["description"]))
    return {
        problem["type"].removeprefix("urn:problem:"): {"summary": problem["title"], "value": problem} for problem in examples
    }


def _headers_of(status: int, usual: Example) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "X-Request-Id", {"$ref": "#/components/headers/X-Request-Id"}
    if name := _HEADERS_OF_STATUS.get(status):
        yield name, {"$ref": f"#/components/headers/{name}"}
    if status < 400:
        for name, value in usual.headers.items():
            yield name, _HEADERS[name] | {"example": value}
