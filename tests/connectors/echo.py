"""A processor without rules of its own, and an API at it: for tests of the shell."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.responses import JSONResponse, Response, StreamingResponse

from connectors.fakes.frame import Call, FakeProcessor, Route
from connectors.testing import FreeGate, MappingSecrets
from connectors.transport.http import Api, Target, open_api
from connectors.transport.resolving import NameServer
from schemas.connecting import (
    Action,
    Auth,
    ClientCredentials,
    ConnectorSpec,
    Effect,
    HeaderAuth,
    Mode,
    Operation,
    Proof,
)

T = TypeVar("T")

READ, WRITE = Effect.READ, Effect.WRITE
OAUTH = ClientCredentials()
BIG = 50_000


class Echo(FakeProcessor):
    """Answers with what it was asked; hands out tokens; streams files."""

    name = "echo"

    def __init__(self) -> None:
        super().__init__()
        self.headers: list[Mapping[str, str]] = []

    def reset(self) -> None:
        """Forget the headers too."""
        super().reset()
        self.headers.clear()

    def routes(self) -> Sequence[Route]:
        """Return one operation for each thing the shell must do."""
        return (
            Route("get", "GET", "/things/{id}", self._echo),
            Route("put", "POST", "/things", self._keep),
            Route("delete", "DELETE", "/things/{id}", self._keep),
            Route("big", "GET", "/big", lambda _: Response(b"x" * BIG)),
            Route("bomb", "GET", "/bomb", self._bomb),
            Route("drip", "GET", "/drip", self._drip),
            Route("token", "POST", "/oauth/token", self._token),
            Route("file", "GET", "/files/{name}", self._file),
            Route("onward", "GET", "/onward/{hop}", self._onward),
        )

    def empty(self) -> dict[str, Any]:
        """Keep nothing."""
        return {"kept": [], "tokens": 0, "good_from": 0, "onward": []}

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Keep the records."""
        self.data["kept"] += records

    def authorised(self, call: Call) -> bool:
        """Take the second secret, or any token that is still good."""
        self.headers.append(dict(call.headers))
        if call.operation in ("token", "file", "onward", "drip"):
            return True
        _, _, value = call.headers.get("authorization", "").partition(" ")
        if value.startswith("token-"):
            return int(value.removeprefix("token-")) >= int(self.data["good_from"])
        return value == "fresh"

    def _echo(self, call: Call) -> Response:
        answer = JSONResponse(
            {"id": call.path["id"], "query": call.query.multi_items()}
        )
        answer.set_cookie("session", "sticky")
        return answer

    def _keep(self, call: Call) -> Response:
        self.data["kept"].append(call.path.get("id") or call.json())
        return Response(status_code=204)

    def _bomb(self, _call: Call) -> Response:
        packed = gzip.compress(b"0" * 10_000_000)
        return Response(packed, headers={"Content-Encoding": "gzip"})

    def _drip(self, _call: Call) -> Response:
        return StreamingResponse(_drops())

    def _token(self, call: Call) -> Response:
        if b"grant_type=client_credentials" not in call.body:
            return self.refusal(400)
        # RFC 7617: "id:se/cret", each part URL-encoded (RFC 6749 section 2.3.1).
        if call.headers.get("authorization") != "Basic aWQ6c2UlMkZjcmV0":
            return self.refusal(400)
        self.data["tokens"] += 1
        token = f"token-{self.data['tokens']}"
        return JSONResponse({"access_token": token, "expires_in": 100})

    def _onward(self, call: Call) -> Response:
        """Send the caller on to the next of the places."""
        place = self.data["onward"][int(call.path["hop"])]
        return Response(b"moved", 302, {"Location": place})

    def _file(self, call: Call) -> Response:
        if call.path["name"] == "gone":
            return Response(status_code=403)
        return Response(b"line\n" * 2_000)


async def _drops() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.02)


class Thing(BaseModel):
    """What `get` answers."""

    id: str
    query: list[tuple[str, str]]


