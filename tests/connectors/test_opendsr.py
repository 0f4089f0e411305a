"""What the OpenDSR connector promises, and how it speaks each dialect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

import pytest

from connectors.base import (
    Action,
    Cancelled,
    Done,
    Evidence,
    Failed,
    Identifier,
    JobAccepted,
    NeedsHuman,
    NothingFound,
    Retry,
    Ticket,
    TooLate,
)
from connectors.errors import AnswerLost, ContractChanged, Refused
from connectors.fakes import opendsr
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.opendsr import FakeOpenDsr
from connectors.fakes.opendsr_signing import DOMAIN
from connectors.opendsr import OpenDsr
from connectors.opendsr.options import OpenDsrOptions
from connectors.testing import (
    CANARY,
    TASK,
    Bench,
    CollectingSink,
    ConnectorContract,
    Somebody,
)
from schemas.connecting import CUSTOMER_ID, EMAIL
from tests.connectors.opendsr_processor import (
    KEY,
    OF_CANARY,
    SECRETS,
    OpenDsrProcessor,
    Processor,
    a_person,
    option_values,
    options,
)


class TestOpenDsr(ConnectorContract):
    """OpenDSR keeps the promises every connector makes."""

    connector = OpenDsr
    fake_app = staticmethod(opendsr.app)
    option_values: ClassVar = option_values()
    secret_values: ClassVar = SECRETS
    installation = DOMAIN
    reading = "discovery"
    changing = "create"

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a person with two records."""
        person = a_person(somebody)
        person["identities"]["controller_customer_id"] = somebody.reference
        fake.seed([person])
        return [
            Identifier(CUSTOMER_ID, somebody.reference),
            Identifier(EMAIL, somebody.email),
        ]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed identities, which are one row, with that many records but one."""
        fake.seed([a_person(CANARY, rows - 1)])
        return OF_CANARY

    def unknown(self) -> Sequence[Identifier]:
        """Return an id that the processor never saw."""
        return [Identifier(CUSTOMER_ID, "nobody-1")]

    def settle(self, fake: FakeProcessor) -> None:
        """Let the open requests end as they end by themselves."""
        fake.command("end", None)

    def holds(self, fake: FakeProcessor, somebody: Somebody) -> bool:
        """Say whether the processor has the person; requests keep what they named."""
        return any(
            somebody.email == person["identities"]["email"]
            for person in fake.data["people"]
        )

    def use_reading(self, bench: Bench, identifiers: Sequence[Identifier]) -> object:
        """Ask for the discovery: there is no search to send."""
        assert identifiers
        return bench.run(lambda it: it.ping())

    def test_unknown_person_is_nothing_found(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        The protocol cannot say that nobody was found: completed is all it says.

        So an unproven identity ends with the processor's word, E2, and no better.
        """
        assert person

        replies = bench.erase(bench.find(self.unknown()))

        assert replies == [Done("deleted", Evidence.E2)]
        assert self.holds(fake, CANARY)


