"""What is heard of an endpoint, and what is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.responses import Response

from connectors.base import (
    Absent,
    Callback,
    Connector,
    Done,
    Evidence,
    Exported,
    Identifier,
    IdentifierType,
    JobAccepted,
    Located,
    NeedsHuman,
    NothingFound,
    Present,
    Reply,
    Ticket,
)
from connectors.errors import AnswerLost, ContractChanged, NotGenuine, Refused
from connectors.fakes import webhook
from connectors.fakes.serving import serve
from connectors.fakes.team_keys import SIGNING, signed
from connectors.fakes.webhook import FakeWebhook
from connectors.testing import (
    CANARY,
    TASK,
    Bench,
    CollectingSink,
    MappingSecrets,
)
from connectors.testing.office import OUR_SIGNING_KEY, Office
from connectors.webhook import Webhook, WebhookOptions
from schemas.connecting import Action
from schemas.instructions import ANSWER_MEDIA_TYPE
from tests.connectors.in_house import a_member, of

OTHER = Ed25519PrivateKey.generate()
Change = Callable[[dict[str, Any]], Mapping[str, object]]


class Twisting(FakeWebhook):
    """Says something else than it should, once a test tells it what."""

    twist: Change | None = None
    key: Ed25519PrivateKey = SIGNING

    def _said(self, asked: dict[str, Any], said: dict[str, Any]) -> Response:
        """Sign an answer, twisted."""
        whole = {
            "specversion": "1",
            "instruction_id": asked["instruction_id"],
            "account": asked["account"],
            **said,
        }
        if self.twist is not None:
            whole = {**whole, **self.twist(whole)}
        payload = json.dumps(whole).encode()
        if not self.data["signs"]:
            return Response(payload)
        return Response(signed(payload, ANSWER_MEDIA_TYPE, self.key))


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Twisting, str]]:
    """Serve one endpoint for the module."""
    fake = Twisting()
    with serve(fake) as url:
        yield fake, url


@pytest.fixture
def fake(served: tuple[Twisting, str]) -> Twisting:
    """Lend the endpoint with the canary in it."""
    fake = served[0]
    fake.reset()
    fake.twist, fake.key = None, SIGNING
    fake.command("trusts", OUR_SIGNING_KEY)
    fake.seed([a_member(CANARY)])
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


def untrusting(bench: Bench, **options: object) -> Bench:
    """Return the account without the team's key."""
    bench.options = WebhookOptions.model_validate(options)
    return bench


def polled(bench: Bench, reply: Reply, sink: CollectingSink | None = None) -> Reply:
    """Ask once how an accepted job is going."""
    assert isinstance(reply, JobAccepted)

    async def poll(connector: Connector) -> Reply:
        return (await connector.poll(reply.ticket, sink))[TASK]

    return bench.run(poll)


def an_export(bench: Bench, sink: CollectingSink) -> Reply:
    """Start a copy of the canary."""
    work = bench.find(of(CANARY))

    async def export(connector: Connector) -> Reply:
        return await connector.export(work, sink)

    return bench.run(export)


def a_sink() -> CollectingSink:
    """Return a sink for the canary."""
    return CollectingSink({CANARY.reference})


@pytest.mark.parametrize(
    "twist",
    [
        pytest.param(lambda _: {"instruction_id": "read-0"}, id="an old answer"),
        pytest.param(lambda _: {"account": "other"}, id="another account's"),
        pytest.param(lambda _: {"status": "erased"}, id="a word of its own"),
        pytest.param(lambda _: {"specversion": "2"}, id="another version"),
    ],
)
def test_answer_to_something_else_counts_as_none(
    bench: Bench, fake: Twisting, twist: Change
) -> None:
    """A search is a changed contract then, and an erasure's answer is lost."""
    work = bench.find(of(CANARY))
    fake.twist = twist

    with pytest.raises(ContractChanged):
        bench.locate(of(CANARY))
    with pytest.raises(AnswerLost):
        bench.erase(work)


