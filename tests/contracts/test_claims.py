"""What an owner may claim, in which order, and what becomes durable with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import Step, Task, TaskStatus
from orchestrator.core.words import AccountId, CallId
from orchestrator.errors import Conflict
from orchestrator.ports import AcceptCall, Call, CallMember, Claimed, CloseCall
from schemas.connecting import ItemId
from tests.contracts.stored import (
    LEASE,
    OTHER,
    OWNER,
    Stored,
    claimed_ids,
    no_calls,
    numbered,
    only_erasure,
)
from tests.core.builders import CRM, DAY, HOUR, MAIL, SECOND, T0, task_of

READY, WAITING = TaskStatus.READY, TaskStatus.WAITING
OVER = T0 + LEASE + SECOND


@pytest.fixture
def epochs(stored: Stored) -> dict[AccountId, int]:
    """Own the mail account."""
    return stored.own(MAIL)


def _claim(
    stored: Stored, epochs: Mapping[AccountId, int], room: int = 9
) -> Sequence[Claimed]:
    """Claim at T0, without calls."""
    rooms = dict.fromkeys(epochs, room)
    return list(stored.claims.claim(rooms, epochs, OWNER, T0, no_calls, {}))


def _call(id_: str, claim: Claimed, *, epoch: int = 1) -> Call:
    """Build the durable call of one claim."""
    return Call(
        id=CallId(id_),
        account=claim.task.account,
        action=claim.task.action,
        epoch=epoch,
        members=(CallMember(claim.task.id, claim.case, (ItemId("i1"), ItemId("ï2"))),),
        idempotency_key=f"key-{id_}",
        request_hash="f" * 64,
        made_at=T0,
    )


def _erasure(stored: Stored, number: int) -> Task:
    """Return a case's mail erasure as it stands."""
    (case,) = stored.load(numbered(number).id).values()
    return task_of(case, MAIL)


# --- what may be claimed --------------------------------------------------------------


def test_most_urgent_is_claimed_first(
    stored: Stored, epochs: dict[AccountId, int]
) -> None:
    """The latest safe moment decides, whether a task is ready or its wait is over."""
    states = (READY, WAITING) * 3
    stored.open(
        *(
            only_erasure(n, status, dispatch_by=T0 - n * DAY, wake_at=T0 - HOUR)
            for n, status in enumerate(states, start=1)
        )
    )

    batches = [_claim(stored, epochs, room=2) for _ in range(4)]

    assert [claimed_ids(batch) for batch in batches] == [
        ["case-6", "case-5"],
        ["case-4", "case-3"],
        ["case-2", "case-1"],
        [],
    ]


def test_only_what_is_due_is_claimed(
    stored: Stored, epochs: dict[AccountId, int]
) -> None:
    """Of all states a task can be in, `work` takes ready ones and ended waits."""
    stored.open(
        *(only_erasure(n, status) for n, status in enumerate(TaskStatus, start=1)),
        only_erasure(20, WAITING, wake_at=T0),
        only_erasure(21, WAITING, wake_at=T0 + SECOND),
    )
    ready = list(TaskStatus).index(READY) + 1

    assert claimed_ids(_claim(stored, epochs)) == [f"case-{ready}", "case-20"]


def test_claim_changes_the_task(stored: Stored, epochs: dict[AccountId, int]) -> None:
    """A claimed task is called under the epoch, for its own step; nobody claims it."""
    task = {"step": Step.LOOK, "wake_at": T0, "calls": 2}
    stored.open(only_erasure(1, WAITING, **task))

    (claim,) = _claim(stored, epochs)
    again = _claim(stored, epochs)

    assert again == []
    assert (claim.case, claim.epoch) == ("case-1", 1)
    seen = _erasure(stored, 1)
    assert claim.task == seen
    assert (seen.status, seen.step, seen.epoch, seen.calls) == (
        *(TaskStatus.CALLED, Step.LOOK),
        *(1, 2),
    )
    assert seen.first_called_at == T0


def test_first_claim_dates_the_task(
    stored: Stored, epochs: dict[AccountId, int]
) -> None:
    """A later claim does not move the moment of the first."""
    stored.open(only_erasure(1, READY))
    _claim(stored, epochs)
    before = stored.load(numbered(1).id)[numbered(1).id]
    waiting = only_erasure(1, WAITING, wake_at=T0 + HOUR, first_called_at=T0)
    stored.save(before, waiting)

    later = T0 + HOUR
    stored.claims.renew(epochs, OWNER, later + LEASE)
    (claim,) = stored.claims.claim({MAIL: 1}, epochs, OWNER, later, no_calls, {})

    assert claim.task.first_called_at == T0


