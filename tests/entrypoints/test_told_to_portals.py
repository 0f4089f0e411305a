"""What comes back to the portal is complete: each type of event is really sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from orchestrator.adapters.reading.queries import Queries
from orchestrator.adapters.sql import tables as t
from orchestrator.core.events import (
    CaseExtended,
    Event,
    IdentityAsked,
    TimePassed,
)
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import HoldReason
from orchestrator.core.ruled import CaseHeld, CaseRefused, CaseReleased
from orchestrator.core.words import CaseId, ExtensionReason
from orchestrator.engine import Step
from schemas import case_events, case_words
from schemas.case_events import CASE_EVENTS
from schemas.connecting import ActionClass, HandedOver, Item, ItemId, Located
from schemas.topics import CASE_EVENTS as TOPIC
from tests.entrypoints.test_duplicates import again, answer
from tests.entrypoints.test_later_words import nothing_anywhere
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission
from tests.support.words import an_amendment

ADA = Human(1)
DAY = timedelta(days=1)
TRACKED = [("mixpanel.distinct_id", ADA.distinct_id)]


@dataclass(frozen=True, slots=True)
class Office:
    """An installation with one open case of Ada's, and whoever decides there."""

    installation: AnInstallation
    case: CaseId
    now: datetime

    def happens(self, *events: Event) -> None:
        """Let things happen to the case, one after another."""
        for event in events:
            self.installation.parts.engine.apply([Step(self.case, event)])

    def due_at(self) -> datetime:
        """Return the case's deadline."""
        return Queries(self.installation.parts.database).case_now(self.case).due_at


def _rejected(office: Office) -> None:
    office.installation.publish(
        a_submission(Human(2), controller="nobody", event_id="event-2")
    )
    office.installation.ingest()


def _answered(office: Office) -> None:
    answer(office.installation)


def _copied(office: Office) -> None:
    office.installation.publish(a_submission(Human(2), "access"))
    office.installation.ingest()
    answer(office.installation)


def _held(office: Office) -> None:
    classes = frozenset({ActionClass.IRREVERSIBLE})
    held = CaseHeld(office.now, classes, HoldReason.LEGAL_CLAIMS, "dpo")
    office.happens(held)


def _released(office: Office) -> None:
    _held(office)
    office.happens(CaseReleased(office.now, HoldReason.LEGAL_CLAIMS, "dpo"))


def _looked_at_again(office: Office) -> None:
    _held(office)
    office.happens(*(TimePassed(office.now + days * DAY) for days in range(1, 120)))


def _refused(office: Office) -> None:
    office.happens(CaseRefused(office.now, Ground.LEGAL_CLAIMS, "dpo"))


def _extended(office: Office) -> None:
    office.happens(CaseExtended(office.now, ExtensionReason.NUMBER, "dpo"))


def _late(office: Office) -> None:
    office.happens(TimePassed(office.due_at() + DAY))


def _handed_over(office: Office) -> None:
    found = Item(ItemId("1"), "70061", "contact", "marketing_profile")
    office.installation.hear("hubspot", Located((found,)))
    nothing_anywhere(office.installation, but="hubspot")
    office.installation.hear("hubspot", HandedOver("desk", DAY, (2 * DAY,)))


def _reminded(office: Office) -> None:
    _handed_over(office)
    days = (office.due_at() - office.now) // DAY
    office.happens(*(TimePassed(office.now + day * DAY) for day in range(days)))


def _escalated(office: Office) -> None:
    _handed_over(office)
    office.happens(TimePassed(office.due_at() - DAY + DAY / 24))


def _amended(office: Office) -> None:
    office.installation.publish(an_amendment(ADA.request_id, TRACKED))
    office.installation.ingest()


def _attached(office: Office) -> None:
    again(office.installation, "erasure")


# What must have happened for the portal to hear each type, and with which members.
TOLD: Mapping[str, tuple[Callable[[Office], None], Mapping[str, object]]] = {
    case_events.REQUEST_REJECTED: (
        _rejected,
        {"code": "unknown_controller", "pointer": "/controller"},
    ),
    case_events.CASE_OPENED: (_answered, {"rights": ["erasure"]}),
    case_words.CASE_ATTACHED: (_attached, {}),
    case_words.CASE_AMENDED: (_amended, {"accounts": ["mixpanel"]}),
    case_events.ACCOUNT_SETTLED: (_answered, {"outcome": "nothing_found"}),
    case_events.EXPORT_READY: (_copied, {}),
    case_events.RECEIPT_ISSUED: (_answered, {"kind": "final", "number": 1}),
    case_events.CASE_ANSWERED: (_answered, {"result": "complete"}),
    case_events.NOTICE_READY: (_extended, {"kind": "extension", "reason": "number"}),
    case_events.CASE_HELD: (_held, {"reason": "legal_claims"}),
    case_events.HOLD_DUE: (_looked_at_again, {"reason": "legal_claims"}),
    case_events.CASE_RELEASED: (_released, {"reason": "legal_claims"}),
    case_events.CASE_REFUSED: (_refused, {"ground": "legal_claims"}),
    case_events.CASE_ALARMED: (_late, {"level": "overdue"}),
    case_events.TASK_REMINDED: (_reminded, {"account": "hubspot"}),
    case_events.TASK_ESCALATED: (_escalated, {"account": "hubspot"}),
}


@pytest.fixture
def office(installation: AnInstallation) -> Office:
    """Open a case of Ada's."""
    case = installation.a_case(ADA, "erasure")
    return Office(installation, case, installation.parts.clock.now())


def sent(office: Office, type_: str) -> list[tuple[str, Mapping[str, object]]]:
    """Return (key, data) of each event of this type that goes out."""
    query = select(t.outbox.c.key, t.outbox.c.data).where(
        t.outbox.c.type == type_, t.outbox.c.topic == TOPIC
    )
    with office.installation.parts.database.reading() as connection:
        return [(row.key, json.loads(row.data)) for row in connection.execute(query)]


def test_each_type_has_its_story() -> None:
    """A type that nobody sends is a promise that nobody keeps."""
    assert TOLD.keys() == CASE_EVENTS.keys()


@pytest.mark.parametrize("type_", CASE_EVENTS)
def test_portal_hears_it(type_: str, office: Office) -> None:
    """It goes out under its request's name, reads as promised, and names nobody."""
    happens, members = TOLD[type_]

    happens(office)

    said = sent(office, type_)
    assert any(data.items() >= members.items() for _, data in said), said
    for key, data in said:
        assert key == data["request_id"]
        text = json.dumps(data)
        CASE_EVENTS[type_].model_validate_json(text, strict=True)
        for human in (ADA, Human(2)):
            for value in (human.email, human.phone, human.customer_id, human.name):
                assert value not in text


def test_input_that_is_needed_of_the_person_is_a_notice(office: Office) -> None:
    """Who they are must be known first: the portal asks, at once."""
    office.happens(IdentityAsked(office.now, "dpo"))

    ((_, data),) = sent(office, case_events.NOTICE_READY)
    assert data["kind"] == "identity"
