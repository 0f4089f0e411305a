"""What belongs to an open order stays at an endpoint, and the connector says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import Response

from connectors.base import (
    Callback,
    CannotTell,
    Connector,
    Evidence,
    Item,
    ItemId,
    JobAccepted,
    NeedsHuman,
    Reply,
    Ticket,
    Work,
)
from connectors.fakes import webhook
from connectors.fakes.serving import serve
from connectors.fakes.webhook import FakeWebhook
from connectors.testing import CANARY, TASK, Bench, MappingSecrets
from connectors.testing.office import OUR_SIGNING_KEY
from connectors.webhook import Webhook, WebhookOptions
from schemas.connecting import StillOpen
from tests.connectors.in_house import a_member, of

BASKET = "order-1"


class Twisting(FakeWebhook):
    """Says `still_open` in the way that a test wants it."""

    twist: dict[str, Any] | None = None

    def _said(self, asked: dict[str, Any], said: dict[str, Any]) -> Response:
        """Sign an answer, twisted once it speaks of something open."""
        is_meant = said["status"] == "still_open"
        twist = self.twist or {}
        return super()._said(asked, {**said, **twist} if is_meant else said)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Twisting, str]]:
    """Serve one endpoint for the module."""
    fake = Twisting()
    with serve(fake) as url:
        yield fake, url


@pytest.fixture
def fake(served: tuple[Twisting, str]) -> Twisting:
    """Lend the endpoint with the canary in it, and an order that is under way."""
    fake = served[0]
    fake.reset()
    fake.twist = None
    fake.command("trusts", OUR_SIGNING_KEY)
    order = a_member(CANARY, reference=BASKET, open="order_open", kind="order")
    fake.seed([a_member(CANARY), order])
    return fake


@pytest.fixture
def bench(fake: Twisting, served: tuple[Twisting, str]) -> Bench:
    """Lend the connector at work."""
    return Bench(
        connector=Webhook,
        fake=fake,
        url=served[1],
        options=WebhookOptions.model_validate({"signing_keys": [webhook.TEAM_KEY]}),
        secrets=MappingSecrets({"token": webhook.TOKEN}),
        settle=lambda _: None,
    )


def _expected(work: Work) -> StillOpen:
    """Return what is to be said of the canary and their order."""
    ids = {item.reference: item.id for item in work.items}
    order = ids.pop(BASKET)
    return StillOpen((order,), "order_open", tuple(ids.values()), Evidence.E3)


def _polled(bench: Bench, reply: Reply) -> Reply:
    """Ask once how an accepted job is going."""
    assert isinstance(reply, JobAccepted)

    async def poll(connector: Connector) -> Reply:
        return (await connector.poll(reply.ticket, None))[TASK]

    return bench.run(poll)


def test_open_order_is_left_alone_and_the_rest_is_erased(
    bench: Bench, fake: Twisting
) -> None:
    """The answer names the one, so that the other counts as done."""
    work = bench.find(of(CANARY))

    reply = bench.erase_once(work)

    assert reply == _expected(work)
    assert list(fake.data["records"]) == [BASKET]


def test_order_that_is_over_is_erased_by_the_next_instruction(
    bench: Bench, fake: Twisting
) -> None:
    """A day later it is another instruction, so the first answer does not stand."""
    work = bench.find(of(CANARY))
    bench.erase_once(work)
    (order,) = [it for it in work.items if it.reference == BASKET]
    fake.data["records"][BASKET]["open"] = None

    bench.erase_once(replace(work, items=(order,), idempotency_key="another-day"))

    assert fake.data["records"] == {}


def test_look_without_an_identifier_proves_nothing(
    bench: Bench, fake: Twisting
) -> None:
    """Of a follow-up only records are left, and a search finds people."""
    work = bench.find(of(CANARY))

    seen = bench.read_back(replace(work, identifiers=()))

    assert isinstance(seen, CannotTell)
    assert len(fake.data["records"]) == 2


def test_accepted_erasure_may_end_with_something_open(
    bench: Bench, fake: Twisting
) -> None:
    """The ticket remembers which record has which name."""
    fake.command("works", "later")
    work = bench.find(of(CANARY))

    first = bench.erase_once(work)
    second = _polled(bench, first)

    assert _polled(bench, second) == _expected(work)


@pytest.mark.parametrize(
    ("twist", "code"),
    [
        pytest.param({"code": None}, "still_open_without_reason", id="no reason"),
        pytest.param({"code": "busy"}, "still_open_without_reason", id="another"),
        pytest.param({"records": []}, "still_open_without_records", id="no record"),
        pytest.param(
            {"records": [{"reference": "somebody-elses"}]},
            "still_open_without_records",
            id="a record that was not named",
        ),
    ],
)
def test_answer_that_leaves_open_what_is_done_goes_to_a_person(
    bench: Bench, fake: Twisting, twist: dict[str, Any], code: str
) -> None:
    """What is left out would count as erased: so nothing is left to guess."""
    fake.twist = twist

    assert bench.erase_once(bench.find(of(CANARY))) == NeedsHuman(code)


def test_callback_with_something_open_is_asked_about(
    bench: Bench, fake: Twisting
) -> None:
    """A callback has no ticket, and so cannot tell the records apart."""
    fake.command("works", "later")
    work = replace(bench.find(of(CANARY)), idempotency_key="call-1")
    bench.erase_once(work)
    fake.command("end", None)

    async def hear(connector: Connector) -> Callback:
        return await connector.on_callback({}, fake.letter("call-1.erase"))

    word = bench.run(hear)

    assert word.reply == JobAccepted(Ticket(""), timedelta(0))


def test_ticket_names_no_record_where_somebody_prints_it(
    bench: Bench, fake: Twisting
) -> None:
    """A reference may be a customer's number."""
    fake.command("works", "later")
    item = Item(ItemId("i"), CANARY.reference, "member", "customer_account")

    job = bench.erase_once(replace(bench.find(of(CANARY)), items=(item,)))

    assert isinstance(job, JobAccepted)
    assert CANARY.reference in job.ticket.value
    assert CANARY.reference not in repr(job)
