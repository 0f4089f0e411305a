"""
The acceptance suite of a connector that only tells: `TellingContract`.

A recipient that is a controller of its own is neither searched nor erased, so of the
promises only these are left: who is told, how often, and what is taken for proof.
"""

# ruff: noqa: S101 (a check asserts, and its docstring states a fact)

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import replace

from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import FakeProcessor
from connectors.testing.account import Account
from connectors.testing.bench import BYSTANDER, CANARY, Bench, Somebody, work_of
from connectors.testing.declaration import problems_of
from connectors.testing.marks import each, raising
from connectors.transport.http import (
    AnswerLost,
    CredentialsRefused,
    EgressRefused,
    TryLater,
)
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    PHONE,
    Action,
    Effect,
    Evidence,
    Identifier,
    Mode,
    Notified,
    NotTold,
    Replay,
    Work,
)

_LOSSES = (
    FaultKind.LOSE_ANSWER,
    FaultKind.FAIL_AFTER,
    FaultKind.TRUNCATE,
)


class TellingContract(Account):
    """The promises of a connector that tells; say what the recipient was told."""

    @abstractmethod
    def told(self, fake: FakeProcessor) -> Collection[str]:
        """Return each notice that the recipient keeps, as text."""

    @abstractmethod
    def names(self, notice: str, somebody: Somebody) -> bool:
        """Say whether a notice is about *somebody*, however it spells them."""

    # Nobody is searched, so nobody is put in.

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:  # noqa: ARG002
        """Return what the workflow knows of *somebody*."""
        return [
            Identifier(EMAIL, somebody.email),
            Identifier(PHONE, somebody.phone),
            Identifier(CUSTOMER_ID, somebody.customer_id),
        ]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:  # noqa: ARG002
        """Return the canary: nothing is copied."""
        return self.seed(fake, CANARY)

    def unknown(self) -> Sequence[Identifier]:
        """Return nobody: whom a recipient knows is its own affair."""
        return ()

    def use_reading(self, bench: Bench, identifiers: Sequence[Identifier]) -> object:  # noqa: ARG002
        """Ask the recipient for its name."""
        return bench.run(lambda it: it.ping())

    # --- the checks ---------------------------------------------------------------

    def test_spec_is_consistent(self) -> None:
        """The spec declares all that its own parts rely on."""
        assert problems_of(self.connector.spec) == []

    def test_it_tells_and_does_nothing_else(self) -> None:
        """A recipient of its own is neither searched nor erased nor copied from."""
        assert self.connector.spec.actions == {Action.NOTIFY}

    def test_options_refuse_unknown_keys(self) -> None:
        """A misspelt option is an error at start, not a silence."""
        with raising(ValueError, "no_such_option"):
            self.connector.options.model_validate(
                {**self.option_values, "no_such_option": 1}
            )

    def test_ping_names_the_recipient(self, bench: Bench) -> None:
        """The recipient says its own name, which must match before any notice."""
        assert bench.run(lambda it: it.ping()).name == self.installation
        assert set(bench.gate.sends) == {Effect.READ}

    def test_notice_is_about_the_person_and_nobody_else(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """One notice arrives, and it names nobody but the person."""
        reply = bench.notify(_work(person))

        (notice,) = self.told(fake)
        assert isinstance(reply, Notified)
        assert self.names(notice, CANARY)
        assert not self.names(notice, BYSTANDER)

    def test_proof_is_of_telling_only(
        self, bench: Bench, person: Sequence[Identifier]
    ) -> None:
        """No answer of a recipient is more than accepted, said or signed."""
        reply = bench.notify(_work(person))

        assert isinstance(reply, Notified)
        assert reply.evidence in {Evidence.E1, Evidence.E2, Evidence.E3}
        assert reply.proof is None or len(reply.proof) == _DIGEST

    def test_person_without_identifiers_is_not_told(
        self, bench: Bench, fake: FakeProcessor
    ) -> None:
        """A notice about nobody is not sent."""
        assert bench.notify(_work(())) == NotTold("no_identifier")
        assert list(self.told(fake)) == []

    @each("loss", _LOSSES)
    def test_lost_answer_is_never_repeated_by_itself(
        self,
        loss: FaultKind,
        bench: Bench,
        person: Sequence[Identifier],
        fake: FakeProcessor,
    ) -> None:
        """A notice whose answer was lost leaves once and is reported as lost."""
        fake.faults.add(Fault(kind=loss, operation=self.changing))

        with raising(AnswerLost):
            bench.notify(_work(person))

        assert fake.requests(self.changing) == 1

    def test_repeated_notice_is_one(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """Where a lost notice is repeated, the recipient sees that it is the same."""
        if self.connector.spec.replay[Action.NOTIFY] is not Replay.REPEAT:
            return
        bench.notify(_work(person, "call-1"))
        bench.notify(_work(person, "call-2"))

        assert len(self.told(fake)) == 1

    def test_dry_run_tells_nobody(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """In a dry run no notice leaves the shell."""
        bench.mode = Mode.DRY_RUN

        with raising(EgressRefused, "dry_run"):
            bench.notify(_work(person))

        assert fake.requests(self.changing) == 0

    def test_refused_notice_is_not_told(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """A processor's pause is a time for the workflow, and nobody was told."""
        fault = Fault(
            kind=FaultKind.THROTTLE, operation=self.changing, retry_after="120"
        )
        fake.faults.add(fault)

        with raising(TryLater):
            bench.notify(_work(person))

        assert list(self.told(fake)) == []

    def test_credentials_refused_for_good_stop_the_account(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """After one refresh a refusal is the account's trouble, not the person's."""
        fault = Fault(kind=FaultKind.UNAUTHORISED, operation=self.changing, times=None)
        fake.faults.add(fault)

        with raising(CredentialsRefused):
            bench.notify(_work(person))

        assert bench.secrets.refreshed >= 1

    def test_plain_http_is_refused(
        self, bench: Bench, person: Sequence[Identifier], fake: FakeProcessor
    ) -> None:
        """Nothing leaves without TLS unless the account's register entry says so."""
        bench.allow_http = False

        with raising(EgressRefused, "https_only"):
            bench.notify(_work(person))

        assert fake.log == []


_DIGEST = 64


def _work(identifiers: Sequence[Identifier], key: str = "call-1") -> Work:
    return replace(work_of((), identifiers), idempotency_key=key)
