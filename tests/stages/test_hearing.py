"""The owner of an account hears its processor: each letter once, none lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

import pytest
from pydantic import SecretBytes

from connectors.base import Callback, OneAtATime, Options
from connectors.errors import (
    ContractChanged,
    CredentialsRefused,
    LeaseLost,
    NotGenuine,
    TryLater,
)
from connectors.http import Api
from connectors.hubspot import HubSpot
from connectors.testing import MappingSecrets
from orchestrator.adapters.inbox import SqlInbox
from orchestrator.adapters.pseudonyms import Pseudonyms
from orchestrator.adapters.vault_cipher import Cipher
from orchestrator.core.cases import Task, TaskStatus
from orchestrator.core.words import CallId, CaseId
from orchestrator.errors import CannotStore, Unavailable
from orchestrator.ports import Call, CallMember, Claimed, Heard, Inbox, Letter
from orchestrator.stages.gather import Gatherer, Habits
from orchestrator.stages.work.accounts import Account, AccountConfig, Lease
from orchestrator.stages.work.hearing import Hearing
from orchestrator.stages.work.windows import Windows
from schemas.connecting import (
    EMAIL,
    Action,
    Done,
    Evidence,
    Installation,
    Item,
    ItemId,
    JobAccepted,
    Located,
    Mode,
    Proof,
    Reply,
    Ticket,
)
from tests.core.builders import CASE, DAY, HOUR, MAIL, a_plan, an_account, an_opening
from tests.stages.an_office import Office

SIGNED = Done("deleted", Evidence.E3)
FOUND = Item(ItemId("x"), "ref", "profile", "marketing_profile")
LATER = CaseId("case-2")


class Speaking(OneAtATime):
    """Takes a letter's body for the name of a call, unless a test lets it refuse."""

    spec = replace(HubSpot.spec, hears=True)

    def __init__(self) -> None:
        super().__init__(cast("Api", None), Options())
        self.heard = 0
        self.says: Reply | Exception = SIGNED
        self.meanwhile: Callable[[], object] = lambda: None

    async def ping(self) -> Installation:
        """Know itself."""
        return Installation("here")

    async def on_callback(self, headers: Mapping[str, str], body: bytes) -> Callback:
        """Speak of the call that the body names."""
        self.heard += 1
        self.meanwhile()
        if isinstance(self.says, Exception):
            raise self.says
        assert headers == {"x-from": "processor"}
        return Callback(json.loads(body), self.says)


@dataclass
class Room:
    """An owned account, its inbox, and the stage that reads it."""

    office: Office
    account: Account
    connector: Speaking
    inbox: SqlInbox
    gather: Gatherer

    def post(self, key: str = "key-k-erase", **changes: object) -> None:
        """Put a letter into the inbox, as the server does."""
        now = self.office.clock.now()
        body = json.dumps(key).encode()
        letter = Letter("b-1", MAIL, "callback", now, {"x-from": "processor"}, body)
        self.inbox.put(replace(letter, **changes))  # type: ignore[arg-type]

    def hear(self, inbox: Inbox | None = None) -> list[CannotStore]:
        """Read the inbox once, to the end."""
        hearing = Hearing(inbox or self.inbox, self.gather, self.office.clock)
        failures: list[CannotStore] = []

        async def in_database(job: Callable[[], Any]) -> object:
            return job()

        async def run() -> None:
            hearing.begin([self.account], in_database, failures.append)
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

        asyncio.run(run())
        return failures

    @property
    def state(self) -> str:
        """How the letter stands."""
        return self.inbox.line("b-1").state

    def erasure(self, case: CaseId = CASE) -> Task:
        """Return a case's erasure as it stands."""
        (task,) = self.office.case(case).tasks_of(Action.ERASE)
        return task

    def claim(self, key: str | None = None) -> dict[CaseId, Claimed]:
        """Claim what is ready, as one call if it has a *key*."""
        now = self.office.clock.now()

        def calls(claims: Any) -> list[Call]:  # noqa: ANN401 (a sequence of claims)
            items = {c.case: tuple(i.id for i in c.task.items) for c in claims}
            members = (CallMember(c.task.id, c.case, items[c.case]) for c in claims)
            made = Call(
                CallId(f"k-{key}"),
                MAIL,
                Action.ERASE,
                1,
                tuple(members),
                f"key-k-{key}",
                "",
                now,
            )
            return [made] if key else []

        claimed = self.office.claims.claim(
            {MAIL: 8}, {MAIL: 1}, "worker", now, calls, {}
        )
        return {one.case: one for one in claimed}

    def report(self, claimed: Claimed, reply: object, call: str | None = None) -> None:
        """Let a call end with *reply*."""
        items = tuple(item.id for item in claimed.task.items)
        name = CallId(f"k-{call}") if call else None
        self.gather([Heard(claimed, reply, name, items)])


