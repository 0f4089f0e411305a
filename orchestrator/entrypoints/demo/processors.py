"""
The systems of the demo at work: stateful fakes over real HTTP, seeded and disturbed.

They hold the invented people, misbehave as real ones do, and are asked at the end what
they still hold, record by record.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol

import httpx

from connectors.fakes.every import Street
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.serving import serve
from orchestrator.entrypoints.demo.fakes import (
    COMMANDS,
    DISTURBANCES,
    FAKES,
    LEDGER,
)
from orchestrator.entrypoints.demo.holdings import HOLDING, Holdings, Place, places
from orchestrator.entrypoints.demo.ledger import Ledger
from orchestrator.entrypoints.demo.more_records import records_of
from orchestrator.entrypoints.demo.people import PEOPLE, Person

Preparation = Callable[[Mapping[str, FakeProcessor]], None]

_PATIENCE: Final = 60.0  # seconds for an answer, on a machine that is slow


class Seeded(Protocol):
    """A fake or a database that takes records and shows all that it holds."""

    @property
    def data(self) -> Mapping[str, Any]:
        """All that it holds."""

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put records in."""


@dataclass(frozen=True, slots=True)
class Processors:
    """
    The systems, where they answer, and what they held at the start, by person.

    `accounts` are all of them, `fakes` those that are not a database.
    """

    accounts: Sequence[str]
    url: str
    before: Holdings
    owners: Mapping[Place, Person]
    fakes: Mapping[str, FakeProcessor] = field(repr=False)
    ledger: Ledger | None
    _client: httpx.Client = field(repr=False)

    @property
    def holding(self) -> Sequence[str]:
        """The accounts that hold something of people."""
        return [name for name in self.accounts if name in HOLDING]

    @property
    def disturbed(self) -> Sequence[str]:
        """The accounts whose systems misbehave as planned."""
        return [name for name in DISTURBANCES if name in self.accounts]

    def held_now(self) -> Holdings:
        """Ask every system what it holds now."""
        held: dict[Place, Any] = {}
        for name in self.holding:
            held.update(places(name, self.state(name)))
        return held

    def state(self, account: str) -> Mapping[str, Any]:
        """Ask one system for all that it has."""
        if account == LEDGER and self.ledger is not None:
            return self.ledger.data
        state: Mapping[str, Any] = self._ask(account, "state")
        return state

    def tell(self, account: str, verb: str, body: object = None) -> None:
        """Tell a fake what happens behind its door; it obeys in its own thread."""
        url = f"{self.url}/{account}/_control/{verb}"
        self._client.post(url, json=body).raise_for_status()

    def call_back(self, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Send what a system says by itself; tells whether it was taken."""
        answer = self._client.post(url, headers=dict(headers), content=body)
        return answer.status_code == httpx.codes.ACCEPTED

    def undisturbed(self) -> list[str]:
        """Return the systems whose planned disturbance has not struck in full."""
        return [
            name
            for name in self.disturbed
            if DISTURBANCES[name].model_dump(mode="json") in self._ask(name, "faults")
        ]

    def _ask(self, name: str, verb: str) -> Any:  # noqa: ANN401 (JSON)
        answer = self._client.get(f"{self.url}/{name}/_control/{verb}")
        return answer.raise_for_status().json()


@contextmanager
def open_processors(
    now: datetime, accounts: Sequence[str], prepare: Preparation | None = None
) -> Iterator[Processors]:
    """Seed the systems, serve them on a free port of loopback, and end them after."""
    fakes = {name: FAKES[name]() for name in accounts if name in FAKES}
    with ExitStack() as stack:
        ledger = None
        if LEDGER in accounts:
            # Not in the demo's own folder: it is another company's database.
            folder = stack.enter_context(TemporaryDirectory(prefix="erasure-demo-"))
            ledger = Ledger(Path(folder) / "ledger.db")
        seeded: dict[str, Seeded] = {**fakes, **({LEDGER: ledger} if ledger else {})}
        owners = seed(seeded, now)
        # Copied: what a fake holds may change while we look.
        before = {
            place: copy.deepcopy(record)
            for name in seeded.keys() & HOLDING
            for place, record in places(name, seeded[name].data)
        }
        _disturb(fakes)
        if prepare is not None:
            prepare(fakes)
        url = stack.enter_context(serve(Street(fakes)))
        # trust_env: a proxy of this machine must not see loopback.
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=_PATIENCE))
        yield Processors(accounts, url, before, owners, fakes, ledger, client)


def seed(systems: Mapping[str, Seeded], now: datetime) -> Mapping[Place, Person]:
    """Seed person by person, so that each record's owner is known."""
    owners: dict[Place, Person] = {}
    for person in PEOPLE:
        for name, records in records_of(person, now, systems).items():
            systems[name].seed(records)
            for place, _ in places(name, systems[name].data):
                owners.setdefault(place, person)
    return owners


def _disturb(fakes: Mapping[str, FakeProcessor]) -> None:
    """Let fakes have their habits, and misbehave."""
    for name, fake in fakes.items():
        for verb, body in COMMANDS.get(name, {}).items():
            fake.command(verb, body)
        if name in DISTURBANCES:
            fake.faults.add(DISTURBANCES[name])
