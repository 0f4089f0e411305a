"""Gates that a person opens, and the delay that ends by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import Case, GateReason, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import TimePassed
from orchestrator.core.holds import OpeningReason
from orchestrator.core.intake.opening import open_case
from orchestrator.core.ruled import GateOpened
from schemas.connecting import Action, Done, Evidence, Proof
from tests.core.builders import (
    CRM,
    DAY,
    HOUR,
    MAIL,
    SECOND,
    T0,
    a_case,
    a_plan,
    after,
    an_account,
    an_opening,
    located,
    ready_to_erase,
    states,
    task_of,
)

FIRST = an_account(MAIL, proof=Proof.STATUS)
FED = an_account(CRM, fed_by=(MAIL,), proof=Proof.STATUS)
DONE = Done("deleted", Evidence.E2)


def behind_a_feeder() -> Case:
    """Open a case whose second account waits for the erasure of the first."""
    case = after(a_case(FIRST, FED), MAIL, located("a"), Action.LOCATE)
    return after(case, CRM, located("b"), Action.LOCATE)


def opening(case: Case, *, early: timedelta = timedelta(0)) -> GateOpened:
    """Open the gate of the fed account, at its moment or before."""
    task = task_of(case, CRM)
    assert task.gate is not None
    at = task.gate.opens_at - early
    gate = task.gate.reason
    return GateOpened(at, task.id, gate, OpeningReason.NOT_REACHABLE, "dpo-1")


def cooling(jurisdiction: str = "DE", *, delay: timedelta = DAY) -> Case:
    """Open a case whose controller lets requests of Germany cool off."""
    plan = replace(a_plan(FIRST), cooling_off={"DE": delay})
    case = open_case(an_opening(jurisdiction=jurisdiction), plan).case
    return after(case, MAIL, located("a"), Action.LOCATE)


def test_person_opens_a_gate_whose_moment_has_come() -> None:
    """The task goes on, although what it waits for is not done."""
    case = behind_a_feeder()

    opened = decide(case, opening(case)).case

    assert states(opened)[CRM] is TaskStatus.READY
    assert states(opened)[MAIL] is TaskStatus.READY


def test_gate_stays_shut_before_its_moment() -> None:
    """Order is kept as long as there is time for it."""
    case = behind_a_feeder()

    assert decide(case, opening(case, early=SECOND)).case is case


def test_receipt_prints_who_opened_which_gate() -> None:
    """The ruling stands with its account, its gate and its reason."""
    case = behind_a_feeder()
    case = decide(case, opening(case)).case
    for account in (MAIL, CRM):
        case = after(case, account, DONE)

    (ruling,) = final_receipt(case, "s-1", T0, "1").rulings or ()

    told = (ruling.kind, ruling.account, ruling.gate, ruling.reason, ruling.by)
    assert told == ("gate_opened", "crm", "feeder", "not_reachable", ("dpo-1",))


def test_only_gates_of_order_are_opened() -> None:
    """A search that is still under way is closed by a person, never overtaken."""
    case = a_case(FIRST)
    task = task_of(case, MAIL)
    assert task.gate is not None
    assert task.gate.reason is GateReason.LOCATE

    near = OpeningReason.DEADLINE_NEAR
    event = GateOpened(case.due_at, task.id, GateReason.LOCATE, near, "dpo-1")

    assert decide(case, event).case is case


def test_erasure_waits_until_the_delay_is_over() -> None:
    """The gate says until when, and opens by itself at that moment."""
    case = cooling()

    gate = task_of(case, MAIL).gate
    assert gate is not None
    assert (gate.reason, gate.opens_at) == (GateReason.COOLING_OFF, T0 + DAY)
    early = decide(case, TimePassed(T0 + DAY - SECOND)).case
    assert states(early) == {MAIL: TaskStatus.PLANNED}
    assert case.wake_at == T0 + DAY
    assert states(decide(case, TimePassed(T0 + DAY)).case) == {MAIL: TaskStatus.READY}


@pytest.mark.parametrize(
    ("jurisdiction", "status"),
    [
        pytest.param("DE-BY", TaskStatus.PLANNED, id="part-of-the-country"),
        pytest.param("FR", TaskStatus.READY, id="elsewhere"),
    ],
)
def test_delay_holds_in_its_jurisdiction(jurisdiction: str, status: TaskStatus) -> None:
    """Elsewhere the erasure is ready at once."""
    assert states(cooling(jurisdiction)) == {MAIL: status}


def test_delay_makes_no_processor_late() -> None:
    """A request that was received long ago does not cool off past the last moment."""
    plan = replace(a_plan(FIRST), cooling_off={"DE": 3 * DAY})
    late = an_opening(at=T0 + 25 * DAY)

    assert open_case(late, plan).case.cools_until is None
    assert ready_to_erase("a").cools_until is None


def test_copy_does_not_cool_off() -> None:
    """A delay of an hour holds nothing that only reads."""
    assert task_of(cooling(delay=HOUR), MAIL, Action.LOCATE).is_settled
