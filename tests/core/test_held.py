"""Holds that people set: dated, owned, looked at again, and ended by people alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.answer.statements import interim_receipt
from orchestrator.core.cases import Case
from orchestrator.core.commands import Publish
from orchestrator.core.decide import decide
from orchestrator.core.events import Event, TimePassed
from orchestrator.core.holds import HoldReason
from orchestrator.core.ruled import CaseHeld, CaseReleased
from schemas.case_events import CaseHeld as Told
from schemas.case_events import HoldDue
from schemas.connecting import Action, ActionClass
from tests.core.builders import DAY, HOUR, MAIL, SECOND, T0, ready_to_erase

NOW = T0 + HOUR
LOOK_AT = NOW + 10 * DAY
IRREVERSIBLE = frozenset({ActionClass.IRREVERSIBLE})
HELD = CaseHeld(
    NOW, IRREVERSIBLE, HoldReason.LEGAL_CLAIMS, "dpo-1", "legal-team", LOOK_AT
)


def held() -> Case:
    """Build a case whose erasure is held for a claim."""
    return decide(ready_to_erase("a"), HELD).case


def told(case: Case, event: Event) -> tuple[Case, list[HoldDue]]:
    """Return the case after *event*, and which looks are due by what was published."""
    decision = decide(case, event)
    events = [c.event for c in decision.commands if isinstance(c, Publish)]
    return decision.case, [one for one in events if isinstance(one, HoldDue)]


def test_hold_without_a_date_is_looked_at_when_the_register_says() -> None:
    """Nobody can set a hold that no one ever looks at again."""
    case = decide(ready_to_erase("a"), replace(HELD, review_at=None)).case

    assert [hold.review_at for hold in case.holds] == [NOW + 90 * DAY]


def test_hold_wants_a_look_on_its_day_and_is_told_of_once() -> None:
    """The moment wakes the case; time ends nothing."""
    case = held()
    assert case.wake_at is not None
    assert case.wake_at <= LOOK_AT

    early, before = told(case, TimePassed(LOOK_AT - SECOND))
    due, now = told(early, TimePassed(LOOK_AT))
    later, after = told(due, TimePassed(LOOK_AT + 30 * DAY))

    assert (before, after) == ([], [])
    assert [(one.reason, one.owner, one.review_at) for one in now] == [
        ("legal_claims", "legal-team", LOOK_AT)
    ]
    assert later.held == IRREVERSIBLE


def test_person_who_looks_again_names_the_next_day() -> None:
    """The hold goes on, with a ruling of its own, and is told of again on that day."""
    due, _ = told(held(), TimePassed(LOOK_AT))
    again = replace(HELD, at=LOOK_AT + DAY, by="dpo-2", review_at=LOOK_AT + 9 * DAY)

    renewed = decide(due, again).case
    _, now = told(renewed, TimePassed(LOOK_AT + 9 * DAY))

    assert [hold.is_due for hold in renewed.holds] == [False]
    assert [ruling.by for ruling in renewed.rulings] == [("dpo-1",), ("dpo-2",)]
    assert len(now) == 1


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(replace(HELD, review_at=NOW), id="a day that is over"),
        pytest.param(replace(HELD, review_at=NOW - DAY), id="a day before the hold"),
    ],
)
def test_hold_is_never_looked_at_before_it_begins(event: CaseHeld) -> None:
    """A date in the past would be no date."""
    case = ready_to_erase("a")

    assert decide(case, event).case is case


def test_older_word_of_a_hold_changes_nothing() -> None:
    """What was said before the last look does not move its date back."""
    again = replace(HELD, at=NOW + DAY, review_at=LOOK_AT + DAY)
    case = decide(held(), again).case

    assert decide(case, HELD).case is case


def test_released_hold_is_not_looked_at() -> None:
    """Its date goes with it."""
    freed = CaseReleased(NOW + DAY, HoldReason.LEGAL_CLAIMS, "dpo-1")
    case = decide(held(), freed).case

    _, now = told(case, TimePassed(LOOK_AT))

    assert now == []


def test_portal_hears_when_a_hold_is_looked_at_again() -> None:
    """The portal can tell the person until when it is held at least."""
    decision = decide(ready_to_erase("a"), HELD)

    events = [c.event for c in decision.commands if isinstance(c, Publish)]
    assert [e.review_at for e in events if isinstance(e, Told)] == [LOOK_AT]


def test_statement_says_why_a_line_is_held_and_until_what_day() -> None:
    """In codes: the line's reason, and the ruling with its date and provision."""
    statement = interim_receipt(held(), "statement-1", NOW, "1")

    line = next(one for one in statement.lines if one.action is Action.ERASE)
    assert line.account == MAIL
    assert line.reasons == ("gate_hold", "held_legal_claims")
    (ruled,) = statement.rulings or ()
    assert (ruled.reason, ruled.provision) == ("legal_claims", "GDPR Art 17(3)(e)")
    assert ruled.review_at == LOOK_AT
