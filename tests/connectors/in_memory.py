"""
Any connector of the registry at its own fake, in memory, with its answers twisted.

What the acceptance suite's subclass says of a connector is enough to put it to work;
no socket is opened, so that hundreds of twisted answers take no time.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from functools import cache
from importlib import import_module
from unittest.mock import patch
from urllib.parse import urlsplit

import httpx

from connectors.errors import ProcessorError
from connectors.fakes.frame import FakeProcessor
from connectors.registry import connectors
from connectors.testing import CANARY, Bench, ConnectorContract, MappingSecrets
from connectors.transport.wire import NoAnswer, Received, Sending, Wire
from schemas.connecting import Effect, Identifier

Twist = Callable[[str, Received], Received | NoAnswer]
"""Takes an operation and its honest answer; returns what the connector gets."""

NOWHERE = "http://127.0.0.1:1"


def honest(_operation: str, answer: Received) -> Received:
    """Twist nothing."""
    return answer


def nothing(_operation: str) -> None:
    """Let the fake act and answer."""


@dataclass
class Exchange:
    """One request as the fake got it."""

    operation: str
    method: str
    url: str
    body: bytes

    def json(self) -> object:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass
class Place:
    """One connector at its fake, and what was sent there."""

    contract: ConnectorContract
    fake: FakeProcessor
    bench: Bench
    identifiers: Sequence[Identifier]
    twist: Twist = honest
    instead: Callable[[str], Received | NoAnswer | None] = nothing
    sent: list[Exchange] = field(default_factory=list)

    def sent_to(self, operation: str) -> list[Exchange]:
        """Return the requests of one operation."""
        return [it for it in self.sent if it.operation == operation]


@cache
def contracts() -> dict[str, type[ConnectorContract]]:
    """Return the subclass of the acceptance suite of each connector that has a fake."""
    found = {}
    for name, kind in connectors().items():
        if not kind.spec.speaks_http:
            continue
        module = import_module(f"tests.connectors.test_{name.replace('-', '_')}")
        for value in vars(module).values():
            if _is_contract_of(name, value):
                found[name] = value
    return found


def _is_contract_of(name: str, value: object) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, ConnectorContract)
        and getattr(getattr(value, "connector", None), "spec", None) is not None
        and value.connector.spec.name == name
    )


@contextmanager
def at_its_fake(name: str) -> Iterator[Place]:
    """Put a connector to work at a fresh account with the canary in it."""
    kind = contracts()[name]
    contract, fake = kind(), kind.fake_app()
    bench = Bench(
        connector=contract.connector,
        fake=fake,
        url=NOWHERE,
        options=contract.connector.options.model_validate(dict(contract.option_values)),
        secrets=MappingSecrets(contract.secret_values),
        settle=contract.settle,
    )
    place = Place(contract, fake, bench, contract.seed(fake, CANARY))
    with patch("connectors.transport.http.Wire", lambda **_: _InMemory(place)):
        yield place


class _InMemory(Wire):
    """Hands each request to the fake and its answer to the twist."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def send(self, sending: Sending) -> Received | NoAnswer:
        """Answer at once."""
        return await self._answer(sending)

    async def stream(self, sending: Sending) -> AsyncGenerator[Received | bytes]:
        """Answer in two pieces."""
        answer = await self._answer(sending)
        if isinstance(answer, Received):
            yield answer
            yield answer.body

    async def aclose(self) -> None:
        """Close nothing."""

    async def _answer(self, sending: Sending) -> Received | NoAnswer:
        request = httpx.Request(
            sending.method,
            sending.url,
            params=sending.query,  # type: ignore[arg-type]  # a sequence is taken too
            headers=dict(sending.headers),
            json=sending.json,
            data=dict(sending.form) if sending.form else None,
        )
        place = self._place
        operation = _operation(place.fake, sending)
        instead = place.instead(operation)
        place.sent.append(
            Exchange(operation, sending.method, str(request.url), request.content)
        )
        if instead is not None:
            return instead
        transport = httpx.ASGITransport(place.fake)
        response = await transport.handle_async_request(request)
        headers = {"date": formatdate(usegmt=True)}  # as every server says it
        headers |= {name.lower(): value for name, value in response.headers.items()}
        answer = Received(response.status_code, headers, await response.aread())
        return place.twist(operation, answer)


def _operation(fake: FakeProcessor, sending: Sending) -> str:
    """Return the fake's name of what is asked, or nothing for a stranger."""
    route, _ = fake._match(sending.method, urlsplit(sending.url).path)  # noqa: SLF001
    return route.operation if route else ""


def said(step: Callable[[], object]) -> object:
    """Return a reply, or the declared error that stood in its place."""
    try:
        return step()
    except ProcessorError as error:
        return error


def writes(place: Place) -> list[str]:
    """Return the operations with an effect that left, in order."""
    declared = place.bench.connector.spec.operations
    return [
        it.operation
        for it in place.sent
        if declared[it.operation].effect is Effect.WRITE and it.operation != "token"
    ]


def answer_instead(place: Place, effect: Effect, answer: Received) -> None:
    """Answer each operation of this effect without doing it; tokens are given out."""
    declared = place.bench.connector.spec.operations
    dated = replace(answer, headers={"date": formatdate(usegmt=True)})

    def instead(operation: str) -> Received | None:
        strikes = operation != "token" and declared[operation].effect is effect
        return dated if strikes else None

    place.instead = instead


def answering(status: int, body: object) -> Received:
    """Return an answer with this body as JSON, or as it is where it is text."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Received(status, {}, text.encode())
