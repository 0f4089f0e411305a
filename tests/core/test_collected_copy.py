"""A copy that the portal says was collected stays as long as the controller wants."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.core.cases import Case, CaseStatus, Wants
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    ExportCollected,
    ExportShredded,
    TimePassed,
)
from orchestrator.core.keyed import IdentityForgotten
from tests.core.builders import DAY, HOUR, T0, after_events, signed
from tests.core.ended import EXPIRES, copied, receipt_of

COLLECTED = ExportCollected(T0 + HOUR, "portal", T0)


def answered(kept_for: timedelta | None) -> Case:
    """Build an answered case whose copy is kept so long once it is collected."""
    case = copied()
    plan = replace(case.plan, export_kept_after_collection=kept_for)
    case = replace(case, plan=plan)
    return after_events(case, signed(case), IdentityForgotten(T0))


def test_collected_copy_keeps_the_time_that_was_promised() -> None:
    """A file may be lost on its way, and the portal was told until when it stays."""
    case = decide(answered(None), COLLECTED).case

    assert case.export_collected_at == T0
    assert (case.export_expires_at, case.wants) == (EXPIRES, None)


def test_collected_copy_goes_earlier_where_the_controller_wants_it() -> None:
    """Its new time runs from the news, and ends as any other."""
    case = decide(answered(DAY), COLLECTED).case
    early = decide(case, TimePassed(T0 + DAY)).case

    late = decide(case, TimePassed(T0 + DAY + HOUR)).case

    assert early.wants is None
    assert late.wants is Wants.SHRED_EXPORT
    assert decide(late, ExportShredded(T0 + 2 * DAY)).case.status is CaseStatus.CLOSED


def test_collected_copy_can_go_at_once() -> None:
    """A controller that keeps none after its collection keeps none."""
    case = decide(answered(timedelta(0)), COLLECTED).case

    assert case.wants is Wants.SHRED_EXPORT


def test_collection_never_prolongs_a_copy() -> None:
    """A copy that would stay longer after its collection keeps its first end."""
    assert decide(answered(30 * DAY), COLLECTED).case.export_expires_at == EXPIRES


@pytest.mark.parametrize("kept_for", [None, DAY])
def test_copy_is_collected_once(kept_for: timedelta | None) -> None:
    """The first news counts; a second one moves no date."""
    case = decide(answered(kept_for), COLLECTED).case

    assert decide(case, replace(COLLECTED, at=T0 + DAY)).case is case


def test_news_of_a_copy_that_is_gone_is_still_noted() -> None:
    """It came late, but it came: the record says that the person has the copy."""
    case = after_events(answered(None), TimePassed(EXPIRES), ExportShredded(EXPIRES))

    case = decide(case, COLLECTED).case

    assert case.export_collected_at == T0
    assert case.wants is None


def test_receipt_prints_when_the_copy_was_collected() -> None:
    """What the portal said before the answer stands in it."""
    receipt = receipt_of(decide(copied(), COLLECTED).case)

    assert receipt.export is not None
    assert receipt.export.collected_at == T0
