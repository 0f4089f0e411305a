"""
The common frame of the stateful fakes: routing, faults, access log, control.

A fake is one module with a subclass of `FakeProcessor` and a function
`def app() -> FakeProcessor`.  The subclass

* sets `name` and returns its `Route`s from `routes()`, each named as the operation
  in the connector's spec (faults are aimed by that name);
* keeps everything it knows in `self.data`, plain dicts and lists of JSON values
  made by `empty()`: the frame copies it to tell a lie, resets it and shows it;
* writes plain handlers `def search(self, call: Call) -> Response` (Starlette's
  responses), which refuse what the vendor would refuse;
* says in `authorised(call, operation)` which credentials it takes, in
  `refusal(status)` how the vendor words an error, and in `seed(records)` how records
  come in;
* may add control verbs in `command(verb, body)` (end a job, let time pass).

Path values are matched on the raw path and decoded afterwards, so an id that holds
`/` or `?` reaches only the resource it names.

Over HTTP, tests and other processes drive it below `/_control/`: `POST seed`,
`POST faults` (a list of `Fault`), `DELETE faults`, `POST release` (let stalled
requests go), `POST reset`, `GET state`, `GET log`, and `POST` of any verb of
`command`.  Within the process the same are methods: `seed`, `faults.add`, `release`,
`reset`, `data`, `log`.

The log keeps what a processor's access log would: method, path and query.  The
bodies are seen only by a `recorder` (the vendor-file tests set one).
"""

from __future__ import annotations

import asyncio
import copy
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar
from urllib.parse import unquote

from pydantic import TypeAdapter
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from connectors.fakes.faults import Fault, FaultKind, Faults
from connectors.fakes.limits import Limiter
from schemas.instructions import Publication

_FAULTS = TypeAdapter(list[Fault])
_CONTROL = "/_control/"

