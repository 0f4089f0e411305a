"""A processor that speaks OpenDSR, to test on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest

from connectors.base import Callback, Identifier, JobAccepted, Options, Reply, Work
from connectors.fakes import opendsr
from connectors.fakes.opendsr import FakeOpenDsr
from connectors.fakes.opendsr_signing import DOMAIN, the_authority
from connectors.fakes.serving import serve
from connectors.opendsr import OpenDsr
from connectors.opendsr.options import OpenDsrOptions
from connectors.testing import BYSTANDER, CANARY, Bench, MappingSecrets, Somebody
from schemas.connecting import CUSTOMER_ID, EMAIL

SECRETS = {"authorization": opendsr.AUTHORIZATION}
KEY = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
OF_CANARY = [
    Identifier(CUSTOMER_ID, CANARY.customer_id),
    Identifier(EMAIL, CANARY.email),
]

T = TypeVar("T")


def option_values(**changes: object) -> dict[str, Any]:
    """Return the options of an account that is called back, with changes."""
    differs = {"processor_domain": DOMAIN, "certificate_host": "127.0.0.1"}
    return {
        "differs": {**differs, **changes.pop("differs", {})},  # type: ignore[dict-item]
        "callback_url": opendsr.CALLBACK_URL,
        "roots_pem": the_authority().root_pem,
        **changes,
    }


def options(**changes: object) -> Options:
    """Return the account's options, with changes."""
    return OpenDsrOptions.model_validate(option_values(**changes))


def a_person(somebody: Somebody, rows: int = 2) -> dict[str, Any]:
    """Return a record to seed: identities, and so many records."""
    return {
        "identities": {
            "email": somebody.email,
            "controller_customer_id": somebody.customer_id,
            "customer_user_id": somebody.customer_id,
        },
        "records": [{"event": "viewed", "number": n} for n in range(rows)],
    }


@dataclass
class Processor:
    """A served fake, and the connector at work on it."""

    fake: FakeOpenDsr
    bench: Bench

    def accepted(self, key: str = KEY, **changes: object) -> JobAccepted:
        """Send an erasure of the canary that is accepted."""
        reply = self.created(key, **changes)
        assert isinstance(reply, JobAccepted), reply
        return reply

    def created(self, key: str = KEY, **changes: object) -> Reply:
        """Send an erasure of the canary under *key*."""
        return self.bench.erase_once(self.work(key, **changes))

    def work(self, key: str = KEY, **changes: object) -> Work:
        """Return the frozen work on the canary."""
        found = self.bench.find(OF_CANARY)
        return replace(found, idempotency_key=key, **changes)  # type: ignore[arg-type]

    def hear(self, headers: Mapping[str, str], body: bytes) -> Callback:
        """Let a fresh connector hear what came in."""
        return self.hear_all((headers, body))[0]

    def hear_all(self, *came: tuple[Mapping[str, str], bytes]) -> list[Callback]:
        """Let one connector hear everything in turn."""

        async def hear(connector: object) -> list[Callback]:
            assert isinstance(connector, OpenDsr)
            return [
                await connector.on_callback({k.lower(): v for k, v in h.items()}, b)
                for h, b in came
            ]

        return self.bench.run(hear)

    def run(self, step: Callable[[OpenDsr], Awaitable[T]]) -> T:
        """Run a step on a fresh connector."""

        async def stepped(connector: object) -> T:
            assert isinstance(connector, OpenDsr)
            return await step(connector)

        return self.bench.run(stepped)


class OpenDsrProcessor:
    """Fixtures for the facts that are OpenDSR's alone."""

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeOpenDsr, str]]:
        """Serve one processor for the class."""
        fake = FakeOpenDsr()
        with serve(fake) as url:
            yield fake, url

    @pytest.fixture
    def fake(self, served: tuple[FakeOpenDsr, str]) -> FakeOpenDsr:
        """Lend a processor with the canary and a bystander in it."""
        served[0].reset()
        served[0].seed([a_person(CANARY), a_person(BYSTANDER)])
        return served[0]

    @pytest.fixture
    def processor(
        self, fake: FakeOpenDsr, served: tuple[FakeOpenDsr, str]
    ) -> Processor:
        """Lend the connector at work; requests go one state further a question."""
        bench = Bench(
            connector=OpenDsr,
            fake=fake,
            url=served[1],
            options=options(),
            secrets=MappingSecrets(SECRETS),
            settle=lambda _: None,
        )
        return Processor(fake, bench)