def test_room_is_respected_by_account(stored: Stored) -> None:
    """No account gets more than its room, and one without room gets nothing."""
    epochs = stored.own(MAIL, CRM)
    stored.open(*(only_erasure(n, READY) for n in range(1, 5)))

    for rooms, taken in (({MAIL: 0, CRM: 5}, 0), ({MAIL: 3, CRM: 5}, 3), ({}, 0)):
        claimed = stored.claims.claim(rooms, epochs, OWNER, T0, no_calls, {})
        assert len(claimed) == taken


def test_other_accounts_tasks_stay(stored: Stored) -> None:
    """A task belongs to its account; owning another does not help."""
    stored.open(only_erasure(1, READY))

    assert _claim(stored, stored.own(CRM)) == []


def test_paused_account_is_not_claimed(
    stored: Stored, epochs: dict[AccountId, int]
) -> None:
    """Its tasks stay ready, and are claimed once it goes on."""
    stored.open(only_erasure(1, READY))
    stored.claims.pause(MAIL, "by_hand", "dpo", T0)

    while_paused = _claim(stored, epochs)
    stored.claims.resume(MAIL)

    assert while_paused == []
    assert claimed_ids(_claim(stored, epochs)) == ["case-1"]


@pytest.mark.parametrize(
    ("owner", "epoch", "at"),
    [
        pytest.param(OTHER, 1, T0, id="not_the_owner"),
        pytest.param(OWNER, 0, T0, id="older_epoch"),
        pytest.param(OWNER, 2, T0, id="newer_epoch"),
        pytest.param(OWNER, 1, T0 + LEASE, id="lease_has_ended"),
    ],
)
def test_only_the_running_ownership_claims(
    stored: Stored, owner: str, epoch: int, at: object
) -> None:
    """The name, the epoch and a lease that still runs: all three."""
    stored.own(MAIL)
    stored.open(only_erasure(1, READY))

    claimed = stored.claims.claim(
        {MAIL: 9},
        {MAIL: epoch},
        owner,
        at,  # type: ignore[arg-type] # a time
        no_calls,
        {},
    )

    assert not claimed
    assert _erasure(stored, 1).status is READY


def test_claimed_case_that_moved_on_is_not_claimed(
    stored: Stored, epochs: dict[AccountId, int]
) -> None:
    """A task that a step settled meanwhile is nobody's to call."""
    before = only_erasure(1, READY)
    stored.open(before)
    stored.save(before, only_erasure(1, TaskStatus.SETTLED))

    assert _claim(stored, epochs) == []


# --- what becomes durable with it -----------------------------------------------------


def test_calls_and_windows_are_durable_with_the_claim(
    stored: Stored, epochs: dict[AccountId, int]
) -> None:
    """A batch's calls are read back as they were made, once the claim is committed."""
    stored.open(only_erasure(1, READY), only_erasure(2, READY))
    stored.claims.register([CRM])
    made: list[Call] = []

    def calls_for(claims: Sequence[Claimed]) -> Sequence[Call]:
        made.extend(_call(f"k{n}", claim) for n, claim in enumerate(claims))
        return made

    windows = {MAIL: "[7]", CRM: "[8]"}
    stored.claims.claim({MAIL: 9}, epochs, OWNER, T0, calls_for, windows)

    ids = [call.id for call in made]
    assert len(ids) == 2
    assert stored.claims.calls([*ids, CallId("never")]) == dict(
        zip(ids, made, strict=True)
    )
    assert stored.claims.calls([]) == {}
    # Windows are kept with a claim only: nothing was taken from the other's.
    assert [row.windows for row in stored.claims.accounts()] == [None, "[7]"]


def test_claim_without_its_calls_is_taken_back(
    stored: Stored, epochs: dict[AccountId, int]
) -> None:
    """If making the calls fails, no task is claimed and no window moves."""
    stored.open(only_erasure(1, READY))

    def fail(_claims: Sequence[Claimed]) -> Sequence[Call]:
        raise LookupError

    with pytest.raises(LookupError):
        stored.claims.claim({MAIL: 9}, epochs, OWNER, T0, fail, {MAIL: "[7]"})

    assert _erasure(stored, 1).status is READY
    assert stored.claims.accounts()[0].windows is None
    assert claimed_ids(_claim(stored, epochs)) == ["case-1"]