Letter = tuple[Mapping[str, str], bytes]  # headers and body
Handler = Callable[["Call"], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation the fake answers; `path` is a template like `/contacts/{id}`."""

    operation: str
    method: str
    path: str
    handler: Handler


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a handler sees it; `path` holds the decoded path values."""

    operation: str
    path: Mapping[str, str]
    query: QueryParams
    headers: Headers
    body: bytes
    url: str  # scheme and host the fake was reached at, without a path

    def json(self) -> Any:  # noqa: ANN401 (whatever the client sent)
        """Return the body as JSON; raises `ValueError` (the frame answers 400)."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the access log; `operation` is empty where no route matched."""

    operation: str
    method: str
    path: str
    query: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer in full, for the vendor-file tests."""

    operation: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer_headers: Mapping[str, str]
    answer_body: bytes
    template: str = ""
    fault: str = ""  # the kind that struck, if one did


class FakeProcessor(ABC):
    """A processor that obeys its documented rules until it is told otherwise."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.data: dict[str, Any] = self.empty()
        self.faults = Faults()
        self.log: list[Seen] = []
        self.acted: Counter[str] = Counter()  # handlers that really ran, by operation
        self.recorder: Callable[[Exchange], None] | None = None
        self.limiter: Limiter | None = None
        self._released = 0
        self._routes = tuple((r, r.path.strip("/").split("/")) for r in self.routes())

    # --- what a fake says of itself ---------------------------------------------

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """Return the operations this fake answers."""

    @abstractmethod
    def empty(self) -> dict[str, Any]:
        """Return the state of a fresh account, as JSON values."""

    @abstractmethod
    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put records in, in a shape the fake documents."""

    @abstractmethod
    def authorised(self, call: Call) -> bool:
        """Say whether the call carries credentials the account takes."""

    def refusal(self, status: int) -> Response:
        """Return an error in the vendor's own words."""
        return JSONResponse({"message": f"error {status}"}, status)

    def command(self, verb: str, body: Any) -> Any:  # noqa: ANN401, ARG002 (JSON)
        """Obey a control verb of this fake's own; raises `LookupError` if unknown."""
        raise LookupError(verb)

    def take(self, publication: Publication) -> None:  # noqa: ARG002
        """Read a record of its topic; a fake that takes part by topic overrides it."""
        raise LookupError("This processor is not instructed by topic.")

    def letters(self) -> Sequence[Letter]:
        """Return what it says by itself since it was asked last, where it does."""
        return ()

    # --- what tests and the demo ask ----------------------------------------------

    def release(self) -> None:
        """Let every stalled request go on without an answer."""
        self._released += 1

    def reset(self) -> None:
        """Forget everything: state, faults, log and counts."""
        self.data = self.empty()
        self.faults.clear()
        self.log.clear()
        self.acted.clear()
        self.release()

    def requests(self, operation: str) -> int:
        """Return how many requests reached *operation*."""
        return sum(seen.operation == operation for seen in self.log)

    # --- ASGI ---------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        raw = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("latin-1").partition("?")[0]
        body = await request.body()
        if path.startswith(_CONTROL):
            answer = self._control(request.method, path.removeprefix(_CONTROL), body)
            await answer(scope, receive, send)
            return
        await self._answer(request, path, body, send)

    async def _answer(
        self, request: Request, path: str, body: bytes, send: Send
    ) -> None:
        route, values = self._match(request.method, path)
        operation = route.operation if route else ""
        query = request.url.query
        self.log.append(Seen(operation, request.method, path, query))
        if route is None:
            # Not in the vendor's words: whatever stands at a wrong URL says this.
            answer = Response("Not Found", 404, media_type="text/plain")
            await answer(request.scope, request.receive, send)
            return
        base = str(request.base_url).rstrip("/")
        call = Call(
            operation, values, request.query_params, request.headers, body, base
        )
        fault = self.faults.strike(operation)
        answer = self._act(route, call, fault)
        if self.recorder is not None:
            exchange = _exchange(route, call, request, path, answer)
            self.recorder(replace(exchange, fault=fault.kind if fault else ""))
        await self._deliver(fault, answer, request, send)

    def _match(self, method: str, path: str) -> tuple[Route | None, dict[str, str]]:
        parts = path.strip("/").split("/")
        for route, template in self._routes:
            if route.method == method and len(template) == len(parts):
                values = _bind(template, parts)
                if values is not None:
                    return route, values
        return None, {}

    def _act(self, route: Route, call: Call, fault: Fault | None) -> Response:
        """Do what the request asks, unless the fault forbids it."""
        kind = fault.kind if fault else None
        if fault is not None and kind in _INSTEAD:
            return self._instead(fault)
        if turned_away := self._turned_away(call):
            return self.refusal(turned_away)
        before = copy.deepcopy(self.data) if kind is FaultKind.LIE else None
        try:
            answer = route.handler(call)
        except (ValueError, KeyError, TypeError):
            # A body the vendor could not read either.
            return self.refusal(400)
        if before is not None:
            self.data = before
        else:
            self.acted[call.operation] += 1
        if kind is FaultKind.FAIL_AFTER:
            return self.refusal(500)
        if kind is FaultKind.GARBAGE:
            return Response(b"<html>\x00 upstream", 200, media_type="application/json")
        return answer

    def _turned_away(self, call: Call) -> int | None:
        """Return the status for wrong credentials or for too many requests."""
        if not self.authorised(call):
            return 401
        is_free = self.limiter is None or self.limiter.admits(call.operation)
        return None if is_free else 429

    def _instead(self, fault: Fault) -> Response:
        """Answer without doing anything."""
        answer = self.refusal(_INSTEAD[fault.kind])
        if fault.kind in (FaultKind.THROTTLE, FaultKind.BUSY) and fault.retry_after:
            answer.headers["Retry-After"] = fault.retry_after
        if fault.kind is FaultKind.REDIRECT:
            answer.headers["Location"] = "https://elsewhere.example/"
        return answer

    async def _deliver(
        self, fault: Fault | None, answer: Response, request: Request, send: Send
    ) -> None:
        match fault.kind if fault else None:
            case FaultKind.STALL | FaultKind.STALL_AFTER:
                await self._stall(request)
                _cut(send)
            case FaultKind.LOSE_ANSWER:
                _cut(send)
            case FaultKind.TRUNCATE:
                await _send_half(answer, send)
            case _:
                await answer(request.scope, request.receive, send)

    async def _stall(self, request: Request) -> None:
        """Wait until somebody calls `release` or the client is gone."""
        asked = self._released
        # ASYNC110: `release` is called from other threads too.
        while (  # noqa: ASYNC110
            self._released == asked and not await request.is_disconnected()
        ):
            await asyncio.sleep(0.01)

    # --- control ------------------------------------------------------------------

    def _control(self, method: str, verb: str, body: bytes) -> Response:
        """Obey the control endpoints; the seed and the faults arrive as JSON."""
        if method == "GET":
            return self._show(verb)
        if (method, verb) == ("DELETE", "faults"):
            self.faults.clear()
            return Response(status_code=204)
        match verb:
            case "faults":
                self.faults.add(*_FAULTS.validate_json(body))
            case "seed":
                self.seed(json.loads(body))
            case "release":
                self.release()
            case "reset":
                self.reset()
            case _:
                return self._command(verb, body)
        return Response(status_code=204)

    def _show(self, verb: str) -> Response:
        match verb:
            case "state":
                return JSONResponse(self.data)
            case "log":
                return JSONResponse([asdict(seen) for seen in self.log])
            case "faults":
                return JSONResponse(_FAULTS.dump_python(list(self.faults.listed())))
            case _:
                return Response(status_code=404)

    def _command(self, verb: str, body: bytes) -> Response:
        try:
            return JSONResponse(self.command(verb, json.loads(body or b"null")))
        except LookupError:
            return Response(status_code=404)


_INSTEAD: Mapping[FaultKind, int] = {
    FaultKind.THROTTLE: 429,
    FaultKind.BUSY: 503,
    FaultKind.FAIL: 500,
    FaultKind.DIE: 503,
    FaultKind.UNAUTHORISED: 401,
    FaultKind.FORBIDDEN: 403,
    FaultKind.REDIRECT: 307,
    FaultKind.STALL: 503,
}


def _bind(template: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    """Match raw path segments with a template and decode the values."""
    values: dict[str, str] = {}
    for wanted, got in zip(template, parts, strict=True):
        if wanted.startswith("{"):
            values[wanted.strip("{}")] = unquote(got)
        elif wanted != got:
            return None
    return values


def _cut(send: Send) -> None:
    """Reset the connection: uvicorn's cycle, which owns `send`, holds the transport."""
    cycle = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        raise ConnectionAbortedError
    transport.abort()


async def _send_half(answer: Response, send: Send) -> None:
    """Promise more bytes than are sent, then reset the connection."""
    body = bytes(answer.body)[: len(answer.body) // 2]
    headers = [(k, v) for k, v in answer.raw_headers if k != b"content-length"]
    headers.append((b"content-length", str(len(answer.body) + 100).encode()))
    status = 200 if answer.status_code == 204 else answer.status_code  # noqa: PLR2004
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    _cut(send)


def _exchange(
    route: Route, call: Call, request: Request, path: str, answer: Response
) -> Exchange:
    return Exchange(
        operation=route.operation,
        method=route.method,
        path=path,
        query=request.url.query,
        headers=dict(call.headers),
        body=call.body,
        status=answer.status_code,
        answer_headers=dict(answer.headers),
        answer_body=bytes(answer.body),
        template=route.path,
    )