def test_answer_by_another_key_or_by_none_counts_as_none(
    bench: Bench, fake: Twisting
) -> None:
    """Once the register has the team's key, nothing else is heard."""
    fake.key = OTHER
    with pytest.raises(ContractChanged):
        bench.locate(of(CANARY))

    fake.command("signs", False)  # noqa: FBT003 (JSON)
    with pytest.raises(ContractChanged):
        bench.locate(of(CANARY))


def test_unsigned_answer_is_the_weaker_proof(bench: Bench, fake: Twisting) -> None:
    """Without a key in the register a plain answer is taken, as E2."""
    fake.command("signs", False)  # noqa: FBT003 (JSON)
    work = untrusting(bench).find(of(CANARY))

    assert bench.erase(work) == [Done("deleted", Evidence.E2)]


def test_endpoint_refuses_what_another_signed(bench: Bench, fake: Twisting) -> None:
    """The fake verifies as a team should: our key, and no other."""
    bench.office = Office(key=OTHER)

    with pytest.raises(Refused):
        bench.locate(of(CANARY))

    assert fake.data["records"]


@pytest.mark.parametrize(
    ("twist", "reason"),
    [
        pytest.param(
            lambda _: {"records": []}, "no_records_told", id="found, and says not what"
        ),
        pytest.param(
            lambda _: {"status": "nothing_found"},
            "answer_contradicts_itself",
            id="nothing, with records",
        ),
        pytest.param(
            lambda _: {"status": "accepted"}, "search_without_result", id="later"
        ),
        pytest.param(
            lambda it: {
                "records": [{**it["records"][0], "record_class": "secret_file"}]
            },
            "unknown_record_class",
            id="a class that no rule knows",
        ),
    ],
)
def test_doubtful_search_goes_to_a_person(
    bench: Bench, fake: Twisting, twist: Change, reason: str
) -> None:
    """Nothing is taken for nothing unless the endpoint says so clearly."""
    fake.twist = twist

    assert bench.locate(of(CANARY)) == NeedsHuman(reason)


def test_search_learns_what_the_register_maps(bench: Bench, fake: Twisting) -> None:
    """An endpoint's own names become identifiers of the register's types."""
    fake.seed([a_member(CANARY, loyalty_id="L-7")])
    keys = {"signing_keys": [webhook.TEAM_KEY]}
    bench.options = WebhookOptions.model_validate(
        {**keys, "yields": {"loyalty_id": "loyalty.number"}}
    )

    found = bench.locate(of(CANARY))

    assert isinstance(found, Located)
    assert found.learned == (Identifier(IdentifierType("loyalty.number"), "L-7"),)


def test_accepted_erasure_is_followed_to_its_end(bench: Bench, fake: Twisting) -> None:
    """202 is a job: asked again when the endpoint said, done when it says so."""
    fake.command("works", "later")
    work = bench.find(of(CANARY))

    first = bench.erase_once(work)
    second = polled(bench, first)

    assert isinstance(first, JobAccepted)
    assert first.check_after == timedelta(seconds=60)
    assert isinstance(second, JobAccepted)
    assert polled(bench, second) == Done("deleted", Evidence.E3)
    assert isinstance(bench.read_back(work), Absent)


def test_forgotten_job_is_sent_again_by_a_person(bench: Bench, fake: Twisting) -> None:
    """404 with an empty body means that the endpoint does not know the instruction."""
    fake.command("works", "later")
    first = bench.erase_once(bench.find(of(CANARY)))
    fake.data["waiting"].clear()

    reply = polled(bench, first)

    assert getattr(reply, "code", None) == "job_not_found"