class TestAnswers(OpenDsrProcessor):
    """What the processor's answers mean."""

    def test_expected_completion_is_told(self, processor: Processor) -> None:
        """By the answer's own times, whatever our clock says."""
        assert processor.accepted().expected_within == timedelta(days=14)

    @pytest.mark.parametrize(
        ("state", "reply"),
        [
            pytest.param("completed", Done("deleted", Evidence.E2), id="completed"),
            pytest.param("cancelled", Cancelled(), id="cancelled"),
            pytest.param("failed", NeedsHuman("unknown_job_state"), id="unknown"),
        ],
    )
    def test_end_of_a_request(
        self, processor: Processor, state: str, reply: object
    ) -> None:
        """The protocol has no failure: a state it does not name is an alarm."""
        ticket = processor.accepted().ticket
        processor.fake.command("end", state)

        (said,) = processor.run(lambda it: it.poll(ticket, None)).values()

        assert said == reply

    def test_request_goes_on_until_it_is_completed(self, processor: Processor) -> None:
        """Pending and in progress are asked about again."""
        ticket = processor.accepted().ticket

        first, second = (
            processor.run(lambda it: it.poll(ticket, None)) for _ in range(2)
        )

        assert [type(said) for said in first.values()] == [JobAccepted]
        assert [*second.values()] == [Done("deleted", Evidence.E2)]

    @pytest.mark.parametrize("word", ["in-progress", "canceled"])
    def test_other_spellings_are_the_dialect_s(
        self, processor: Processor, word: str
    ) -> None:
        """AppsFlyer's words are unknown in the standard, and known in its dialect."""
        ticket = processor.accepted().ticket
        processor.fake.command("end", word)
        (standard,) = processor.run(lambda it: it.poll(ticket, None)).values()
        spelled = {"in-progress": "in_progress", "canceled": "cancelled"}
        processor.bench.options = options(differs={"statuses": spelled})

        (dialect,) = processor.run(lambda it: it.poll(ticket, None)).values()

        assert standard == NeedsHuman("unknown_job_state")
        assert isinstance(dialect, Cancelled | JobAccepted)

    @pytest.mark.parametrize("dialect", ["opendsr", "appsflyer"])
    def test_request_that_is_gone_goes_to_a_person(
        self, processor: Processor, dialect: str
    ) -> None:
        """Each dialect has its own code for it."""
        ticket = processor.accepted().ticket
        processor.fake.command("dialect", dialect)
        processor.fake.data["requests"].clear()
        processor.bench.options = options(dialect=dialect)

        (said,) = processor.run(lambda it: it.poll(ticket, None)).values()

        assert isinstance(said, Failed)
        assert said.code == "job_not_found"

    def test_ticket_that_nobody_can_read_goes_to_a_person(
        self, processor: Processor
    ) -> None:
        """Nothing is asked about a name that is not ours."""
        ticket = Ticket("{}", Action.ERASE, (TASK,))

        (said,) = processor.run(lambda it: it.poll(ticket, None)).values()

        assert said == NeedsHuman("unreadable_ticket")
        assert processor.run(lambda it: it.cancel(ticket)) == TooLate(
            "unreadable_ticket"
        )

    def test_request_whose_answer_was_lost_is_found_again(
        self, processor: Processor, fake: FakeOpenDsr
    ) -> None:
        """The same key again is refused there, and taken for what it is: accepted."""
        fake.faults.add(Fault(kind=FaultKind.LOSE_ANSWER, operation="create"))
        with pytest.raises(AnswerLost):
            processor.created()

        again = processor.created()

        assert isinstance(again, JobAccepted)
        assert len(fake.data["requests"]) == 1

    def test_refused_request_is_not_taken_for_a_known_one(
        self, processor: Processor
    ) -> None:
        """A 400 without such a request there is a refusal."""
        processor.fake.command("dialect", "appsflyer")
        processor.bench.options = options(dialect="appsflyer")

        with pytest.raises(Refused, match="refused_400"):
            processor.created()

    def test_person_in_an_open_request_is_asked_about_later(
        self, processor: Processor
    ) -> None:
        """MParticle answers 409: the first request has to end before another."""
        processor.fake.command("dialect", "mparticle")
        processor.bench.options = options(dialect="mparticle")
        processor.accepted()

        second = processor.created("0c1f6a4e-1d5b-4c3e-9a66-1b2f0f0a9b11")

        assert second == Retry("already_in_progress", timedelta(days=1))

    def test_status_of_another_request_is_no_answer(
        self, processor: Processor, fake: FakeOpenDsr
    ) -> None:
        """A proxy's mistake does not end a task."""
        ticket = processor.accepted().ticket
        fake.data["requests"][KEY]["id"] = "another"

        with pytest.raises(ContractChanged):
            processor.run(lambda it: it.poll(ticket, None))

    def test_pending_request_is_called_back(self, processor: Processor) -> None:
        """Only while it is pending; afterwards it goes on."""
        ticket = processor.accepted().ticket
        assert processor.run(lambda it: it.cancel(ticket)) == Cancelled()
        assert processor.run(lambda it: it.cancel(ticket)) == TooLate()


class TestCopies(OpenDsrProcessor):
    """A copy is a file that comes with the last poll."""

    def _poll(self, processor: Processor, sink: CollectingSink) -> object:
        work = processor.work()
        first = processor.run(lambda it: it.export(work, sink))
        assert isinstance(first, JobAccepted)
        processor.fake.command("end", None)
        return first.ticket

    def test_expired_results_are_asked_for_anew(self, processor: Processor) -> None:
        """410: the link is dead, a new request makes another."""
        sink = CollectingSink(set())
        ticket = self._poll(processor, sink)
        processor.fake.command("expire", None)

        (said,) = processor.run(lambda it: it.poll(ticket, sink)).values()  # type: ignore[arg-type]

        assert said == Retry("results_expired")

    def test_copy_of_nobody_is_nothing_found(
        self, processor: Processor, fake: FakeOpenDsr
    ) -> None:
        """A count of none and no link."""
        fake.data["people"].clear()
        sink = CollectingSink(set())
        ticket = self._poll(processor, sink)

        (said,) = processor.run(lambda it: it.poll(ticket, sink)).values()  # type: ignore[arg-type]

        assert said == NothingFound()

    def test_portability_is_asked_for_where_the_register_says(
        self, processor: Processor, fake: FakeOpenDsr
    ) -> None:
        """The type of a copy's request is the account's."""
        processor.bench.options = options(export_type="portability")
        self._poll(processor, CollectingSink(set()))

        assert [one["kind"] for one in fake.data["requests"].values()] == [
            "portability"
        ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"record_class": "x"}, "record_class", id="record_class"),
        pytest.param({"fields": {"regulation": "x"}}, "protocol's own", id="fields"),
        pytest.param({"roots_pem": "x"}, "roots_pem|PEM", id="roots"),
        pytest.param(
            {"callback_url": "https://a.example/callbacks/x"},
            "processor_domain",
            id="nobody_signs",
        ),
        pytest.param(
            {"dialect": "mparticle", "callback_url": "http://a.example/callbacks/x"},
            "https",
            id="plain",
        ),
        pytest.param(
            {"dialect": "mparticle", "callback_url": "https://a.example/x"},
            "/callbacks/",
            id="elsewhere",
        ),
    ],
)
def test_options_that_cannot_work_are_told_at_the_start(
    values: dict[str, object], words: str
) -> None:
    """Each sentence names the option."""
    with pytest.raises(ValueError, match=words):
        OpenDsrOptions.model_validate(values)
