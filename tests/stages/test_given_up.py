"""A step that cannot be applied leaves nothing under way."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.core.cases import TaskStatus
from orchestrator.core.events import TaskReported
from orchestrator.core.words import CallId
from orchestrator.engine import Step
from orchestrator.ports import Call, CallMember, PutEntry, VaultEntry
from schemas.connecting import Action, Done, Evidence
from tests.core.builders import CASE, MAIL, a_plan, an_account, an_opening
from tests.stages.an_office import Office


def test_call_of_a_step_that_was_given_up_is_closed(office: Office) -> None:
    """Its answer came: the task goes to a person, and nobody takes it for lost."""
    office.open([an_opening()], a_plan(an_account()))
    office.claims.register([MAIL])
    now = office.clock.now()
    office.claims.acquire([MAIL], "worker", now, now + timedelta(minutes=1))
    call = CallId("k-1")

    (claimed,) = office.claims.claim(
        {MAIL: 1},
        {MAIL: 1},
        "worker",
        now,
        lambda claims: [
            Call(
                call,
                MAIL,
                Action.ERASE,
                1,
                (CallMember(claims[0].task.id, CASE, ()),),
                call,
                "",
                now,
            )
        ],
        {},
    )
    report = TaskReported(
        now, claimed.task.id, Done("deleted", Evidence.E2), epoch=1, call=call
    )
    poison = PutEntry(VaultEntry(CASE, "identity", "name", object()))  # type: ignore[arg-type]

    assert office.engine.apply([Step(CASE, report, (poison,))]) == [True]

    (search,) = office.case(CASE).tasks_of(Action.LOCATE)
    assert (search.status, search.reason) == (TaskStatus.NEEDS_HUMAN, "our_fault")
    assert office.claims.open_calls(MAIL, 9) == []