def test_copy_comes_in_pages(bench: Bench, fake: Twisting) -> None:
    """Each page is asked for by its cursor; the last one counts them all."""
    fake.seed([a_member(CANARY, rows=5)])
    fake.command("page", 2)
    sink = a_sink()

    assert an_export(bench, sink) == Exported(5)
    assert fake.requests("follow") == 2


@pytest.mark.parametrize(
    ("twist", "reason"),
    [
        pytest.param(
            lambda it: {"count": 9} if "count" in it else {},
            "rows_do_not_match",
            id="fewer than counted",
        ),
        pytest.param(
            lambda _: {"count": None}, "rows_do_not_match", id="nothing counted"
        ),
        pytest.param(
            lambda it: {"cursor": "7"} if it.get("cursor") else {},
            "copy_out_of_order",
            id="another page",
        ),
        pytest.param(
            lambda _: {"next": "2"}, "copy_out_of_order", id="the same page for ever"
        ),
        pytest.param(
            lambda it: {"status": "in_progress"} if it.get("cursor") else {},
            "copy_broke_off",
            id="a page that does not come",
        ),
    ],
)
def test_copy_that_is_not_whole_goes_to_a_person(
    bench: Bench, fake: Twisting, twist: Change, reason: str
) -> None:
    """A page that is missing, repeated or uncounted makes no copy."""
    fake.seed([a_member(CANARY, rows=5)])
    fake.command("page", 2)
    fake.twist = twist

    assert an_export(bench, a_sink()) == NeedsHuman(reason)


def test_look_sees_one_record_of_two(bench: Bench, fake: Twisting) -> None:
    """What is still there is named; what is gone is not."""
    second = {**a_member(CANARY), "reference": "second"}
    fake.seed([second])
    work = bench.find(of(CANARY))
    del fake.data["records"]["second"]

    look = bench.read_back(work)

    assert isinstance(look, Present)
    (still,) = look.items
    assert [it.reference for it in work.items if it.id == still] == [CANARY.reference]


def heard(bench: Bench, answer: Mapping[str, object]) -> Callback:
    """Let the connector hear what the team signed."""
    named = {"specversion": "1", "account": "fake", **answer}
    body = signed(json.dumps(named).encode(), ANSWER_MEDIA_TYPE)

    async def hear(connector: Connector) -> Callback:
        return await connector.on_callback({}, body)

    return bench.run(hear)


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        pytest.param(
            {"instruction_id": "call-1.erase", "status": "done"},
            Done("deleted", Evidence.E3),
            id="erased",
        ),
        pytest.param(
            {"instruction_id": "call-1.export", "status": "nothing_found"},
            NothingFound(Evidence.E3),
            id="nothing to copy",
        ),
        pytest.param(
            {"instruction_id": "call-1.export", "status": "done", "count": 1},
            JobAccepted(Ticket(""), timedelta(0)),
            id="a copy is fetched by a poll",
        ),
    ],
)
def test_callback_is_heard_where_it_is_signed(
    bench: Bench, answer: Mapping[str, object], reply: Reply
) -> None:
    """An endpoint may say by itself that it is done, and saves us the asking."""
    word = heard(bench, answer)

    assert (word.call, word.reply) == ("call-1", reply)
    assert answer["instruction_id"] == f"call-1.{word.action}"


def test_callback_without_the_teams_key_is_not_heard(bench: Bench) -> None:
    """Anybody can reach the address: without a key nothing is believed."""
    answer = {"instruction_id": "call-1.erase", "status": "done"}

    with pytest.raises(NotGenuine):
        heard(untrusting(bench), answer)


def test_callback_with_progress_keeps_the_instruction(bench: Bench) -> None:
    """`in_progress` moves the next question, and names the same instruction."""
    answer = {"instruction_id": "call-1.erase", "status": "in_progress"}

    job = heard(bench, answer).reply

    assert isinstance(job, JobAccepted)
    assert json.loads(job.ticket.value) == {"instruction_id": "call-1.erase"}
    assert job.ticket.action is Action.ERASE
