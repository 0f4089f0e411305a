"""A copy that one case of a person asks for comes before another case's erasure."""

from __future__ import annotations

import pytest

from orchestrator.core.cases import GateReason
from orchestrator.core.words import CaseId, Rehearsal, Right
from schemas.connecting import Action
from tests.core.builders import ACCESS, ERASURE, MAIL, a_plan, an_account, an_opening
from tests.stages.an_office import Office

ERASING, COPYING = CaseId("c-erasing"), CaseId("c-copying")


@pytest.mark.parametrize(
    "order",
    [
        pytest.param((COPYING, ERASING), id="copy_first"),
        pytest.param((ERASING, COPYING), id="erasure_first"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["one_batch", "two_batches"])
def test_erasure_waits_for_the_copy_of_another_case(
    office: Office,
    order: tuple[CaseId, ...],
    at_once: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    """Whichever request came first, in one batch or two, the erasure waits."""
    rights: dict[CaseId, frozenset[Right]] = {ERASING: ERASURE, COPYING: ACCESS}
    openings = [
        an_opening(case=id_, request_id=f"r-{id_}", rights=rights[id_]) for id_ in order
    ]
    plan = a_plan(an_account())

    for batch in [openings] if at_once else [[one] for one in openings]:
        office.open(batch, plan)

    erasing = office.case(ERASING)
    assert erasing.waits_for_exports == {COPYING}
    assert office.case(COPYING).waits_for_exports == frozenset()
    erasure = erasing.task(MAIL, Action.ERASE)
    assert erasure is not None
    assert erasure.gate is not None
    assert erasure.gate.reason is GateReason.LOCATE


@pytest.mark.parametrize("is_test_first", [True, False], ids=["before", "after"])
def test_nothing_real_waits_for_the_copy_of_a_test(
    office: Office,
    is_test_first: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    """A test under a real person's name delays no erasure of theirs."""
    rehearsed = an_opening(
        case=COPYING,
        request_id="r-test",
        rights=ACCESS,
        rehearsal=frozenset({Rehearsal.TEST}),
    )
    real = an_opening(case=ERASING, request_id="r-real", rights=ERASURE)
    openings = [rehearsed, real] if is_test_first else [real, rehearsed]

    for opening in openings:
        office.open([opening], a_plan(an_account()))

    assert office.case(ERASING).waits_for_exports == frozenset()
