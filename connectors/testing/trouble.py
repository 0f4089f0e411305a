"""What a connector does when its processor, or our own shell, does not let it."""

# ruff: noqa: S101 (a check asserts, and its docstring states a fact)

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import FakeProcessor
from connectors.testing.account import Account
from connectors.testing.bench import BYSTANDER, CANARY, SHORT, Bench
from connectors.testing.marks import each, raising
from connectors.transport.http import (
    AnswerLost,
    ContractChanged,
    CredentialsRefused,
    EgressRefused,
    ProcessorError,
    TryLater,
)
from schemas.connecting import (
    Absent,
    Action,
    Done,
    Effect,
    Evidence,
    Identifier,
    Mode,
    NothingFound,
    Present,
    Proof,
    Replay,
)

_LOSSES = (
    FaultKind.LOSE_ANSWER,
    FaultKind.FAIL_AFTER,
    FaultKind.TRUNCATE,
    FaultKind.GARBAGE,
    FaultKind.STALL_AFTER,
)
_TRANSIENT = (
    FaultKind.FAIL,
    FaultKind.STALL,
    FaultKind.LOSE_ANSWER,
    FaultKind.TRUNCATE,
    FaultKind.DIE,
)


class Troubled(Account):
    """Failures of the network, the processor and the credentials."""

    @each("loss", _LOSSES)
    def test_lost_answer_is_never_repeated_by_itself(
        self,
        loss: FaultKind,
        bench: Bench,
        person: Sequence[Identifier],
        fake: FakeProcessor,
    ) -> None:
        """
        A write whose answer was lost leaves once and is reported as lost.

        If not: declare the operation's effect as `WRITE`, raise
        `answer.unexpected()` for every answer that you do not know, and leave
        repeating to the shell.
        """
        if not self._sends():
            return
        work = bench.find(person)
        fake.faults.add(Fault(kind=loss, operation=self.changing))
        if loss is FaultKind.STALL_AFTER:
            bench.patience = SHORT

        with raising(AnswerLost):
            bench.erase(work)

        assert fake.requests(self.changing) == 1

    def test_lost_answer_is_followed_as_declared(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        After a crash behind the side effect, the declared replay ends it well.

        If not: declare as `replay` what is safe with this vendor, and let
        `read_back_one` and a second `erase` agree with it.
        """
        if not self._sends():
            return
        sent = self._sent_without_trouble(bench, person, fake)
        work = bench.find(self.two_people(fake))
        fake.faults.add(Fault(kind=FaultKind.LOSE_ANSWER, operation=self.changing))
        with raising(AnswerLost):
            bench.erase(work)

        match self.connector.spec.replay[Action.ERASE]:
            case Replay.LOOK:
                replies = bench.replay(work)
                assert fake.acted[self.changing] == sent
            case Replay.REPEAT:
                replies = bench.erase(work)
            case Replay.ASK:
                return

        assert all(isinstance(it, Done | NothingFound) for it in replies)
        assert not self.holds(fake, CANARY)
        assert self.holds(fake, BYSTANDER)

    def test_lying_processor_is_found_out(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        Where a look proves an erasure, a mere claim of it is never E4.

        If not: answer E2 for what the processor says, and read the record
        itself in `read_back_one`.
        """
        if self.connector.spec.proof is not Proof.LOOKUP:
            return
        work = bench.find(person)
        fake.faults.add(
            *(
                Fault(kind=FaultKind.LIE, operation=name, times=None)
                for name, one in self.connector.spec.operations.items()
                if one.effect is Effect.WRITE
            )
        )

        replies = bench.erase(work)
        look = bench.read_back(work)

        assert Done("deleted", Evidence.E4) not in replies
        assert isinstance(look, Present)
        assert set(look.items) == {item.id for item in work.items}

    def test_short_retry_after_is_waited_for(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        A throttled request leaves again after the seconds the processor named.

        If not: let the shell's errors pass: do not catch `TryLater`, and name
        the operation that a search sends first as `reading`.
        """
        if not self._sends():
            return
        fault = Fault(
            kind=FaultKind.THROTTLE, operation=self.reading, times=2, retry_after="2"
        )
        fake.faults.add(fault)

        self.use_reading(bench, person)

        assert bench.waited == [2.0, 2.0]
        assert bench.gate.holds == [2.0, 2.0]

    @each("kind", [FaultKind.THROTTLE, FaultKind.BUSY])
    def test_long_retry_after_is_told_and_holds_the_account(
        self,
        kind: FaultKind,
        bench: Bench,
        person: Sequence[Identifier],
        fake: FakeProcessor,
    ) -> None:
        """
        A long wait becomes a time for the workflow; nothing was done.

        If not: let the shell's errors pass: do not catch `TryLater`.
        """
        if not self._sends():
            return
        work = bench.find(person)
        fault = Fault(kind=kind, operation=self.changing, retry_after="120")
        fake.faults.add(fault)

        with raising(TryLater) as caught:
            bench.erase(work)

        assert caught.value.after == timedelta(seconds=120)
        assert bench.gate.holds == [120.0]
        assert bench.waited == []
        assert self.holds(fake, CANARY)

    @each("kind", _TRANSIENT)
    def test_failed_read_is_tried_thrice_and_then_later(
        self,
        kind: FaultKind,
        bench: Bench,
        person: Sequence[Identifier],
        fake: FakeProcessor,
    ) -> None:
        """
        A read that fails for a moment succeeds; one that goes on failing waits.

        If not: declare the operation's effect as `READ`, and let the shell
        repeat it.
        """
        if not self._sends():
            return
        if kind is FaultKind.STALL:
            bench.patience = SHORT
        fake.faults.add(Fault(kind=kind, operation=self.reading, times=2))
        self.use_reading(bench, person)
        asked = fake.requests(self.reading)
        fake.faults.add(Fault(kind=kind, operation=self.reading, times=None))

        with raising(TryLater):
            self.use_reading(bench, person)

        assert fake.requests(self.reading) == asked + 3

    def test_refused_credentials_are_renewed_once(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        A 401 leads to fresh credentials, and then the work goes on.

        If not: let `authorised` of the fake check the credentials that the
        spec's `auth` sends.
        """
        if not self._sends():
            return
        fake.faults.add(Fault(kind=FaultKind.UNAUTHORISED, operation=self.reading))

        self.use_reading(bench, person)

        assert bench.secrets.refreshed >= 1

    @each("kind", [FaultKind.UNAUTHORISED, FaultKind.FORBIDDEN])
    def test_credentials_refused_for_good_stop_the_account(
        self,
        kind: FaultKind,
        bench: Bench,
        person: Sequence[Identifier],
        fake: FakeProcessor,
    ) -> None:
        """
        After one refresh a refusal is the account's trouble, not the person's.

        If not: do not catch `CredentialsRefused`, and leave 401 and 403 out of
        `accept`.
        """
        if not self._sends():
            return
        fake.faults.add(Fault(kind=kind, operation=self.reading, times=None))
        asked = fake.requests(self.reading)

        with raising(CredentialsRefused):
            self.use_reading(bench, person)

        sent = 2 if kind is FaultKind.UNAUTHORISED else 1
        assert fake.requests(self.reading) == asked + sent

    @each("kind", [FaultKind.GARBAGE, FaultKind.REDIRECT])
    def test_undocumented_answer_is_a_changed_contract(
        self,
        kind: FaultKind,
        bench: Bench,
        person: Sequence[Identifier],
        fake: FakeProcessor,
    ) -> None:
        """
        Garbage and redirects are not understood, not followed and not quoted.

        If not: read every answer with `answer.parse(Model)`, and leave
        redirects to the shell.
        """
        if not self._sends():
            return
        fake.faults.add(Fault(kind=kind, operation=self.reading, times=None))

        with raising(ContractChanged):
            self.use_reading(bench, person)

    def test_wrong_address_is_no_answer(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        Whatever answers 404 at a wrong address says nothing of the person.

        If not: take only the vendor's own words for "no such record", and raise
        `answer.unexpected()` for every other 404.
        """
        if not self._sends():
            return
        work = bench.find(person)
        bench.url += "/elsewhere"

        steps: Sequence[Callable[[], object]] = (
            partial(bench.locate, person),
            *(partial(bench.erase_once, call) for call in bench.calls_of(work)),
            partial(bench.read_back, work),
        )
        for step in steps:
            try:
                answer = step()
            except ProcessorError:
                continue
            assert not isinstance(answer, NothingFound | Done | Absent)
        # Its lines fit no operation, because they went astray on purpose.
        fake.log.clear()

    def _sent_without_trouble(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> int:
        """Count what one whole erasure sends as `changing`, and empty the account."""
        bench.erase(bench.find(person))
        sent = fake.acted[self.changing]
        fake.reset()
        return sent

    def test_plain_http_is_refused(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        Nothing leaves without TLS unless the account's register entry says so.

        If not: send requests through `self._api` only.
        """
        if not self._sends():
            return
        bench.allow_http = False

        with raising(EgressRefused, match="https_only"):
            bench.run(lambda it: it.ping())

        assert person
        assert fake.log == []

    def test_dry_run_reads_and_refuses_to_write(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """
        In a dry run the person is found and nothing happens to them.

        If not: declare the operation that erases as `WRITE`, and every one that
        a search needs as `READ`.
        """
        bench.mode = Mode.DRY_RUN
        work = bench.find(person)

        with raising(EgressRefused, match="dry_run"):
            bench.erase(work)

        assert fake.requests(self.changing) == 0
        assert self.holds(fake, CANARY)

    def test_secrets_hide_in_every_repr(self, bench: Bench) -> None:
        """
        Printing a connector shows no secret (the fixture searches the text).

        If not: keep secrets out of the connector: the shell adds them; options
        that are secret are `SecretStr`.
        """
        bench.run(_shown)

        assert bench.let_out


async def _shown(connector: object) -> str:
    return " ".join(map(repr, (connector, *vars(connector).values())))
