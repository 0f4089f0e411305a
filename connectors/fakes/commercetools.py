"""
A stateful commercetools project: queries, versions, erasure, OAuth tokens.

It obeys the vendor's rules as documented (docs.commercetools.com, read 2026-11): an
object is deleted only at its current version (409 otherwise), a query takes at most
500 results and an offset of 10,000, a token opens what its scopes name, an unknown
id is a `ResourceNotFound`.

Seeded with objects as `commercetools_records` makes them: each names its `kind`.
Control verbs: `expire_tokens`; `token_uses` (a number: later tokens are refused
after so many uses); `touch` (`{"kind", "id"}`: somebody else changes the object);
`restless` (`{"id", "times"}`: it changes just before each of so many deletions);
`vanishing` (ids that somebody else deletes right after a conflict about them);
`deaf` (`true`: queries ignore their predicate).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response

from connectors.fakes.commercetools_predicates import (
    MalformedPredicateError,
    Test,
    parse,
)
from connectors.fakes.frame import Call, FakeProcessor, Route

PROJECT = "a-shop"
CLIENT_ID = "fake-client"
CLIENT_SECRET = "fake-secret"  # noqa: S105 (the fake's own)

_MOST = 500
_FARTHEST = 10_000
_SCOPE_OF = {
    "business-units": "business_units",
    "carts": "orders",
    "custom-objects": "key_value_documents",
    "customers": "customers",
    "discount-codes": "discount_codes",
    "messages": "messages",
    "orders": "orders",
    "payments": "payments",
    "quote-requests": "quote_requests",
    "quotes": "quotes",
    "reviews": "products",
    "shopping-lists": "shopping_lists",
    "staged-quotes": "staged_quotes",
}
_BY_ID = tuple(k for k in _SCOPE_OF if k not in ("custom-objects", "messages"))
_REASONS = {
    400: "InvalidInput",
    401: "invalid_token",
    403: "insufficient_scope",
    404: "ResourceNotFound",
    409: "ConcurrentModification",
}


class _RefusedError(Exception):
    """The vendor says no; `more` goes into its error object."""

    def __init__(self, status: int, **more: object) -> None:
        self.status = status
        self.more = more


class FakeCommercetools(FakeProcessor):
    """One project of commercetools and its token endpoint."""

    name: ClassVar[str] = "commercetools"

    def empty(self) -> dict[str, Any]:
        """Return a project without objects; its one client may do everything."""
        return {
            "objects": {kind: {} for kind in _SCOPE_OF},
            "erased": [],
            "restless": {},
            "vanishing": [],
            "deaf": False,
            "tokens": {},
            "issued": 0,
            "token_uses": None,
            "scope": f"manage_project:{PROJECT}",
        }

    def routes(self) -> Sequence[Route]:
        """Return the operations that the connector may use."""
        custom = "/{projectKey}/custom-objects/{container}/{key}"
        return (
            Route("token", "POST", "/oauth/token", self._token),
            Route("ping", "GET", "/{projectKey}", self._project),
            Route("query_messages", "GET", "/{projectKey}/messages", self._query),
            Route("get_custom-objects", "GET", custom, self._get),
            Route("erase_custom-objects", "DELETE", custom, self._delete),
            *(route for kind in _BY_ID for route in self._routes_of(kind)),
        )

    def _routes_of(self, kind: str) -> Sequence[Route]:
        everyone, one = f"/{{projectKey}}/{kind}", f"/{{projectKey}}/{kind}/{{ID}}"
        return (
            Route(f"query_{kind}", "GET", everyone, self._query),
            Route(f"get_{kind}", "GET", one, self._get),
            Route(f"erase_{kind}", "DELETE", one, self._delete),
        )

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put objects in; each names its `kind`."""
        for record in records:
            fields = {name: record[name] for name in record if name != "kind"}
            self.data["objects"][record["kind"]][record["id"]] = fields

    def objects(self, kind: str) -> dict[str, Any]:
        """Return the objects of *kind* by id."""
        objects: dict[str, Any] = self.data["objects"][kind]
        return objects

    def authorised(self, call: Call) -> bool:
        """Take the client's own secret for a token, and a living token for all else."""
        given = call.headers.get("authorization", "")
        if call.operation == "token":
            pair = f"{CLIENT_ID}:{CLIENT_SECRET}".encode()
            return given == f"Basic {b64encode(pair).decode()}"
        token = self.data["tokens"].get(given.removeprefix("Bearer "))
        if token is None or token["uses_left"] == 0:
            return False
        if token["uses_left"] is not None:
            token["uses_left"] -= 1
        return True

    def refusal(self, status: int, **more: object) -> Response:
        """Word an error as the vendor does."""
        reason = _REASONS.get(status, "General")
        said = f"fake refusal {status}"
        error = {"code": reason, "message": said, **more}
        return JSONResponse(
            {"statusCode": status, "message": said, "errors": [error]}, status
        )

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Obey a control verb."""
        match verb:
            case "expire_tokens":
                self.data["tokens"].clear()
            case "token_uses" | "deaf" | "vanishing":
                self.data[verb] = body
            case "touch":
                self.objects(body["kind"])[body["id"]]["version"] += 1
            case "restless":
                self.data["restless"][body["id"]] = body["times"]
            case _:
                return super().command(verb, body)
        return None

    # --- the vendor's operations --------------------------------------------------

    def _token(self, call: Call) -> Response:
        form = parse_qs(call.body.decode())
        if form.get("grant_type") != ["client_credentials"]:
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        self.data["issued"] += 1
        token = f"fake-token-{self.data['issued']}"
        asked = form.get("scope", [self.data["scope"]])[0]
        granted = self.data["scope"].split()
        if "manage_project" not in self.data["scope"]:
            asked = " ".join(scope for scope in asked.split() if scope in granted)
        uses = self.data["token_uses"]
        self.data["tokens"][token] = {"scope": asked, "uses_left": uses}
        answer = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 172800,
            "scope": asked,
        }
        return JSONResponse(answer)

    def _project(self, call: Call) -> Response:
        return self._checked(call, lambda _: {"key": PROJECT, "name": "A shop"})

    def _query(self, call: Call) -> Response:
        return self._checked(call, self._page)

    def _get(self, call: Call) -> Response:
        return self._checked(call, self._named)

    def _delete(self, call: Call) -> Response:
        return self._checked(call, self._deleted)

    def _checked(self, call: Call, act: Callable[[Call], object]) -> Response:
        """Act if the token's scopes allow it, and word a refusal as the vendor does."""
        if not self._allows(call):
            return self.refusal(403)
        try:
            return JSONResponse(act(call))
        except _RefusedError as refused:
            return self.refusal(refused.status, **refused.more)

    def _allows(self, call: Call) -> bool:
        verb, _, kind = call.operation.partition("_")
        name = _SCOPE_OF.get(kind, "project_settings")
        project = call.path["projectKey"]
        scopes = {f"manage_project:{project}", f"manage_{name}:{project}"}
        if verb != "erase":
            scopes.add(f"view_{name}:{project}")
        given = call.headers["authorization"].removeprefix("Bearer ")
        # A token is of one project: it opens no other.
        granted = self.data["tokens"][given]["scope"].split()
        return project == PROJECT and not scopes.isdisjoint(granted)

    def _page(self, call: Call) -> dict[str, Any]:
        limit = _number(call, "limit", 20)
        offset = _number(call, "offset", 0)
        if limit > _MOST or offset > _FARTHEST or call.query.get("sort") != "id asc":
            raise _RefusedError(400)
        tests = self._predicates(call)
        objects = self.objects(_kind(call))
        matches = [
            objects[key]
            for key in sorted(objects)
            if all(test(objects[key]) for test in tests)
        ]
        page = matches[offset : offset + limit]
        answer = {"limit": limit, "offset": offset, "count": len(page)}
        if call.query.get("withTotal") != "false":
            answer["total"] = len(matches)
        return {**answer, "results": page}

    def _predicates(self, call: Call) -> list[Test]:
        variables = {
            name.removeprefix("var."): call.query.getlist(name)
            for name in call.query
            if name.startswith("var.")
        }
        try:
            tests = [parse(where, variables) for where in call.query.getlist("where")]
        except MalformedPredicateError:
            raise _RefusedError(400) from None
        return [] if self.data["deaf"] else tests

    def _named(self, call: Call) -> dict[str, Any]:
        objects = self.objects(_kind(call))
        if "ID" in call.path:
            named = objects.get(call.path["ID"])
        else:
            place = (call.path["container"], call.path["key"])
            at = (o for o in objects.values() if (o["container"], o["key"]) == place)
            named = next(at, None)
        if named is None:
            raise _RefusedError(404)
        found: dict[str, Any] = named
        return found

    def _deleted(self, call: Call) -> dict[str, Any]:
        """Delete at the current version only; erase its messages only if told to."""
        found, kind = self._named(call), _kind(call)
        left = self.data["restless"].get(found["id"], 0)
        if left:
            self.data["restless"][found["id"]] = left - 1
            found["version"] += 1
        version = _number(call, "version", None)
        if version != found["version"]:
            if found["id"] in self.data["vanishing"]:
                del self.objects(kind)[found["id"]]
            raise _RefusedError(409, currentVersion=found["version"])
        erases = call.query.get("dataErasure") == "true"
        self.data["erased"].append(
            {"kind": kind, "id": found["id"], "data_erasure": erases}
        )
        del self.objects(kind)[found["id"]]
        if erases:
            messages = self.objects("messages")
            about = [
                m for m in messages if messages[m]["resource"]["id"] == found["id"]
            ]
            for message in about:
                del messages[message]
        return found


def app() -> FakeCommercetools:
    """Return a fresh project."""
    return FakeCommercetools()


def _kind(call: Call) -> str:
    return call.operation.partition("_")[2]


def _number(call: Call, name: str, default: int | None) -> int:
    value = call.query.get(name)
    if value is None and default is not None:
        return default
    if value is None or not value.isdecimal():
        raise _RefusedError(400)
    return int(value)
