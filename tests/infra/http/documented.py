"""The requests and answers that the OpenAPI document shows, and comparisons with what the application does."""

import json
import re
from functools import cache
from urllib.parse import quote

from msgspec import Struct

import main
from infra.http.examples import EXAMPLES
from infra.http.openapi import openapi_document


class Operation(Struct, frozen=True, kw_only=True):
    """An endpoint of the document; `documented` is its whole description."""

    path: str
    method: str
    documented: dict

    @property
    def name(self):
        return self.documented["operationId"]

    @property
    def success(self):
        """Return the status and the description of the answer that is no error."""
        [(status, response)] = [(int(one), r) for one, r in self.documented["responses"].items() if int(one) < 400]
        return status, response

    @property
    def problems(self):
        """Return the example of each problem."""
        responses = [response for status, response in self.documented["responses"].items() if int(status) >= 400]
        return {slug: one["value"] for response in responses for slug, one in examples_of(response).items()}

    def slugs(self):
        return {
            slug
            for status, response in self.documented["responses"].items()
            if int(status) >= 400
            for slug in re.findall(r"`([\w-]+)`", response["description"])
        }

    def parameters(self):
        """Return the examples of the parameters, but for those that stand for parameters with any names."""
        return {
            one["name"]: one["example"]
            for one in self.documented.get("parameters", [])
            if "example" in one and one["schema"].get("type") != "object"
        }

    def bodies(self):
        """Return the examples of the body, None for an endpoint without a body."""
        if "requestBody" not in self.documented:
            return [None]
        return [one["value"] for one in examples_of(self.documented["requestBody"]).values()]

    def body_schema(self, document):
        [content] = self.documented["requestBody"]["content"].values()
        return document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]

    def answers(self):
        return [one["value"] for one in examples_of(self.success[1]).values()] or [None]

    def request(self, body=None, **parameters):
        """Return the method, the target and the body of a request with the `parameters` of the examples or others."""
        values = self.parameters() | parameters
        target, query = self.path, []
        for one in self.documented.get("parameters", []):
            if one["name"] in values and one["in"] == "path":
                target = target.replace(f"{{{one['name']}}}", quote(str(values[one["name"]]), safe=""))
            elif one["name"] in values:
                value = values[one["name"]]
                query += [(one["name"], single) for single in (value if isinstance(value, list) else [value])]
        return self.method, target, {"params": query, **({} if body is None else {"json": body})}


def examples_of(content_holder):
    [content] = content_holder.get("content", {"": {}}).values()
    return content.get("examples", {})


@cache
def document():
    """Return the document as a client reads it."""
    return json.loads(json.dumps(openapi_document(*main.ENDPOINTS)))


@cache
def operations():
    return {
        documented["operationId"]: Operation(path=path, method=method.upper(), documented=documented)
        for path, item in document()["paths"].items()
        for method, documented in item.items()
    }


def preparation(name):
    """Return the operations whose examples come before that of an operation, in their order."""
    for before in dict.fromkeys(before for example in EXAMPLES[name].examples for before in example.after):
        yield from preparation(before)
        yield operations()[before]


def differences(documented, real, pointer="#"):
    """Return the pointers at which the shape of a documented answer differs from a real one; null has any shape.

    The elements of a list count as one, which has the members of all.
    """
    if documented is None or real is None:
        return []
    if isinstance(documented, dict) and isinstance(real, dict):
        other = [f"{pointer}/{name}" for name in sorted(documented.keys() ^ real.keys())]
        same = [(name, documented[name], real[name]) for name in documented if name in real]
        return other + [found for name, *pair in same for found in differences(*pair, f"{pointer}/{name}")]
    if isinstance(documented, list) and isinstance(real, list):
        return (
            differences(_merged(documented), _merged(real), f"{pointer}/0")
            if documented and real
            else ([pointer] if documented or real else [])
        )
    numbers = (int, float)
    is_same = type(documented) is type(real) or (type(documented) in numbers and type(real) in numbers)
    return [] if is_same else [pointer]


def _merged(elements):
    elements = [element for element in elements if element is not None]
    if elements and all(isinstance(element, dict) for element in elements):
        names = dict.fromkeys(name for element in elements for name in element)
        return {name: _merged([element[name] for element in elements if name in element]) for name in names}
    if elements and all(isinstance(element, list) for element in elements):
        return [member for element in elements for member in element]
    return elements[0] if elements else None


def replaced(value, name, other):
    """Return JSON with each member `name` replaced by an `other` value."""
    if isinstance(value, dict):
        return {key: other if key == name else replaced(member, name, other) for key, member in value.items()}
    return [replaced(member, name, other) for member in value] if isinstance(value, list) else value
