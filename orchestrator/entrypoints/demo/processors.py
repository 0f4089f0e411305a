"""
The four processors of the demo: stateful fakes over real HTTP, seeded and disturbed.

They hold the invented people, misbehave as real ones do, and are asked at the end what
they still hold, record by record.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx

from connectors.fakes import commercetools, hubspot, klaviyo, mixpanel
from connectors.fakes.every import Street, every_fake
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.serving import serve
from orchestrator.entrypoints.demo.people import PEOPLE, Person, records_of

# (processor, kind, id): one record; the value beside it is the record itself.
Place = tuple[str, str, str]
Holdings = Mapping[Place, Any]
Preparation = Callable[[Mapping[str, FakeProcessor]], None]

SECRETS: Final = {
    "hubspot": {"token": hubspot.TOKEN},
    "klaviyo": {"token": klaviyo.API_KEY},
    "mixpanel": {"token": mixpanel.OAUTH_TOKEN},
    "commercetools": {
        "client_id": commercetools.CLIENT_ID,
        "client_secret": commercetools.CLIENT_SECRET,
    },
}
INSTALLATIONS: Final = {
    "hubspot": str(hubspot.PORTAL_ID),
    "klaviyo": klaviyo.ACCOUNT,
    "mixpanel": str(mixpanel.PROJECT_ID),
    "commercetools": commercetools.PROJECT,
}
MIXPANEL_PROJECT_TOKEN: Final = mixpanel.PROJECT_TOKEN

DISTURBANCES: Final = {
    "hubspot": Fault(kind=FaultKind.FAIL, operation="search", times=2),
    "klaviyo": Fault(
        kind=FaultKind.THROTTLE, operation="search_profiles", retry_after="1"
    ),
}
HABITS: Final = {
    "hubspot": "fails twice (HTTP 500)",
    "klaviyo": "asks us to wait a second (HTTP 429)",
    "mixpanel": "works by jobs that take their time",
    "commercetools": "holds an invoice that a law keeps",
}


@dataclass(frozen=True, slots=True)
class Processors:
    """The fakes, where they answer, and what they held at the start, by person."""

    url: str
    before: Holdings
    owners: Mapping[Place, Person]
    _client: httpx.Client = field(repr=False)

    def held_now(self) -> Holdings:
        """Ask every processor what it holds now."""
        held: dict[Place, Any] = {}
        for name in _FLATTEN:
            state = self._ask(name, "state")
            held.update(_places(name, state))
        return held

    def undisturbed(self) -> list[str]:
        """Return the processors whose planned disturbance has not struck in full."""
        return [
            name
            for name, fault in DISTURBANCES.items()
            if fault.model_dump(mode="json") in self._ask(name, "faults")
        ]

    def _ask(self, name: str, verb: str) -> Any:  # noqa: ANN401 (JSON)
        answer = self._client.get(f"{self.url}/{name}/_control/{verb}")
        return answer.raise_for_status().json()


@contextmanager
def open_processors(
    now: datetime, prepare: Preparation | None = None
) -> Iterator[Processors]:
    """Seed the fakes, serve them on a free port of loopback, and end them after."""
    fakes = {name: it for name, it in every_fake().items() if name in _FLATTEN}
    owners = _seed(fakes, now)
    # Copied: what a fake holds may change while we look.
    before = {
        place: copy.deepcopy(record)
        for fake in fakes.values()
        for place, record in _places(fake.name, fake.data)
    }
    for name, fault in DISTURBANCES.items():
        fakes[name].faults.add(fault)
    if prepare is not None:
        prepare(fakes)
    # trust_env: a proxy of this machine must not see loopback.
    with serve(Street(fakes)) as url, httpx.Client(trust_env=False) as client:
        yield Processors(url, before, owners, client)


def _seed(fakes: Mapping[str, FakeProcessor], now: datetime) -> dict[Place, Person]:
    """Seed person by person, so that each record's owner is known."""
    owners: dict[Place, Person] = {}
    for person in PEOPLE:
        for name, records in records_of(person, now).items():
            fakes[name].seed(records)
            for place, _ in _places(name, fakes[name].data):
                owners.setdefault(place, person)
    return owners


def _places(name: str, state: Mapping[str, Any]) -> Iterator[tuple[Place, Any]]:
    """Give each record of a fake's state, by kind and id."""
    for kind, records in _FLATTEN[name](state).items():
        for id_, record in records.items():
            yield (name, kind, id_), record


def _hubspot(state: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    # A deletion by an unknown address would put it here: nothing may ever appear.
    blocked = {address: address for address in state["blocklist"]}
    return {"contacts": state["contacts"], "blocklist": blocked}


def _klaviyo(state: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    events = {it["id"]: it for some in state["events"].values() for it in some}
    return {"profiles": state["profiles"], "events": events}


def _mixpanel(state: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {"people": state["people"]}


def _commercetools(state: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    objects: Mapping[str, Mapping[str, Any]] = state["objects"]
    return objects


_FLATTEN: Final[
    Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Mapping[str, Any]]]]
] = {
    "hubspot": _hubspot,
    "klaviyo": _klaviyo,
    "mixpanel": _mixpanel,
    "commercetools": _commercetools,
}