def test_call_that_cannot_be_stored_takes_its_claim_back(
    stored: Stored, epochs: dict[AccountId, int]
) -> None:
    """One id for two calls is a conflict, and then neither call nor claim is there."""
    stored.open(only_erasure(1, READY), only_erasure(2, READY))

    def twice(claims: Sequence[Claimed]) -> Sequence[Call]:
        return [_call("k1", claim) for claim in claims]

    with pytest.raises(Conflict):
        stored.claims.claim({MAIL: 9}, epochs, OWNER, T0, twice, {})

    assert stored.count(t.calls) == 0
    assert {_erasure(stored, n).status for n in (1, 2)} == {READY}


def test_nothing_claimed_makes_no_calls(
    stored: Stored, epochs: dict[AccountId, int]
) -> None:
    """Whoever makes calls is not asked without a claim."""

    def never(_claims: Sequence[Claimed]) -> Sequence[Call]:
        pytest.fail("There was nothing to make a call of.")

    claimed = stored.claims.claim({MAIL: 9}, epochs, OWNER, T0, never, {MAIL: "[7]"})

    assert claimed == []
    assert stored.claims.accounts()[0].windows is None


# --- what an ended ownership left -----------------------------------------------------


def _called(stored: Stored, *numbers: int) -> dict[AccountId, int]:
    """Let the first owner claim these cases with calls, then another take over."""
    epochs = stored.own(MAIL)
    stored.open(*(only_erasure(n, READY) for n in numbers))
    stored.claims.claim(
        {MAIL: len(numbers)},
        epochs,
        OWNER,
        T0,
        lambda claims: [_call(f"k-{claim.case}", claim) for claim in claims],
        {},
    )
    return dict(stored.claims.acquire([MAIL], OTHER, OVER, OVER + LEASE))


def test_orphans_are_what_an_ended_ownership_claimed(stored: Stored) -> None:
    """Called under an older epoch, of the accounts asked for, no more than a limit."""
    epochs = _called(stored, 1, 2, 3)
    stored.open(only_erasure(4, READY))
    stored.claims.claim({MAIL: 1}, epochs, OTHER, OVER, no_calls, {})

    orphans = stored.claims.orphans(epochs, 10)

    assert claimed_ids(orphans) == ["case-1", "case-2", "case-3"]
    assert {one.epoch for one in orphans} == {1}
    assert {one.task.status for one in orphans} == {TaskStatus.CALLED}
    assert claimed_ids(stored.claims.orphans(epochs, 2)) == ["case-1", "case-2"]
    assert stored.claims.orphans({MAIL: 1}, 10) == []
    assert stored.claims.orphans({CRM: 9}, 10) == []


def test_open_calls_are_those_without_a_durable_answer(stored: Stored) -> None:
    """Neither closed nor accepted, of this account, of an older epoch."""
    epochs = _called(stored, 1, 2, 3)
    stored.write(CloseCall(CallId("k-case-1")), AcceptCall(CallId("k-case-2")))

    (left,) = stored.claims.open_calls(MAIL, epochs[MAIL])

    assert left.id == "k-case-3"
    assert left.members[0].case == "case-3"
    assert stored.claims.open_calls(MAIL, 1) == []
    assert stored.claims.open_calls(CRM, 9) == []


def test_accepted_call_can_be_closed_later(stored: Stored) -> None:
    """A job that is over is closed, with its time."""
    _called(stored, 1)

    stored.write(AcceptCall(CallId("k-case-1")))
    stored.write(CloseCall(CallId("k-case-1")))

    with stored.database.reading() as connection:
        row = connection.execute(t.calls.select()).one()
    assert (row.state, row.closed_at) == ("closed", T0)


# --- when to look again ---------------------------------------------------------------


def test_next_due_is_the_earliest_wait(stored: Stored) -> None:
    """Of waiting tasks only, and of the accounts asked for."""
    stored.open(
        only_erasure(1, WAITING, wake_at=T0 + 2 * HOUR),
        only_erasure(2, WAITING, wake_at=T0 + HOUR),
        only_erasure(3, READY, wake_at=T0),
    )

    assert stored.claims.next_due([MAIL, CRM]) == T0 + HOUR
    assert stored.claims.next_due([CRM]) is None
    assert stored.claims.next_due([]) is None
