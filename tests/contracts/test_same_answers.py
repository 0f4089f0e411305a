"""SQLite and PostgreSQL give the same answers to the same operations, in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    rule,
    run_state_machine_as_test,
)

from orchestrator.adapters.cases.store import SqlStore
from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import CaseStatus, TaskStatus, Wants
from orchestrator.core.events import TimePassed
from orchestrator.core.words import CallId, CaseId, SubjectRef
from orchestrator.errors import Conflict
from orchestrator.ports import (
    AcceptCall,
    Artifact,
    Call,
    CallMember,
    Claimed,
    CloseCall,
    DestroyKey,
    FinishArtifact,
    KnownRequest,
    OutgoingMessage,
    PutEntry,
    PutKey,
    PutStatement,
    Quarantined,
    SignedStatement,
    VaultEntry,
    WrappedKey,
    Write,
)
from schemas.connecting import TaskId
from tests.contracts.stored import LEASE, Stored, only_erasure
from tests.core.builders import CRM, MAIL, MINUTE, T0

SMALL = st.integers(1, 3)
OWNERS = st.sampled_from(["one", "two"])
ACCOUNTS = st.sampled_from([MAIL, CRM])
STATUSES = st.sampled_from(list(TaskStatus))
TOPICS = st.sampled_from(["a", "b"])


def _emptied(stored: Stored) -> None:
    """Delete every row; what the store remembers of plans goes with it."""
    with stored.database.writing() as connection:
        for table in reversed(t.metadata.sorted_tables):
            connection.execute(table.delete())
    stored.store = SqlStore(stored.database)
    stored.claims.register([MAIL, CRM])


class Both(RuleBasedStateMachine):
    """Does everything on both stores and compares what they say."""

    stores: Sequence[Stored] = ()

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.made = 0
        self.epochs: dict[tuple[str, str], int] = {}
        for stored in self.stores:
            _emptied(stored)

    def new_id(self) -> str:
        """Return an id that nothing has yet."""
        self.made += 1
        return f"id-{self.made:04}"

    def both(self, ask: Callable[[Stored], Any]) -> Any:  # noqa: ANN401 (any answer)
        """Return what both say; what only one refuses is a difference too."""
        said = []
        for stored in self.stores:
            try:
                said.append(ask(stored))
            except (Conflict, LookupError) as error:
                said.append(type(error))
        assert said[0] == said[1]
        return said[0]

    def write(self, *writes: Write) -> None:
        """Let writes ride along."""
        self.both(lambda one: one.write(*writes))

    # --- cases and time ---

    @rule(minutes=SMALL)
    def time_passes(self, minutes: int) -> None:
        """A lease ends, a wait is over."""
        self.now += timedelta(minutes=minutes)
        self.both(lambda one: list(one.store.due_cases(self.now, 2)))
        self.both(lambda one: one.claims.next_due([MAIL, CRM]))

    @rule(number=SMALL, status=STATUSES, minutes=SMALL)
    def open(self, number: int, status: TaskStatus, minutes: int) -> None:
        """A case is opened, or was before: then it is a conflict."""
        case = only_erasure(number, status, wake_at=T0 + minutes * MINUTE)
        self.both(lambda one: one.open(replace(case, wake_at=T0 + minutes * MINUTE)))

    @rule(number=SMALL, status=STATUSES, state=st.sampled_from(list(CaseStatus)))
    def step(self, number: int, status: TaskStatus, state: CaseStatus) -> None:
        """A case takes a step, with its history and its news."""
        id_ = CaseId(f"case-{number}")

        def take(one: Stored) -> object:
            with one.store.transaction() as transaction:
                before = transaction.load_cases([id_, CaseId("case-never")]).get(id_)
                if before is None:
                    return None
                after = replace(
                    only_erasure(number, status, wake_at=self.now),
                    version=before.version + 1,
                    status=state,
                )
                transaction.save_cases([(before, after)])
                event = TimePassed(self.now)
                transaction.add_history([(id_, after.version, self.now, event)])
                message = f"{id_}-{after.version % 4}"
                news = OutgoingMessage(message, "a", id_, "type.v1", "{}")
                transaction.add_messages([news], self.now)
            return one.load(id_)

        self.both(take)

    @rule(wants=st.sampled_from(list(Wants)), limit=SMALL)
    def look(self, wants: Wants, limit: int) -> None:
        """Stages ask what there is to do."""
        self.both(lambda one: list(one.store.cases_wanting(wants, limit)))

        def siblings(one: Stored) -> object:
            refs = [SubjectRef(f"subject-{n}") for n in (1, 2, 3)]
            with one.store.transaction() as transaction:
                found = transaction.open_cases_of(refs)
                return {ref: sorted(ids) for ref, ids in found.items()}

        self.both(siblings)

    # --- input and output ---

    @rule(topic=TOPICS, ahead=SMALL)
    def read(self, topic: str, ahead: int) -> None:
        """A consumer takes records."""

        def move(one: Stored) -> object:
            with one.store.transaction() as transaction:
                at = transaction.lock_offset(topic, 0)
                transaction.move_offset(topic, 0, at + ahead)
            return one.store.stored_offsets()

        self.both(move)

    @rule(request=SMALL, event=SMALL)
    def remember(self, request: int, event: int) -> None:
        """A request is remembered once; both of its names are looked up."""
        known = KnownRequest(f"r{request}", "s", f"e{event}", "0", CaseId("case-1"))

        def know(one: Stored) -> object:
            with one.store.transaction() as transaction:
                found = transaction.known_requests({"r1", f"r{request}"}, {("s", "e2")})
            with one.store.transaction() as transaction:
                transaction.remember_requests([known], T0)
            return sorted(found, key=repr)

        self.both(know)

    @rule(offset=SMALL, topic=TOPICS)
    def quarantine(self, offset: int, topic: str) -> None:
        """A record is kept once, whatever it is called."""
        place, end = (topic, 0, offset), T0 + MINUTE
        event = Quarantined(
            self.new_id(), "code", "", "", "", *place, b"sealed", 6, T0, end
        )

        def keep(one: Stored) -> object:
            with one.store.transaction() as transaction:
                return list(transaction.quarantine([event]))

        self.both(keep)

    @rule(limit=SMALL, sends=st.booleans())
    def relay(self, limit: int, *, sends: bool) -> None:
        """Messages go out, or stay."""

        def send(one: Stored) -> object:
            unsent = one.outbox.unsent(["a"], limit)
            if sends:
                one.outbox.mark_sent([row.seq for row in unsent[1:]], self.now)
            return [row.message for row in unsent]

        self.both(send)

    @rule(owner=OWNERS, goes=st.booleans())
    def hold(self, owner: str, *, goes: bool) -> None:
        """A relay takes, keeps or lets go its lease."""
        until = self.now + MINUTE
        self.both(lambda one: one.outbox.hold("relay:a", owner, self.now, until))
        if goes:
            self.both(lambda one: one.outbox.let_go("relay:a", owner))

    # --- accounts ---

    @rule(owner=OWNERS, account=ACCOUNTS, by_force=st.booleans())
    def acquire(self, owner: str, account: Any, *, by_force: bool) -> None:  # noqa: ANN401
        """A worker asks for an account."""
        until = self.now + LEASE
        taken = self.both(
            lambda one: one.claims.acquire(
                [account], owner, self.now, until, by_force=by_force
            )
        )
        self.epochs |= {(owner, id_): epoch for id_, epoch in taken.items()}

    @rule(owner=OWNERS, account=ACCOUNTS, act=st.sampled_from(["renew", "release"]))
    def tend(self, owner: str, account: Any, act: str) -> None:  # noqa: ANN401
        """A worker keeps or gives back what it believes to have."""
        held = {account: self.epochs.get((owner, account), 1)}
        if act == "renew":
            until = self.now + 2 * LEASE
            self.both(lambda one: one.claims.renew(held, owner, until))
        else:
            self.both(lambda one: one.claims.release(held, owner))
        self.both(lambda one: one.claims.accounts())

    @rule(account=ACCOUNTS, goes=st.booleans())
    def pause(self, account: Any, *, goes: bool) -> None:  # noqa: ANN401
        """An account is paused, or goes on."""
        if goes:
            self.both(lambda one: one.claims.resume(account))
        else:
            self.both(lambda one: one.claims.pause(account, "why", "dpo", self.now))

    @rule(owner=OWNERS, room=SMALL, old=st.booleans())
    def claim(self, owner: str, room: int, *, old: bool) -> None:
        """A worker claims with calls, also under an ownership that has ended."""
        epoch = self.epochs.get((owner, MAIL), 1) - old
        rooms, epochs, windows = {MAIL: room, CRM: 1}, {MAIL: epoch}, {MAIL: owner}
        first = self.made
        self.made += room

        def calls_for(claimed: Sequence[Claimed]) -> Sequence[Call]:
            return [
                Call(
                    CallId(f"k-{first + n}"),
                    MAIL,
                    one.task.action,
                    epoch,
                    (CallMember(one.task.id, one.case, ()),),
                    "key",
                    "hash",
                    T0,
                )
                for n, one in enumerate(claimed)
            ]

        self.both(
            lambda one: list(
                one.claims.claim(rooms, epochs, owner, self.now, calls_for, windows)
            )
        )

    @rule(accepted=SMALL, closed=SMALL)
    def recover(self, accepted: int, closed: int) -> None:
        """A new owner asks what the old one left; some calls are answered."""
        self.both(lambda one: _by_id(one.claims.orphans({MAIL: 99}, 99)))
        calls = self.both(lambda one: sorted(one.claims.open_calls(MAIL, 99), key=repr))
        ids = [call.id for call in calls]
        self.both(lambda one: one.claims.calls(ids))
        self.write(*map(AcceptCall, ids[:1] * (accepted == 1)))
        self.write(*map(CloseCall, ids[1:closed]))

    # --- what rides along ---

    @rule(number=SMALL, name=st.sampled_from(["a", "p:1", "P:1", "p_1"]))
    def seal(self, number: int, name: str) -> None:
        """Keys and entries are put, and found by name and prefix."""
        owner = f"case-{number}"
        value = self.new_id().encode()
        key = WrappedKey(owner, "identity", value)
        entry = VaultEntry(owner, "identity", name, value)
        self.write(PutKey(key), PutEntry(entry))
        self.both(lambda one: one.store.keys(["case-1", "case-2"], "identity"))
        self.both(lambda one: _entries(one, None))
        self.both(lambda one: _entries(one, ["p:"]))
        self.both(lambda one: _entries(one, ["a", "p_:"]))

    @rule(number=SMALL, purpose=st.sampled_from(["identity", "export"]))
    def destroy(self, number: int, purpose: str) -> None:
        """A key is destroyed with what it sealed."""
        self.write(DestroyKey(f"case-{number}", purpose))

    @rule(number=SMALL, kind=st.sampled_from(["interim", "final"]), case=SMALL)
    def sign(self, number: int, kind: str, case: int) -> None:
        """A statement is put; a number or a second final is a conflict."""
        id_ = self.new_id()
        of = CaseId(f"case-{case}")
        self.write(
            PutStatement(SignedStatement(id_, of, number, kind, T0, "k", "0", b"e"))
        )
        self.both(lambda one: one.count(t.statements))

    @rule(task=SMALL, kind=st.sampled_from(["rows", "package"]), whole=st.booleans())
    def copy(self, task: int, kind: str, *, whole: bool) -> None:
        """A copy is made, wholly or not."""
        made_of = TaskId(f"t{task}") if kind == "rows" else None
        made = Artifact(self.new_id(), CaseId("case-1"), kind, MAIL, made_of, 1, None)
        self.both(lambda one: one.artifacts.begin(made, self.now))
        self.both(lambda one: one.artifacts.put(made.id, 0, made.id.encode()))
        if whole:
            self.write(FinishArtifact(made))
        self.both(lambda one: list(one.artifacts.complete(made.case, "rows")))
        self.both(lambda one: list(one.artifacts.complete(made.case, "package")))

    @rule(number=SMALL)
    def sweep(self, number: int) -> None:
        """What was not finished in time goes, and stays gone."""
        self.both(lambda one: one.artifacts.drop_unfinished(self.now - MINUTE))
        id_ = f"id-{max(1, self.made - number):04}"
        self.both(lambda one: one.artifacts.put(id_, 1, b"late"))
        self.both(lambda one: list(one.artifacts.get(id_)))


def _entries(stored: Stored, names: Sequence[str] | None) -> list[VaultEntry]:
    """Return the entries of all cases in one order."""
    owners = [f"case-{number}" for number in (1, 2, 3)]
    return sorted(stored.store.entries(owners, "identity", names), key=repr)


def _by_id(claims: Sequence[Claimed]) -> list[Claimed]:
    """Return claims in the order of their tasks."""
    return sorted(claims, key=lambda one: one.task.id)


def test_both_databases_give_the_same_answers(
    on_sqlite: Stored, on_postgres: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked of them, in whatever order."""
    monkeypatch.setattr(Both, "stores", (on_sqlite, on_postgres))

    run_state_machine_as_test(
        Both,
        settings=settings(
            max_examples=12,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
