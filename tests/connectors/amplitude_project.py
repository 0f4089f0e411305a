"""An Amplitude organisation to test on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from zlib import crc32

import pytest

from connectors.amplitude import Amplitude
from connectors.amplitude.connector import USER_ID, AmplitudeOptions
from connectors.base import (
    Identifier,
    JobAccepted,
    Options,
    Reply,
    TaskId,
    Ticket,
    Work,
)
from connectors.fakes import amplitude
from connectors.fakes.amplitude import FakeAmplitude
from connectors.fakes.serving import serve
from connectors.testing import (
    BYSTANDER,
    CANARY,
    Bench,
    CollectingSink,
    MappingSecrets,
    Somebody,
)

OPTIONS: dict[str, object] = {"scope": "project", "projects": [amplitude.PROJECT]}
SECRETS = {"project_key": amplitude.PROJECT_KEY, "org_key": amplitude.ORG_KEY}
OF_CANARY = [Identifier(USER_ID, CANARY.reference)]
NUMBER = 356_896_327_775


def a_user(somebody: Somebody, count: int = 2, **changes: object) -> dict[str, Any]:
    """Return a record to seed: a user with so many events."""
    return {
        "user_id": somebody.reference,
        "amplitude_id": number_of(somebody),
        "events": [
            {"event_type": "view", "n": n, "user_properties": {"email": somebody.email}}
            for n in range(count)
        ],
        **changes,
    }


def number_of(somebody: Somebody) -> int:
    """Return the number that Amplitude gives a user."""
    if somebody.email == CANARY.email:
        return NUMBER
    return NUMBER + 1 + crc32(somebody.email.encode()) % 100_000


class AmplitudeProject:
    """Fixtures for the facts that are Amplitude's alone."""

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeAmplitude, str]]:
        """Serve one organisation for the class."""
        fake = FakeAmplitude()
        with serve(fake) as url:
            yield fake, url

    @pytest.fixture
    def fake(self, served: tuple[FakeAmplitude, str]) -> FakeAmplitude:
        """Lend an organisation with the canary and a bystander in it."""
        served[0].reset()
        served[0].seed([a_user(CANARY), a_user(BYSTANDER)])
        return served[0]

    @pytest.fixture
    def bench(self, fake: FakeAmplitude, served: tuple[FakeAmplitude, str]) -> Bench:
        """Lend the connector at work; jobs go one state further a question."""
        return Bench(
            connector=Amplitude,
            fake=fake,
            url=served[1],
            options=options(),
            secrets=MappingSecrets(SECRETS),
            settle=lambda _: None,
        )


def options(**changes: object) -> Options:
    """Return the account's options, with changes."""
    return AmplitudeOptions.model_validate({**OPTIONS, **changes})


def polled(
    bench: Bench, ticket: Ticket, sink: CollectingSink | None = None
) -> Mapping[TaskId, Reply]:
    """Ask once how a job is going."""
    return bench.run(lambda it: it.poll(ticket, sink))


def work_for(bench: Bench, task: str, *names: str) -> Work:
    """Return the frozen work of one of several people."""
    found = bench.find([Identifier(USER_ID, name) for name in names])
    return replace(found, task=TaskId(task))


def accepted(reply: Reply) -> JobAccepted:
    """Return *reply* as an accepted job."""
    assert isinstance(reply, JobAccepted)
    return reply
