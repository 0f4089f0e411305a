"""What a new owner makes of the claims that the last one left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.core.cases import TaskStatus
from orchestrator.core.words import CallId
from orchestrator.ports import Call, CallMember, Claimed
from orchestrator.stages.work.ownership import Owner, Ownership
from schemas.connecting import Action
from tests.core.builders import CASE, MAIL, a_plan, an_account, an_opening
from tests.stages.an_office import Office


def _a_call(id_: str, epoch: int, claim: Claimed, office: Office) -> Call:
    members = (CallMember(claim.task.id, CASE, ()),)
    now = office.clock.now()
    return Call(CallId(id_), MAIL, Action.LOCATE, epoch, members, id_, "", now)


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param([("k-5", 2), ("k-9", 1)], id="stored_first"),
        pytest.param([("k-0", 1), ("k-5", 2)], id="stored_last"),
    ],
)
def test_lost_answer_is_known_beside_an_older_open_call(
    office: Office, calls: list[tuple[str, int]]
) -> None:
    """The call of the very claim decides, whatever an earlier ownership left open."""
    office.open([an_opening()], a_plan(an_account()))
    office.claims.register([MAIL])
    now = office.clock.now()
    until = now + timedelta(minutes=1)
    office.claims.acquire([MAIL], "first", now, until)
    office.claims.acquire([MAIL], "second", now, until, by_force=True)
    office.claims.claim(
        {MAIL: 1},
        {MAIL: 2},
        "second",
        now,
        lambda claimed: [
            _a_call(id_, epoch, claimed[0], office) for id_, epoch in calls
        ],
        {},
    )
    owner = Owner("third", timedelta(seconds=15), is_alone=False)
    ownership = Ownership({}, office.claims, office.engine, office.clock, owner)

    ownership._mend(MAIL, 3)  # noqa: SLF001 (what taking an account over does first)

    (search,) = office.case(CASE).tasks_of(Action.LOCATE)
    assert (search.status, search.reason) == (TaskStatus.WAITING, "owner_lost")
    assert search.answers_lost == 1
