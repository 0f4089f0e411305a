"""What gather makes of answers that come late, twice, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretBytes
from sqlalchemy import select

from orchestrator.adapters.keys.pseudonyms import Pseudonyms
from orchestrator.adapters.sql import tables as t
from orchestrator.core.answer.dossier import items_name, load_items
from orchestrator.core.cases import OpenCall, TaskStatus
from orchestrator.core.cases import Step as CallStep
from orchestrator.core.events import PersonClosed
from orchestrator.core.words import CallId, CaseId
from orchestrator.engine import Step
from orchestrator.ports import Call, CallMember, Claimed, DestroyKey, Heard
from orchestrator.stages.gather import Gatherer, Habits
from schemas.connecting import Action, Item, ItemId, JobAccepted, Located, Retry, Ticket
from tests.core.builders import CASE, MAIL, a_plan, an_account, an_opening
from tests.stages.an_office import Office

LATER = CaseId("case-2")


def _gatherer(office: Office) -> Gatherer:
    names = Pseudonyms(SecretBytes(bytes(32)))
    habits = {MAIL: Habits(frozenset())}
    return Gatherer(office.engine, office.vault, names, office.clock, habits, _nothing)


def _nothing() -> None:
    """Wake nobody."""


def _open_two(office: Office) -> None:
    openings = [
        an_opening(case=case, request_id=case, subject=case) for case in (CASE, LATER)
    ]
    office.open(openings, a_plan(an_account()))


def _claimed(office: Office, calls: Sequence[Call] = ()) -> dict[CaseId, Claimed]:
    """Claim what is ready, under one ownership."""
    now = office.clock.now()
    office.claims.register([MAIL])
    if office.claims.accounts()[0].owner is None:
        office.claims.acquire([MAIL], "worker", now, now + timedelta(hours=1))
    claimed = office.claims.claim(
        {MAIL: 8}, {MAIL: 1}, "worker", now, lambda _: calls, {}
    )
    return {one.case: one for one in claimed}


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(
            Located((Item(ItemId("x"), "ref", "profile", "marketing_profile"),)),
            id="located",
        ),
        pytest.param(
            JobAccepted(Ticket("job-7"), timedelta(hours=1)), id="job_accepted"
        ),
    ],
)
def test_answer_about_a_forgotten_person_stops_nobody_else(
    office: Office, reply: object
) -> None:
    """What comes after the key is gone is dropped; the others' answers are stored."""
    _open_two(office)
    claimed = _claimed(office)
    now = office.clock.now()
    search = claimed[CASE].task
    closed = PersonClosed(now, search.id, "not_reachable", "ada")
    forget = (DestroyKey(CASE, "identity"),)
    assert office.engine.apply([Step(CASE, closed, forget)]) == [True]

    _gatherer(office)(
        [
            Heard(claimed[CASE], reply, CallId("k-1")),
            Heard(claimed[LATER], Retry("busy")),
        ]
    )

    (waiting,) = office.case(LATER).tasks_of(Action.LOCATE)
    assert waiting.status is TaskStatus.WAITING
    with office.database.reading() as connection:
        kept = connection.execute(select(t.vault.c.owner)).all()
    assert kept == []


def test_answer_that_is_stored_twice_counts_once(office: Office) -> None:
    """A commit whose acknowledgement was lost is repeated: a new claim is untouched."""
    _open_two(office)
    heard = [Heard(one, Retry("busy")) for one in _claimed(office).values()]
    gather = _gatherer(office)
    gather(heard)
    office.clock.advance(timedelta(minutes=1))
    again = _claimed(office)
    assert set(again) == {CASE, LATER}

    gather(heard)

    (search,) = office.case(CASE).tasks_of(Action.LOCATE)
    assert (search.status, search.calls) == (TaskStatus.CALLED, 1)


def test_poll_that_was_not_sent_leaves_its_job_open(office: Office) -> None:
    """A poll given back is no answer: the accepted job's row stays as it is."""
    _open_two(office)
    job = CallId("k-job")
    members = (CallMember(f"{CASE}.mail.erase", CASE, ()),)  # type: ignore[arg-type]
    now = office.clock.now()
    row = Call(job, MAIL, Action.ERASE, 1, members, job, "", now)
    claim = _claimed(office, [row])[CASE]
    waits = OpenCall(job, (), now, now)
    polled = replace(claim.task, step=CallStep.POLL, open_calls=(waits,))

    _gatherer(office)([Heard(replace(claim, task=polled), None, job)])

    assert [one.id for one in office.claims.open_calls(MAIL, 9)] == [job]


def test_claim_that_sent_nothing_is_no_instruction(office: Office) -> None:
    """What was claimed and given back was not asked; the next claim's time counts."""
    _open_two(office)
    gather = _gatherer(office)
    gather([Heard(one, None) for one in _claimed(office).values()])
    given_back = office.case(CASE).tasks_of(Action.LOCATE)[0].first_called_at
    office.clock.advance(timedelta(minutes=1))
    asked_at = office.clock.now()

    gather([Heard(one, Retry("busy")) for one in _claimed(office).values()])
    office.clock.advance(timedelta(minutes=1))
    gather([Heard(one, None) for one in _claimed(office).values()])

    (search,) = office.case(CASE).tasks_of(Action.LOCATE)
    assert given_back is None
    assert search.first_called_at == asked_at


def test_records_of_two_kinds_with_one_number_are_two_items(office: Office) -> None:
    """A contact 7 and a conversation 7 share no name: each is erased and looked at."""
    _open_two(office)
    found = tuple(
        Item(ItemId(kind), "7", kind, "support_ticket")
        for kind in ("conversation", "contact")
    )

    _gatherer(office)([Heard(_claimed(office)[CASE], Located(found))])

    (erasing,) = office.case(CASE).tasks_of(Action.ERASE)
    opened = office.vault.open([CASE], "identity", [items_name(MAIL)])
    kept = load_items(opened.get(CASE, items_name(MAIL)))
    assert [kept[one.id].kind for one in erasing.items] == ["conversation", "contact"]