SPEC = ConnectorSpec(
    name="echo",
    version="1",
    vendor="Echo",
    source="nowhere",
    actions=frozenset({Action.LOCATE}),
    accepts=frozenset(),
    yields=frozenset(),
    operations=MappingProxyType(
        {
            "get": Operation("GET", "/things/{id}", READ),
            "put": Operation("POST", "/things", WRITE),
            "delete": Operation("DELETE", "/things/{id}", WRITE),
            "big": Operation("GET", "/big", READ),
            "bomb": Operation("GET", "/bomb", READ),
            "drip": Operation("GET", "/drip", READ),
            "token": Operation("POST", "/oauth/token", WRITE),
            "file": Operation("GET", "/files/{name}", READ),
            "elsewhere": Operation("GET", "/x", READ, base="other_url"),
        }
    ),
    auth=HeaderAuth(),
    rates=(),
    proof=Proof.NONE,
    replay=MappingProxyType({}),
    horizon=timedelta(0),
    record_classes=frozenset(),
    timeout=timedelta(seconds=10),
)


class RotatedSecrets(MappingSecrets):
    """A token that was rotated: only a fresh look finds the good one."""

    def get(self, name: str, *, fresh: bool = False) -> str:
        """Return the old token until a fresh one is asked for."""
        value = super().get(name, fresh=fresh)
        return "fresh" if name == "token" and self.refreshed else value


@dataclass
class Shell:
    """An API at a served echo; waits are noted, the clock stands still."""

    fake: Echo
    url: str
    auth: Auth = field(default_factory=HeaderAuth)
    mode: Mode = Mode.LIVE
    allow_http: bool = True
    allow_hosts: Collection[str] = ("127.0.0.1",)
    proxy: Callable[[], str] | None = None
    names: NameServer | None = None
    timeout: timedelta = timedelta(seconds=10)
    max_answer_bytes: int = 1_000_000
    max_download_bytes: int = 1_000_000
    max_download_time: timedelta = timedelta(hours=1)
    base: str | None = None
    gate: FreeGate = field(default_factory=FreeGate)
    waited: list[float] = field(default_factory=list)
    now: float = 0.0
    concurrency: int = 8
    secrets: RotatedSecrets = field(init=False)

    def __post_init__(self) -> None:
        self.secrets = RotatedSecrets(
            {"token": "fresh", "client_id": "id", "client_secret": "se/cret"}
        )

    def run(self, step: Callable[[Api], Coroutine[Any, Any, T]]) -> T:
        """Run *step* with a fresh API."""
        return asyncio.run(self._run(step))

    async def _run(self, step: Callable[[Api], Coroutine[Any, Any, T]]) -> T:
        async with open_api(
            self._target(),
            self.secrets,
            self.gate,
            sleep=self._wait,
            clock=lambda: self.now,
            names=self.names,
        ) as api:
            return await step(api)

    async def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)

    def _target(self) -> Target:
        return Target(
            spec=replace(
                SPEC,
                auth=self.auth,
                timeout=self.timeout,
                concurrency=self.concurrency,
            ),
            bases={"base_url": self.url if self.base is None else self.base},
            mode=self.mode,
            allow_http=self.allow_http,
            allow_hosts=self.allow_hosts,
            proxy=self.proxy,
            max_answer_bytes=self.max_answer_bytes,
            max_download_bytes=self.max_download_bytes,
            max_download_time=self.max_download_time,
            settings={"scope": "manage_project:demo"},
        )


async def get(api: Api, name: str = "1") -> Thing:
    """Read one thing."""
    return (await api.call("get", path={"id": name})).parse(Thing)


async def put(api: Api) -> int:
    """Write one thing."""
    return (await api.call("put", json={"name": "x"})).status


async def downloaded(api: Api, url: str) -> bytes:
    """Download a file whole."""
    return b"".join([piece async for piece in api.download("file", url)])
