"""A Mixpanel project to test on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import (
    Identifier,
    JobAccepted,
    Options,
    Reply,
    TaskId,
    Ticket,
    Work,
)
from connectors.fakes import mixpanel
from connectors.fakes.mixpanel import FakeMixpanel
from connectors.fakes.serving import serve
from connectors.mixpanel import Mixpanel
from connectors.mixpanel.connector import DISTINCT_ID, MixpanelOptions
from connectors.testing import (
    BYSTANDER,
    CANARY,
    Bench,
    MappingSecrets,
    Somebody,
)

OPTIONS = {"project_token": mixpanel.PROJECT_TOKEN}
SECRETS = {"token": mixpanel.OAUTH_TOKEN}
OF_CANARY = [Identifier(DISTINCT_ID, CANARY.reference)]


def a_person(somebody: Somebody, count: int = 2) -> dict[str, Any]:
    """Return a record to seed: a profile and so many events."""
    return {
        "distinct_id": somebody.reference,
        "profile": {"$email": somebody.email, "$name": somebody.name},
        "events": [
            {"event": "Product Viewed", "properties": {"time": n}} for n in range(count)
        ],
    }


class MixpanelProject:
    """Fixtures for the facts that are Mixpanel's alone."""

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeMixpanel, str]]:
        """Serve one project for the class."""
        fake = FakeMixpanel()
        with serve(fake) as url:
            yield fake, url

    @pytest.fixture
    def fake(self, served: tuple[FakeMixpanel, str]) -> FakeMixpanel:
        """Lend a project with the canary and a bystander in it."""
        served[0].reset()
        served[0].seed([a_person(CANARY), a_person(BYSTANDER)])
        return served[0]

    @pytest.fixture
    def bench(self, fake: FakeMixpanel, served: tuple[FakeMixpanel, str]) -> Bench:
        """Lend the connector at work; jobs go one state further a question."""
        return Bench(
            connector=Mixpanel,
            fake=fake,
            url=served[1],
            options=options(),
            secrets=MappingSecrets(SECRETS),
            settle=lambda _: None,
        )


def options(**changes: object) -> Options:
    """Return the account's options, with changes."""
    return MixpanelOptions.model_validate({**OPTIONS, **changes})


def polled(bench: Bench, ticket: Ticket) -> Mapping[TaskId, Reply]:
    """Ask once how a job is going."""
    return bench.run(lambda it: it.poll(ticket, None))


def works(bench: Bench, count: int, ids_each: int = 1) -> list[Work]:
    """Return the frozen work of so many people."""
    found = []
    for n in range(count):
        names = [Identifier(DISTINCT_ID, f"id-{n}-{i}") for i in range(ids_each)]
        work = bench.find(names)
        found.append(replace(work, task=TaskId(f"task-{n}")))
    return found


def accepted(reply: Reply) -> JobAccepted:
    """Return *reply* as an accepted job."""
    assert isinstance(reply, JobAccepted)
    return reply