def a_room(office: Office, *cases: CaseId) -> Room:
    """Open *cases* whose erasure is ready, at an account that hears."""
    openings = [an_opening(case=case, request_id=case, subject=case) for case in cases]
    office.open(openings, a_plan(an_account(proof=Proof.STATUS)))
    now = office.clock.now()
    office.claims.register([MAIL])
    office.claims.acquire([MAIL], "worker", now, now + DAY)
    lease = Lease(office.clock.monotonic)
    lease.take(1, office.clock.monotonic(), 24 * 3600)
    windows, connector = Windows(office.clock.monotonic), Speaking()
    config = AccountConfig(
        id=MAIL,
        connector=HubSpot,
        spec=connector.spec,
        options=Options(),
        secrets=MappingSecrets({}),
        bases={},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
    )
    account = Account(config, connector, cast("Api", None), windows, lease)
    names = Pseudonyms(SecretBytes(bytes(32)))
    gather = Gatherer(
        office.engine,
        office.vault,
        names,
        office.clock,
        {MAIL: Habits(frozenset())},
        lambda: None,
    )
    sealer = Cipher(SecretBytes(bytes(32))).derived("inbox")
    room = Room(
        office, account, connector, SqlInbox(office.database, sealer, 30 * DAY), gather
    )
    for claimed in room.claim().values():
        room.report(claimed, Located((FOUND,)))
    return room


def _with_job(office: Office) -> Room:
    """Return a room whose one erasure waits for an accepted job."""
    room = a_room(office, CASE)
    claimed = room.claim("erase")[CASE]
    room.report(claimed, JobAccepted(Ticket("job-7"), HOUR), "erase")
    return room


def test_signed_word_settles_the_task_and_ends_the_letter(office: Office) -> None:
    """A callback needs no claim; its content is gone once it is applied."""
    room = _with_job(office)
    room.post()

    room.hear()

    assert room.erasure().outcome == SIGNED
    assert room.state == "applied"
    assert room.inbox.letter("b-1") is None
    assert office.claims.open_calls(MAIL, 9) == []


def test_word_that_comes_before_our_own_report_is_not_lost(office: Office) -> None:
    """A fast processor waits in the inbox until the call's answer is stored."""
    room = a_room(office, CASE)
    claimed = room.claim("erase")[CASE]
    room.post()
    room.hear()
    assert room.state == "waiting"
    assert room.erasure().status is TaskStatus.CALLED

    room.report(claimed, JobAccepted(Ticket("job-7"), HOUR), "erase")
    room.hear()
    assert room.erasure().status is TaskStatus.WAITING  # not yet: a second apart
    office.clock.advance(timedelta(seconds=1))
    room.hear()

    assert room.erasure().outcome == SIGNED
    assert room.state == "applied"


def test_replayed_word_changes_nothing(office: Office) -> None:
    """The same letter a second time is applied without an effect."""
    room = _with_job(office)
    room.post()
    room.hear()
    before = office.case(CASE)

    room.post(id="b-2")
    room.hear()

    assert office.case(CASE) == before
    assert room.inbox.line("b-2").state == "applied"


def test_key_that_nobody_knows_is_kept_for_a_person(office: Office) -> None:
    """A genuine word about no call of this account is not thrown away."""
    room = _with_job(office)
    room.post("key-of-another")

    room.hear()

    line = room.inbox.line("b-1")
    assert (line.state, line.code) == ("unmatched", "unknown_call")
    assert room.inbox.letter("b-1") is not None
    assert room.erasure().status is TaskStatus.WAITING


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        pytest.param(NotGenuine("bad_signature"), "refused", "bad_signature", id="bad"),
        pytest.param(ContractChanged("x"), "unmatched", "contract_changed", id="shape"),
        pytest.param(ZeroDivisionError(), "unmatched", "connector_fault", id="bug"),
        pytest.param(TryLater("no_connection"), "waiting", None, id="away"),
        pytest.param(CredentialsRefused("x"), "waiting", None, id="credentials"),
        pytest.param(LeaseLost("lease_lost"), "waiting", None, id="lease_lost"),
    ],
)
def test_letter_that_cannot_be_read_pauses_nothing(
    office: Office, error: Exception, state: str, code: str | None
) -> None:
    """A stranger's letter is refused; one that cannot be checked yet is kept."""
    room = _with_job(office)
    room.connector.says = error
    room.post()

    room.hear()

    line = room.inbox.line("b-1")
    assert (line.state, line.code) == (state, code)
    assert room.account.paused_reason is None
    assert room.erasure().status is TaskStatus.WAITING


