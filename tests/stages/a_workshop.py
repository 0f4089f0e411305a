"""
A worker without its loop: claim, call, gather, round by round, on a real database.

The processor is a connector in memory (`Counter`), so that a test sees which tasks
went out together and decides what is said to them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar, cast

from pydantic import SecretBytes

from connectors.base import OneAtATime, Options
from connectors.testing import MappingSecrets
from connectors.transport.http import Api
from orchestrator.adapters.copies.packing import ZipPacking
from orchestrator.adapters.keys.pseudonyms import Pseudonyms
from orchestrator.adapters.vault.artifacts import SqlArtifacts
from orchestrator.core.answer.dossier import FROM_PORTAL, dump_identifiers
from orchestrator.core.events import TaskReleased
from orchestrator.core.plan import PlannedAccount, RetentionRule
from orchestrator.core.words import AccountId, CaseId, SubjectRef
from orchestrator.engine import NewCase, Step
from orchestrator.ports import Claimed, Heard
from orchestrator.stages.gather import Gatherer, Habits
from orchestrator.stages.work.accounts import Account, AccountConfig, Lease
from orchestrator.stages.work.calling import CallGroup, OpenSink, call
from orchestrator.stages.work.preparing import Preparing
from orchestrator.stages.work.windows import Windows
from schemas.connecting import (
    EMAIL,
    Absent,
    Action,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Finding,
    HeaderAuth,
    Identifier,
    Installation,
    Item,
    ItemId,
    Located,
    Mode,
    Operation,
    Person,
    Proof,
    ReadBack,
    Replay,
    Reply,
    TaskId,
    Work,
)
from tests.core.builders import MAIL, a_plan, an_account, an_opening
from tests.stages.an_office import Office

OWNER = "worker"
SIZE = 50

SPEC = ConnectorSpec(
    name="counter",
    version="1",
    vendor="Counter",
    source="nowhere",
    actions=frozenset({Action.LOCATE, Action.ERASE}),
    accepts=frozenset({EMAIL}),
    yields=frozenset(),
    operations=MappingProxyType({"erase": Operation("POST", "/e", Effect.WRITE)}),
    auth=HeaderAuth(),
    rates=(),
    proof=Proof.STATUS,
    replay=MappingProxyType({Action.ERASE: Replay.REPEAT}),
    horizon=timedelta(days=30),
    record_classes=frozenset({"profile"}),
    people_per_call=MappingProxyType({Action.LOCATE: SIZE, Action.ERASE: SIZE}),
)

Refusal = Callable[[Action, Sequence[str]], Exception | None]


class Counter(OneAtATime):
    """Notes each batch by what it names; refuses those that the test refuses."""

    spec: ClassVar = SPEC

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(cast("Api", None), Options())
        self.batches: list[tuple[Action, tuple[str, ...]]] = []
        self.erased: set[str] = set()
        self.silent_about: set[str] = set()
        self._refusal = refusal

    async def ping(self) -> Installation:
        """Know itself."""
        return Installation("here")

    async def locate(self, people: Sequence[Person]) -> Mapping[TaskId, Finding]:
        """Know everybody by the e-mail address."""
        self._take(Action.LOCATE, [one.identifiers[0].value for one in people])
        return {one.task: _found(one.identifiers[0].value) for one in people}

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Erase all or nothing, and say nothing of some."""
        names = [item.reference for one in work for item in one.items]
        self._take(Action.ERASE, names)
        self.erased.update(names)
        return {
            one.task: Done("deleted", Evidence.E2)
            for one in work
            if one.items[0].reference not in self.silent_about
        }

    async def read_back(self, work: Sequence[Work]) -> Mapping[TaskId, ReadBack]:
        """See that all is gone."""
        return {one.task: Absent() for one in work}

    def sizes(self, action: Action) -> list[int]:
        """Return how many people each batch of *action* was for."""
        return [len(names) for which, names in self.batches if which is action]

    def _take(self, action: Action, names: list[str]) -> None:
        self.batches.append((action, tuple(names)))
        refused = self._refusal(action, names)
        if refused is not None:
            raise refused


def case_of(email: str) -> CaseId:
    """Name the case of a person."""
    return CaseId("case-" + email.partition("@")[0])


def _found(email: str) -> Located:
    return Located((Item(ItemId("x"), email, "profile", "profile"),))


