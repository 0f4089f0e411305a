"""
Check what we send, and what our fake answers, against the vendor's own API file.

The files are the vendors' and stay outside the project; `ERASURE_VENDOR_SPECS` names
their directory.  An absent variable or file fails the test: whoever runs the marker
`vendor_specs` wants to know.

    @pytest.mark.vendor_specs
    async def test_...(...) -> None:
        with recording(fake) as exchanges: ...drive the connector...
        assert vendor_file("hubspot").disagreements(exchanges, HubSpot.spec) == []
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from connectors.fakes.frame import Exchange, FakeProcessor
from schemas.connecting import ConnectorSpec
from tests.connectors.swagger import as_openapi3

VARIABLE = "ERASURE_VENDOR_SPECS"


class _Request:
    """An exchange's request in openapi-core's protocol."""

    def __init__(self, exchange: Exchange, host: str) -> None:
        address = urlsplit(host)
        self.host_url = f"{address.scheme}://{address.netloc}"
        self.method = exchange.method.lower()
        # Still encoded: a `/` inside an id must not look like another path.
        self.path = address.path + exchange.path
        self.body = exchange.body or None
        self.content_type = exchange.headers.get("content-type", "")
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(_query(exchange)),
            header=Headers(dict(exchange.headers)),
        )


class _Answer:
    """An exchange's answer in openapi-core's protocol."""

    def __init__(self, exchange: Exchange) -> None:
        self.status_code = exchange.status
        self.data = exchange.answer_body
        self.headers = Headers(dict(exchange.answer_headers))
        self.content_type = exchange.answer_headers.get("content-type", "")


class VendorFile:
    """One vendor's API description."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._api = OpenAPI.from_dict(_checkable(document))
        self._document = document
        self._paths = document["paths"]
        self._host = _address(document["servers"][0])

    def disagreements(
        self, exchanges: Sequence[Exchange], spec: ConnectorSpec
    ) -> list[str]:
        """
        Return every way in which an exchange breaks the vendor's file.

        Operations that the spec declares as missing in the file are left out;
        `left_out` names them.
        """
        found: list[str] = []
        for exchange in exchanges:
            if exchange.operation not in left_out(spec):
                found += self._check(exchange)
        return found

    def _check(self, exchange: Exchange) -> list[str]:
        request, answer = _Request(exchange, self._host), _Answer(exchange)
        undeclared = [
            f"{exchange.operation} request: the query parameter {name} is not declared"
            for name in self._undeclared(exchange)
        ]
        sides = {
            "request": self._api.iter_request_errors(request),
            "answer": self._api.iter_response_errors(request, answer),
        }
        return undeclared + [
            f"{exchange.operation} {side} ({exchange.status}): {_told(error)}"
            for side, errors in sides.items()
            for error in errors
        ]

    def _undeclared(self, exchange: Exchange) -> set[str]:
        """Return query parameters the vendor does not know; OpenAPI ignores those."""
        # A path without parameters before one that has them: `/users/search` is no id.
        for template in sorted(self._paths, key=lambda it: it.count("{")):
            operations = self._paths[template]
            pattern = re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(template))
            operation = operations.get(exchange.method.lower())
            if operation and re.fullmatch(pattern, exchange.path):
                parameters = operations.get("parameters", []) + operation.get(
                    "parameters", []
                )
                declared = self._names(parameters)
                return {
                    name for name, _ in _query(exchange) if not _is_in(name, declared)
                }
        return set()

    def _names(self, parameters: Sequence[dict[str, Any]]) -> set[str]:
        return {self._resolved(p)["name"] for p in parameters}

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        found: Any = node
        if "$ref" in node:
            found = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
        return dict(found)


def _address(server: dict[str, Any]) -> str:
    """Return a server's URL with the defaults of its variables filled in."""
    variables = server.get("variables", {})
    values = {name: variable["default"] for name, variable in variables.items()}
    return str(server["url"].format(**values)).rstrip("/")


def left_out(spec: ConnectorSpec) -> frozenset[str]:
    """Return the operations that the vendor's file does not describe."""
    return frozenset(
        name for name, op in spec.operations.items() if not op.in_vendor_file
    )


@cache
def vendor_file(name: str) -> VendorFile:
    """Load `<name>.json`; fails where the variable or the file is absent."""
    directory = os.environ.get(VARIABLE)
    assert directory, f"Set {VARIABLE} to the directory of the vendors' API files."
    path = Path(directory) / f"{name}.json"
    assert path.is_file(), f"{name}.json is missing in the directory of {VARIABLE}."
    return VendorFile(as_openapi3(json.loads(path.read_text())))


@contextmanager
def recording(fake: FakeProcessor) -> Iterator[list[Exchange]]:
    """Keep every request to *fake* and its answer while the block runs."""
    exchanges: list[Exchange] = []
    fake.recorder = exchanges.append
    try:
        yield exchanges
    finally:
        fake.recorder = None


def _query(exchange: Exchange) -> list[tuple[str, str]]:
    return parse_qsl(exchange.query, keep_blank_values=True)


def _is_in(name: str, declared: set[str]) -> bool:
    """Say whether a name is declared, or fits a declared pattern (`/^var[.]/`)."""
    return name in declared or any(
        re.fullmatch(known[1:-1], name)
        for known in declared
        if known.startswith("/^") and known.endswith("/")
    )


def _checkable(document: dict[str, Any]) -> dict[str, Any]:
    """
    Leave out what openapi-core cannot read or reads too strictly.

    Signing in is checked by the fakes (it knows no OAuth scheme), and an empty
    `content` means that there is no body, not that one of no type is missing.  A
    discriminator that names a schema the trimmed file lacks decides nothing.
    """
    document = copy.deepcopy(document)
    schemas = document.get("components", {}).get("schemas", {})
    for schema in schemas.values():
        mapping = schema.get("discriminator", {}).get("mapping", {})
        if any(target.rpartition("/")[2] not in schemas for target in mapping.values()):
            del schema["discriminator"]
            # The fields of those subtypes are trimmed away with them.
            schema.pop("additionalProperties", None)
    document.pop("security", None)
    _drop_empty_bodies(document.get("components", {}).get("responses", {}))
    for path in document["paths"].values():
        for operation in path.values():
            if not isinstance(operation, dict):
                continue
            operation.pop("security", None)
            _drop_empty_bodies(operation.get("responses", {}))
    return document


def _drop_empty_bodies(answers: dict[str, Any]) -> None:
    for answer in answers.values():
        if not answer.get("content", True):
            del answer["content"]


def _told(error: BaseException) -> str:
    """Return an error with all that lies beneath it."""
    parts = [repr(error)]
    parts += [e.message for e in getattr(error.__cause__, "schema_errors", ())]
    return " ".join(parts)
