"""
A stateful processor that speaks OpenDSR 2.0, and mParticle's or AppsFlyer's dialect.

It obeys the specification (https://github.com/opengdpr/OpenDSR, read 2026-11) and what
vendors do otherwise: routes, identities as a map, other spellings, other codes.  It
refuses what they refuse: an id that is known, a type or format it does not take, one
person in two open requests (mParticle), a cancellation that comes too late.

A request goes one state further with each question: pending, in_progress, completed;
the people are gone, or the results are there, with completed and not before.  It signs
its callbacks by an authority that it makes (`roots_pem`).  Control verbs set the
`dialect`, how many questions a request takes (`steps`), `end` the open ones in any
state, let results `expire`, and `call_back` to an address.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

from connectors.fakes.frame import Call, FakeProcessor, Route
from connectors.fakes.opendsr_signing import DOMAIN, Signer, the_authority, the_signer

AUTHORIZATION = "Basic b3BlbmRzci1rZXk6b3BlbmRzci1zZWNyZXQ="
CALLBACK_URL = "https://privacy.maison-exemple.example/callbacks/cdp"
CONTROLLER = "controller-7"

_STATES = ("pending", "in_progress", "completed")
_OPEN = frozenset(_STATES[:-1])
_KINDS = frozenset({"erasure", "access", "portability"})

Record = dict[str, Any]


class FakeOpenDsr(FakeProcessor):
    """One account at a processor that speaks OpenDSR."""

    name = "opendsr"

    def __init__(self) -> None:
        super().__init__()
        self.signer: Signer = the_signer()

    @property
    def roots_pem(self) -> str:
        """The authority that vouches for its certificate."""
        return the_authority().root_pem

    def reset(self) -> None:
        """Take its own key again too."""
        super().reset()
        self.signer = the_signer()

    def routes(self) -> Sequence[Route]:
        """Return the operations the connector uses, and both downloads."""
        one = "/{requests}/{id}"
        return (
            Route("discovery", "GET", "/discovery", self._discovery),
            Route("certificate", "GET", "/certificate", self._certificate),
            Route("certificate_moved", "GET", "/moved", self._certificate),
            Route("results", "GET", "/results/{name}", self._results),
            Route("create", "POST", "/{requests}", self._create),
            Route("read", "GET", one, self._read),
            Route("cancel", "DELETE", one, self._cancel),
        )

    def empty(self) -> dict[str, Any]:
        """Return an account without people."""
        return {
            "people": [],
            "requests": {},
            "results": {},
            "dialect": "opendsr",
            "steps": len(_STATES) - 1,
            "certificate_host": None,
            "certificate_moved": False,
        }

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put people in: `identities` by type, and `records`."""
        for record in records:
            self.data["people"].append(
                {
                    "identities": dict(record["identities"]),
                    "records": list(record.get("records", [])),
                }
            )

    def authorised(self, call: Call) -> bool:
        """Take the account's key; links that answers name take no credentials."""
        given = call.headers.get("authorization")
        if call.operation in ("certificate", "certificate_moved", "results"):
            return given is None
        return given == AUTHORIZATION

    def refusal(self, status: int) -> Response:
        """Word an error as the specification does."""
        error = {"code": status, "message": f"error {status}", "errors": []}
        return JSONResponse({"error": error}, status)

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Obey what is set, and `end`, `expire`, `call_back`."""
        if verb in ("dialect", "steps", "certificate_host", "certificate_moved"):
            self.data[verb] = body
        elif verb == "end":
            for request in self._open():
                self._finish(request, body or "completed")
        elif verb == "expire":
            self.data["results"] = dict.fromkeys(self.data["results"])
        elif verb == "call_back":
            return [self._call_back(id_, body["to"]) for id_ in self.data["requests"]]
        else:
            raise LookupError(verb)
        return None

    # --- the operations -----------------------------------------------------------

    def _discovery(self, call: Call) -> Response:
        host = self.data["certificate_host"]
        base = call.url if host is None else f"https://{host}"
        return JSONResponse(
            {
                "api_version": "2.0",
                "supported_identities": [
                    {"identity_type": "email", "identity_format": "raw"}
                ],
                "supported_subject_request_types": sorted(_KINDS),
                "processor_certificate": f"{base}/certificate",
            }
        )

    def _certificate(self, call: Call) -> Response:
        if self.data["certificate_moved"] and call.operation == "certificate":
            return RedirectResponse("/moved")
        return PlainTextResponse(self.signer.certificate)

    def _create(self, call: Call) -> Response:
        if call.path["requests"] != self._route():
            return self.refusal(404)
        body = call.json()
        id_, kind = body["subject_request_id"], body["subject_request_type"]
        identities = self._identities(body["subject_identities"])
        if id_ in self.data["requests"] or kind not in _KINDS:
            return self.refusal(400)
        if self.data["dialect"] == "appsflyer" and not body.get("property_id"):
            return self.refusal(400)
        if self.data["dialect"] == "mparticle" and self._is_busy(identities):
            return self.refusal(409)
        request = {
            "id": id_,
            "kind": kind,
            "identities": identities,
            "status": _STATES[0],
            "asked": 0,
            "callbacks": body.get("status_callback_urls", []),
            "received": _now(),
        }
        self.data["requests"][id_] = request
        created = {
            "controller_id": CONTROLLER,
            "subject_request_id": id_,
            "received_time": _text(request["received"]),
            "expected_completion_time": _text(request["received"] + 14 * 86400),
            "encoded_request": "e30=",
        }
        return JSONResponse(created, 201)

    def _read(self, call: Call) -> Response:
        request = self._known(call)
        if request is None:
            return self._no_such()
        if request["status"] in _OPEN:
            request["asked"] += 1
            if request["asked"] >= self.data["steps"]:
                self._finish(request, "completed")
            else:
                request["status"] = _STATES[1]
        return JSONResponse(self._worded(request, call.url))

    def _cancel(self, call: Call) -> Response:
        request = self._known(call)
        if request is None:
            return self._no_such()
        if request["status"] != _STATES[0]:
            return self.refusal(400)
        request["status"] = "cancelled"
        body = {
            "controller_id": CONTROLLER,
            "subject_request_id": request["id"],
            "received_time": _text(_now()),
        }
        return JSONResponse(body, 202)

    def _results(self, call: Call) -> Response:
        name = call.path["name"]
        if name not in self.data["results"]:
            return Response(status_code=404)
        rows = self.data["results"][name]
        if rows is None:
            return Response(status_code=410)
        return Response("".join(json.dumps(row) + "\n" for row in rows))

    # --- callbacks ----------------------------------------------------------------

    def callback(
        self,
        request_id: str,
        status: str | None = None,
        *,
        signer: Signer | None = None,
        domain: str = DOMAIN,
        prefix: str = "X-OpenDSR",
        **changes: object,
    ) -> tuple[dict[str, str], bytes]:
        """Return headers and body of what it says of a request; *changes* forge."""
        request = self.data["requests"].get(request_id)
        said = {
            "controller_id": CONTROLLER,
            "subject_request_id": request_id,
            "request_status": status or request["status"],
            "expected_completion_time": _text(_now() + 86400),
            "status_callback_url": CALLBACK_URL,
            "results_url": None,
            **changes,
        }
        body = json.dumps(said).encode()
        headers = {
            f"{prefix}-Processor-Domain": domain,
            f"{prefix}-Signature": (signer or self.signer).signature(body),
            "Content-Type": "application/json",
        }
        return headers, body

    def _call_back(self, request_id: str, to: str) -> int:
        """Call back, and return what was answered."""
        headers, body = self.callback(request_id)
        return httpx.post(to, content=body, headers=headers).status_code

    # --- requests -----------------------------------------------------------------

    def _route(self) -> str:
        is_appsflyer = self.data["dialect"] == "appsflyer"
        return "opendsr_requests" if is_appsflyer else "requests"

    def _known(self, call: Call) -> Record | None:
        if call.path["requests"] != self._route():
            return None
        request: Record | None = self.data["requests"].get(call.path["id"])
        return request

    def _no_such(self) -> Response:
        return self.refusal(400 if self.data["dialect"] == "appsflyer" else 404)

    def _identities(self, given: Any) -> list[list[str]]:  # noqa: ANN401 (JSON)
        """Read identities in the dialect's shape; raises what answers 400."""
        if self.data["dialect"] == "mparticle":
            pairs = [(t, one["value"], one["encoding"]) for t, one in given.items()]
        else:
            pairs = [
                (one["identity_type"], one["identity_value"], one["identity_format"])
                for one in given
            ]
        if not pairs or not all(value for _, value, _ in pairs):
            raise ValueError(given)
        return [list(pair) for pair in pairs]

    def _is_busy(self, identities: list[list[str]]) -> bool:
        return any(request["identities"] == identities for request in self._open())

    def _open(self) -> list[Record]:
        requests: Mapping[str, Record] = self.data["requests"]
        return [one for one in requests.values() if one["status"] in _OPEN]

    def _finish(self, request: Record, state: str) -> None:
        """End a request; only a completed one changes anything."""
        request["status"] = state
        if state != "completed":
            return
        meant = [one for one in self.data["people"] if _is_meant(one, request)]
        if request["kind"] == "erasure":
            self.data["people"] = [p for p in self.data["people"] if p not in meant]
        else:
            rows = [row for person in meant for row in _rows(person)]
            self.data["results"][request["id"]] = rows

    def _worded(self, request: Record, url: str) -> Record:
        status = request["status"]
        if self.data["dialect"] == "appsflyer":
            spelled = {"in_progress": "in-progress", "cancelled": "canceled"}
            status = spelled.get(status, status)
        rows = self.data["results"].get(request["id"])
        has_results = request["id"] in self.data["results"] and rows != []
        link = f"{url}/results/{request['id']}" if has_results else None
        return {
            "controller_id": CONTROLLER,
            "subject_request_id": request["id"],
            "request_status": status,
            "expected_completion_time": _text(request["received"] + 14 * 86400),
            "results_url": link,
            "results_count": None if rows is None else len(rows),
        }


def app() -> FakeOpenDsr:
    """Return a fresh account."""
    return FakeOpenDsr()


def _is_meant(person: Record, request: Record) -> bool:
    """Tell whether a request names one of the person's identities."""
    known: Mapping[str, str] = person["identities"]
    return any(
        type_ in known and _formatted(known[type_], format_) == value
        for type_, value, format_ in request["identities"]
    )


def _formatted(value: str, format_: str) -> str:
    return (
        value if format_ == "raw" else hashlib.new(format_, value.encode()).hexdigest()
    )


def _rows(person: Record) -> list[Record]:
    return [{"identities": person["identities"]}, *person["records"]]


def _now() -> float:
    return dt.datetime.now(dt.UTC).timestamp()


def _text(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
