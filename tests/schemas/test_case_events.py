"""What the portal is told, and that it holds no personal data."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import get_args

import pytest
from pydantic import ValidationError

from schemas import connecting
from schemas.case_events import (
    CASE_EVENTS,
    AccountSettled,
    CaseAlarmed,
    CaseAnswered,
    CaseEvent,
    CaseHeld,
    CaseOpened,
    CaseRefused,
    CaseReleased,
    ExportReady,
    HoldDue,
    NoticeReady,
    OutcomeKind,
    ReceiptIssued,
    RequestRejected,
    TaskEscalated,
    TaskReminded,
    event_data,
    read_case_event,
)
from schemas.case_words import AccountPassedOver, CaseAmended, CaseAttached
from schemas.connecting import Action, ActionClass, Evidence
from schemas.intake import RejectionCode
from schemas.rejections import reject
from schemas.requests import Right

AT = datetime(2026, 12, 16, 22, 59, 59, tzinfo=UTC)
EVENTS: list[CaseEvent] = [
    RequestRejected.of(reject(RejectionCode.OFFSET_MISSING, "/received_at")),
    CaseOpened(
        case_id="case-1",
        request_id="r-1",
        controller="maison-exemple",
        rights=(Right.ERASURE,),
        due_at=AT,
        due_rule="eu-1182-71.1",
    ),
    AccountSettled(
        case_id="case-1",
        request_id="r-1",
        account="hubspot-eu",
        action=Action.ERASE,
        outcome="done",
        evidence=Evidence.E4,
    ),
    AccountSettled(
        case_id="case-1",
        request_id="r-1",
        account="mixpanel",
        action=Action.LOCATE,
        outcome="found",
    ),
    ExportReady(case_id="case-1", request_id="r-1", expires_at=AT, sha256="0f" * 32),
    CaseAnswered(case_id="case-1", request_id="r-1", answered_at=AT, result="partial"),
    ReceiptIssued(
        case_id="case-1",
        request_id="r-1",
        number=1,
        kind="final",
        sha256="0f" * 32,
        key_id="ed25519:ab12",
    ),
    TaskReminded(
        case_id="case-1",
        request_id="r-1",
        account="returns-desk",
        action=Action.ERASE,
        due_at=AT,
        count=1,
    ),
    TaskEscalated(
        case_id="case-1",
        request_id="r-1",
        account="returns-desk",
        action=Action.EXPORT,
        due_at=AT,
        count=2,
        level="overdue",
    ),
    CaseHeld(
        case_id="case-1",
        request_id="r-1",
        reason="review",
        action_classes=(ActionClass.IRREVERSIBLE,),
    ),
    CaseReleased(case_id="case-1", request_id="r-1", reason="review"),
    HoldDue(
        case_id="case-1",
        request_id="r-1",
        reason="legal_claims",
        review_at=AT,
        owner="legal-team",
    ),
    CaseRefused(
        case_id="case-1",
        request_id="r-1",
        ground="legal_claims",
        provision="GDPR Art 17(3)(e)",
        record_classes=("order",),
    ),
    CaseAlarmed(
        case_id="case-1",
        request_id="r-1",
        level="7_days",
        due_at=AT,
        open_accounts=("mixpanel",),
    ),
    CaseAttached(case_id="case-2", request_id="r-2", to_case="case-1", due_at=AT),
    CaseAmended(
        case_id="case-1",
        request_id="r-1",
        event_id="e-1",
        identifier_types=("phone",),
        accounts=("klaviyo",),
        passed_over=(AccountPassedOver(account="mixpanel", code="already_dispatched"),),
    ),
    NoticeReady(
        case_id="case-1",
        request_id="r-1",
        kind="extension",
        reason="complexity",
        send_by=AT,
        due_at=AT,
    ),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_read_as_it_was_written(event: CaseEvent) -> None:
    """The data of each type lead back to the same event."""
    assert read_case_event(event.TYPE, event_data(event)) == event


def test_data_have_one_spelling_without_empty_members() -> None:
    """Canonical JSON: equal events have equal bytes."""
    assert event_data(EVENTS[3]) == (
        b'{"account":"mixpanel","action":"locate","case_id":"case-1",'
        b'"outcome":"found","request_id":"r-1"}'
    )


def test_a_type_is_called_as_portals_know_it() -> None:
    """Types are promises: added, never renamed."""
    assert sorted(CASE_EVENTS) == [
        "privacy.account.settled.v1",
        "privacy.case.alarmed.v1",
        "privacy.case.amended.v1",
        "privacy.case.answered.v1",
        "privacy.case.attached.v1",
        "privacy.case.held.v1",
        "privacy.case.opened.v1",
        "privacy.case.refused.v1",
        "privacy.case.released.v1",
        "privacy.export.ready.v1",
        "privacy.hold.due.v1",
        "privacy.notice.ready.v1",
        "privacy.receipt.issued.v1",
        "privacy.request.rejected.v1",
        "privacy.task.escalated.v1",
        "privacy.task.reminded.v1",
    ]
    assert [model.TYPE for model in CASE_EVENTS.values()] == list(CASE_EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_has_no_room_for_more(event: CaseEvent) -> None:
    """A member that the contract does not name cannot be sent by mistake."""
    data = json.loads(event_data(event)) | {"email": "ada.moreau@example.com"}

    with pytest.raises(ValidationError) as caught:
        read_case_event(event.TYPE, json.dumps(data).encode())

    assert "ada.moreau" not in str(caught.value)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("account", "ada.moreau@example.com"),
        ("outcome", "erased ada"),
        ("evidence", "E5"),
        ("action", "delete"),
        ("case_id", "Ada Moreau"),
        ("request_id", ""),
    ],
)
def test_a_member_takes_codes_only(member: str, value: str) -> None:
    """Free text, in which a person could stand, fits nowhere."""
    data = json.loads(event_data(EVENTS[2])) | {member: value}

    with pytest.raises(ValidationError) as caught:
        read_case_event("privacy.account.settled.v1", json.dumps(data).encode())

    assert "ada" not in str(caught.value).lower()


def test_a_time_without_offset_is_no_time() -> None:
    """A deadline that means another moment elsewhere is not sent."""
    with pytest.raises(ValidationError):
        CaseAnswered(
            case_id="case-1",
            request_id="r-1",
            answered_at=AT.replace(tzinfo=None),
            result="complete",
        )


def test_numbers_are_numbers() -> None:
    """What is read is read strictly, though it is built leniently."""
    data = json.loads(event_data(EVENTS[6])) | {"number": "1"}

    with pytest.raises(ValidationError):
        read_case_event("privacy.receipt.issued.v1", json.dumps(data).encode())


def test_every_outcome_can_be_told() -> None:
    """The list of outcome kinds is that of the workflow, and what locate ends with."""
    kinds = {
        field.default
        for outcome in get_args(connecting.Outcome)
        for field in fields(outcome)
        if field.name == "kind"
    }

    assert len(kinds) == len(get_args(connecting.Outcome))
    assert set(get_args(OutcomeKind)) == kinds | {"found"}