def _never(action: Action, names: Sequence[str]) -> None:  # noqa: ARG001 (a `Refusal`)
    return None


@dataclass
class Workshop:
    """One account, its connector, and what a worker does with both."""

    office: Office
    refusal: Refusal = _never
    spec: ConnectorSpec = SPEC
    linger: timedelta = timedelta(0)
    planned: PlannedAccount = field(default_factory=lambda: _planned(MAIL))
    retention: tuple[RetentionRule, ...] = ()
    connector: Any = None
    account: Account = field(init=False)
    preparing: Preparing = field(init=False)
    gather: Gatherer = field(init=False)

    def __post_init__(self) -> None:
        """Own the account."""
        office = self.office
        self.connector = self.connector or Counter(self.refusal)
        windows = Windows(office.clock.monotonic)
        lease = Lease(office.clock.monotonic)
        config = AccountConfig(
            id=MAIL,
            connector=Counter,
            spec=self.spec,
            options=Options(),
            secrets=MappingSecrets({}),
            bases={},
            mode=Mode.LIVE,
            accepts=frozenset({EMAIL}),
            linger=self.linger,
        )
        api = cast("Api", None)
        self.account = Account(config, self.connector, api, windows, lease)
        office.claims.register([MAIL])
        until = office.clock.now() + timedelta(days=3650)
        epochs = office.claims.acquire([MAIL], OWNER, office.clock.now(), until)
        lease.take(epochs[MAIL], 0.0, 1e9)
        self._join()

    def _join(self) -> None:
        """Put the parts together."""
        office = self.office
        artifacts = SqlArtifacts(office.database)
        self.preparing = Preparing(
            {MAIL: self.account},
            office.claims,
            office.vault,
            artifacts,
            ZipPacking(),
            office.clock,
        )
        names = Pseudonyms(SecretBytes(bytes(32)))
        habits = {MAIL: Habits(frozenset(), planned=self.planned)}
        self.gather = Gatherer(
            office.engine,
            office.vault,
            names,
            office.clock,
            habits,
            lambda: None,
            claims=office.claims,
        )

    def open(self, *emails: str) -> None:
        """Open a case for each person."""
        office = self.office
        with office.store.transaction() as transaction:
            work = office.engine.opening(transaction)
            openings = [
                an_opening(
                    case=case_of(email),
                    request_id=f"r-{case_of(email)}",
                    subject=SubjectRef(f"s-{case_of(email)}"),
                )
                for email in emails
            ]
            work.load_siblings(openings)
            for opening, email in zip(openings, emails, strict=True):
                opened, key = office.vault.new_owner(opening.case, "identity")
                known = dump_identifiers([Identifier(EMAIL, email)])
                entry = opened.seal(opening.case, FROM_PORTAL, known)
                plan = a_plan(self.planned, retention=self.retention)
                work.open(NewCase(opening, plan, (key, entry)))
            work.save()

    def claim(self) -> Sequence[CallGroup]:
        """Claim what goes out now."""
        return self.preparing.claim({MAIL: self.account.free_calls}, OWNER)()

    def round(self) -> int:
        """Claim, call and gather once; returns how many calls that were."""
        groups = self.claim()
        for group in groups:
            self.gather(self.heard(group))
        return len(groups)

    def heard(self, group: CallGroup) -> Sequence[Heard]:
        """Make one call, and return what was heard."""
        return [
            Heard(
                one.member.claimed,
                one.reply,
                one.member.call,
                one.member.item_ids,
                one.artifact,
                one.member.ticket,
            )
            for one in asyncio.run(call(group, cast("OpenSink", None)))
        ]

    def released(self, claimed: Claimed) -> Step:
        """Return the step that gives a claim back."""
        now = self.office.clock.now()
        return Step(claimed.case, TaskReleased(now, claimed.task.id, claimed.epoch))

    def rounds(self, most: int = 100) -> int:
        """Go on until nothing is due; returns how many rounds that took."""
        for number in range(most):
            if not self.round():
                return number
        raise AssertionError("It never ends.")


def _planned(id_: AccountId) -> PlannedAccount:
    return replace(
        an_account(id_, proof=Proof.STATUS, replay={Action.ERASE: Replay.REPEAT}),
        people_per_call=dict(SPEC.people_per_call),
    )
