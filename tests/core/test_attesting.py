"""What a person's word does to manual work, and what the receipt then says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from orchestrator.core.cases import (
    Case,
    ItemState,
    Step,
    TaskStatus,
)
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    Attested,
    Event,
    IdentifiersShown,
    ItemsLookedAt,
    PersonAssigned,
    PersonClosed,
)
from schemas.connecting import (
    EMAIL,
    Action,
    Done,
    Evidence,
    Exported,
    Failed,
    NothingFound,
    Outcome,
    Replay,
    Unknown,
)
from tests.core.builders import (
    DAY,
    INVOICES,
    MAIL,
    T0,
    a_case,
    after,
    an_item,
    located,
    ready_to_erase,
    task_of,
)
from tests.core.ended import receipt_of
from tests.core.handed import BY_HAND, HANDED, SHA, attested, handed

_LOST = Unknown("owner_lost")
_REPEATING = replace(BY_HAND, replay={Action.ERASE: Replay.REPEAT})


@pytest.mark.parametrize(
    ("action", "proven", "word", "outcome"),
    [
        pytest.param(
            Action.ERASE, False, "done", Done("deleted", Evidence.M), id="erased"
        ),
        pytest.param(
            Action.ERASE,
            False,
            "nothing_found",
            NothingFound(Evidence.M),
            id="nothing to erase",
        ),
        pytest.param(
            Action.ERASE,
            True,
            "nothing_found",
            Done("deleted", Evidence.M),
            id="a record that the search did see is gone",
        ),
        pytest.param(Action.EXPORT, False, "exported", Exported(0), id="copied"),
        pytest.param(
            Action.EXPORT,
            False,
            "nothing_found",
            NothingFound(Evidence.M),
            id="nothing to copy",
        ),
    ],
)
def test_attestation_settles_with_the_grade_of_a_persons_word(
    action: Action,
    proven: bool,  # noqa: FBT001 (a column of the table)
    word: Attested,
    outcome: Outcome,
) -> None:
    """What a person attests is the outcome, and the evidence's digest stays."""
    case = handed(action, proven=proven)

    case = decide(case, attested(case, word, action)).case

    task = task_of(case, MAIL, action)
    assert task.outcome == outcome
    assert task.attested is not None
    assert (task.attested.by, task.attested.sha256) == ("desk", SHA)


@pytest.mark.parametrize(
    ("by", "is_taken"),
    [
        pytest.param("desk", True, id="its assignee"),
        pytest.param("desk-2", False, id="somebody else"),
    ],
)
def test_only_the_assignee_attests(
    by: str,
    is_taken: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    """Nobody else gives their word for work that is not theirs."""
    case = handed()
    event = replace(attested(case, "done"), by=by)

    assert (decide(case, event).case is not case) is is_taken


def test_work_of_nobody_is_attested_by_anybody() -> None:
    """Where neither the register nor a person named an assignee, there is none."""
    case = handed(report=replace(HANDED, assignee=None))
    event = replace(attested(case, "done"), by="desk-2")

    assert task_of(decide(case, event).case, MAIL).is_settled


@pytest.mark.parametrize(
    ("action", "word"),
    [
        (Action.ERASE, "exported"),
        (Action.ERASE, "notified"),
        (Action.EXPORT, "done"),
        (Action.EXPORT, "notified"),
    ],
)
def test_word_that_does_not_fit_changes_nothing(action: Action, word: Attested) -> None:
    """A copy is not an erasure, and an erasure is not a copy."""
    case = handed(action)

    assert decide(case, attested(case, word, action)).case is case


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(a_case(), id="planned"),
        pytest.param(ready_to_erase("a"), id="ready"),
        pytest.param(
            after(ready_to_erase("a"), MAIL, Failed("refused_400", "Ask.")),
            id="needs human",
        ),
        pytest.param(
            after(ready_to_erase("a"), MAIL, Done("deleted", Evidence.E4)), id="settled"
        ),
    ],
)
def test_only_handed_over_work_is_attested_assigned_or_shown(case: Case) -> None:
    """A task that was never handed over is nobody's to attest."""
    task = task_of(case, MAIL)
    events: list[Event] = [
        attested(case, "done"),
        PersonAssigned(T0 + DAY, task.id, "desk", "dpo"),
        IdentifiersShown(T0 + DAY, task.id, "desk", (EMAIL,)),
    ]

    assert all(decide(case, event).case is case for event in events)


def test_receipt_names_the_evidence() -> None:
    """The line of an attested erasure is of grade M and names the file's digest."""
    case = handed()

    receipt = receipt_of(decide(case, attested(case, "done")).case)

    (line,) = [one for one in receipt.lines if one.action is Action.ERASE]
    assert (line.evidence, line.evidence_sha256) == (Evidence.M, SHA)


def test_attested_erasure_is_looked_at_where_one_can_look() -> None:
    """A person's word becomes E4 where the connector sees the record gone."""
    case = after(ready_to_erase("a"), MAIL, HANDED)

    case = decide(case, attested(case, "done")).case
    waiting = task_of(case, MAIL)
    case = after(case, MAIL, ItemsLookedAt(frozenset()))

    assert (waiting.status, waiting.step) == (TaskStatus.WAITING, Step.LOOK)
    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E4)


def test_kept_records_stay_kept() -> None:
    """A person attests only what was left to erase."""
    found = located("a", proven=False)
    found = replace(
        found, items=(*found.items, an_item("kept", record_class="invoice"))
    )
    case = after(a_case(BY_HAND, retention=[INVOICES]), MAIL, found, Action.LOCATE)
    case = after(case, MAIL, HANDED)

    case = decide(case, attested(case, "done")).case

    states: Mapping[str, ItemState] = {
        item.id: item.state for item in task_of(case, MAIL).items
    }
    assert states == {"a": ItemState.GONE, "kept": ItemState.KEPT}


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        pytest.param("erased_by_hand", Done("deleted", Evidence.M), id="by hand"),
        pytest.param(
            "not_reachable",
            Failed(
                "not_reachable",
                "A person ended this task without the processor's confirmation.",
            ),
            id="not reachable",
        ),
    ],
)
def test_person_may_close_manual_work(reason: str, outcome: Outcome) -> None:
    """Closing needs no evidence, and the receipt says so."""
    case = handed()
    close = PersonClosed(T0 + DAY, task_of(case, MAIL).id, reason, "dpo")

    task = task_of(decide(case, close).case, MAIL)

    assert (task.outcome, task.attested) == (outcome, None)


def test_handing_over_leaves_no_lost_answer() -> None:
    """A crash while work was handed over does not make "nothing there" a deletion."""
    case = after(ready_to_erase("a", account=_REPEATING, proven=False), MAIL, _LOST)
    lost = task_of(case, MAIL).answers_lost
    case = after(case, MAIL, HANDED)
    kept = task_of(case, MAIL).answers_lost

    case = decide(case, attested(case, "nothing_found")).case

    assert (lost, kept) == (1, 0)
    assert task_of(case, MAIL).outcome == NothingFound(Evidence.M)


def test_case_is_complete_once_all_is_attested() -> None:
    """Grade M closes a line like any other outcome."""
    case = handed()

    case = decide(case, attested(case, "done")).case

    assert receipt_of(case).result == "complete"