def test_letter_that_could_not_be_checked_is_checked_later(office: Office) -> None:
    """A certificate that could not be fetched is fetched in a minute."""
    room = _with_job(office)
    room.connector.says = TryLater("no_connection")
    room.post()
    room.hear()

    room.connector.says = SIGNED
    room.hear()
    assert room.state == "waiting"
    office.clock.advance(timedelta(minutes=1))
    room.hear()

    assert room.state == "applied"
    assert room.connector.heard == 2


def test_each_task_of_a_call_hears_the_word(office: Office) -> None:
    """One callback speaks of a whole batch; who is under call hears it later."""
    room = a_room(office, CASE, LATER)
    claimed = room.claim("batch")
    room.report(claimed[CASE], JobAccepted(Ticket("job-7"), HOUR), "batch")
    room.post("key-k-batch")

    room.hear()
    assert room.erasure(CASE).outcome == SIGNED
    assert room.state == "waiting"
    room.report(claimed[LATER], JobAccepted(Ticket("job-7"), HOUR), "batch")
    office.clock.advance(timedelta(seconds=1))
    room.hear()

    assert room.erasure(LATER).outcome == SIGNED
    assert room.state == "applied"


def test_records_in_a_word_never_reach_the_history(office: Office) -> None:
    """A connector that answers with records is at fault: a person looks."""
    room = _with_job(office)
    room.connector.says = cast("Reply", Located((FOUND,)))
    room.post()

    room.hear()

    assert room.erasure().reason == "connector_fault"


def test_nothing_is_read_without_the_lease(office: Office) -> None:
    """The account is somebody else's now, and so are its letters."""
    room = _with_job(office)
    room.account.lease.drop()
    room.post()

    room.hear()

    assert room.connector.heard == 0


def test_lease_that_ends_meanwhile_leaves_the_rest_to_the_next_owner(
    office: Office,
) -> None:
    """What was begun ends; the letters behind it are somebody else's."""
    room = _with_job(office)
    room.post("key-of-another")
    room.post("key-of-another", id="b-2")
    room.connector.meanwhile = room.account.lease.drop

    room.hear()

    assert room.connector.heard == 1
    assert room.inbox.line("b-2").state == "waiting"


class Dying(SqlInbox):
    """An inbox whose database goes away at one step."""

    def __init__(self, inbox: SqlInbox, step: str, error: Exception) -> None:
        vars(self).update(vars(inbox))
        self.step = step
        self.error = error

    def end(self, *args: Any) -> None:  # noqa: ANN401 (as the adapter's)
        """Fail before anything is stored."""
        if self.step == "end":
            raise self.error
        super().end(*args)

    def call(self, *args: Any) -> Call | None:  # noqa: ANN401 (as the adapter's)
        """Fail between the verification and the effect."""
        if self.step == "call":
            raise self.error
        return super().call(*args)


@pytest.mark.parametrize("step", ["call", "end"])
def test_death_between_hearing_and_ending_loses_nothing(
    office: Office, step: str
) -> None:
    """What was heard and not applied, or applied and not ended, is heard again."""
    room = _with_job(office)
    room.post()

    room.hear(Dying(room.inbox, step, Unavailable("gone")))
    room.hear()

    assert room.erasure().outcome == SIGNED
    assert room.state == "applied"


def test_full_disk_ends_the_worker(office: Office) -> None:
    """Nothing can be stored: the process says so and ends."""
    room = _with_job(office)
    room.post()

    failures = room.hear(Dying(room.inbox, "call", CannotStore("The disk is full.")))

    assert [str(one) for one in failures] == ["The disk is full."]
    assert room.state == "waiting"
