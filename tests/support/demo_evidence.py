"""What a demo brings together after a good run, cut down to what was decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from orchestrator.adapters.intake.quarantine_views import QuarantinedLine
from orchestrator.adapters.receipts.receipt_files import ReceiptFiles
from orchestrator.entrypoints.demo.evidence import Evidence
from orchestrator.entrypoints.demo.fetching import FetchedReceipt
from orchestrator.entrypoints.demo.forging import CODES, Forgery
from orchestrator.entrypoints.demo.people import (
    ADA,
    EXTENDED,
    FORGED,
    REFUSED,
    REVIEWED,
    Person,
)
from orchestrator.entrypoints.demo.processors import Processors
from orchestrator.ports.event_log import Message
from schemas.case_events import (
    CaseEvent,
    CaseHeld,
    CaseOpened,
    CaseRefused,
    CaseReleased,
    NoticeReady,
)
from schemas.connecting import Action, ActionClass
from schemas.connecting import Evidence as Grade
from schemas.decided import Ruled
from schemas.due import Due
from schemas.receipts import (
    ControllerNamed,
    IdentityVerified,
    Line,
    Receipt,
    RecipientNamed,
    Times,
)
from schemas.requests import Channel, Right, VerificationLevel, VerificationMethod
from schemas.retained import RetainedClass

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LATER = AT + timedelta(seconds=5)
DUE = datetime(2026, 12, 21, 22, 59, tzinfo=UTC)
EXTENDED_TO = datetime(2027, 2, 22, 22, 59, tzinfo=UTC)
BOTH = ("dpo-1", "dpo-2")
PROVISION = "GDPR Art 17(3)(e)"
KEPT = RetainedClass(
    record_class="invoice",
    rule="fr-invoices",
    statute="Code de commerce, art. L123-22",
    until=date(2036, 12, 31),
)
ASKING = {
    f"r-{person.customer_id}": person for person in (ADA, REVIEWED, REFUSED, EXTENDED)
}


def a_line(**changes: Any) -> Line:  # noqa: ANN401
    """Describe an erasure that was read back."""
    good: dict[str, Any] = {
        "recipient": RecipientNamed(legal_name="Exemple SAS", role="processor"),
        "account": "hubspot",
        "connector": "hubspot",
        "connector_version": "1",
        "action": Action.ERASE,
        "identifier_types": ("email",),
        "outcome": "done",
        "evidence": Grade.E4,
        "asked_at": LATER,
        "settled_at": LATER,
        "attempts": 1,
    }
    return Line(**{**good, **changes})


REFUSED_LINE = a_line(
    outcome="not_applicable", evidence=None, reasons=("refused",), asked_at=None
)


def a_receipt(person: Person, **changes: Any) -> Receipt:  # noqa: ANN401
    """Describe the receipt of somebody who asked."""
    good: dict[str, Any] = {
        "statement_id": f"stm-{person.customer_id}",
        "number": 1,
        "kind": "final",
        "result": "complete",
        "controller": ControllerNamed(
            id="maison-exemple", legal_name="Maison Exemple SAS", dpo_contact="dpo"
        ),
        "request_id": f"r-{person.customer_id}",
        "case_id": f"c-{person.customer_id}",
        "rights": (Right.ERASURE,),
        "jurisdiction": person.lives_in,
        "channel": Channel.WEB,
        "times": Times(
            received_at=AT,
            verified_at=AT,
            opened_at=AT,
            answered_at=LATER,
            signed_at=LATER,
        ),
        "due": Due(due_at=DUE, rule="eu-1182-71.1", time_zone="Europe/Paris"),
        "identity": IdentityVerified(
            method=VerificationMethod.LOGIN, level=VerificationLevel.SUBSTANTIAL
        ),
        "lines": (a_line(),),
        "register_version": "2026-11-01",
        "software_version": "0.1.0",
    }
    return Receipt(**{**good, **changes})


def a_ruling(kind: str, **changes: Any) -> Ruled:  # noqa: ANN401
    """Describe what two people decided."""
    return Ruled(**{"kind": kind, "at": AT, "by": BOTH, **changes})


def extended_due(**changes: Any) -> Due:  # noqa: ANN401
    """Describe a deadline that was moved."""
    good: dict[str, Any] = {
        "due_at": EXTENDED_TO,
        "rule": "eu-1182-71.1",
        "time_zone": "Europe/Paris",
        "extended_because": "complexity",
        "extended_at": AT,
    }
    return Due(**{**good, **changes})


def the_receipts() -> list[Receipt]:
    """Return the receipts of a good run."""
    refusal = a_ruling("refused", reason="legal_claims", provision=PROVISION)
    return [
        a_receipt(
            ADA, result="complete_with_retention", lines=(a_line(retained=(KEPT,)),)
        ),
        a_receipt(REVIEWED, rulings=(a_ruling("approved"),)),
        a_receipt(REFUSED, result="refused", lines=(REFUSED_LINE,), rulings=(refusal,)),
        a_receipt(EXTENDED, due=extended_due()),
    ]


def of(person: Person) -> dict[str, Any]:
    """Return the names of a case, as events bear them."""
    return {
        "case_id": f"c-{person.customer_id}",
        "request_id": f"r-{person.customer_id}",
    }


def opened(names: dict[str, Any]) -> CaseOpened:
    """Describe how the portal is told of a case."""
    return CaseOpened(
        **names,
        controller="maison-exemple",
        rights=(Right.ERASURE,),
        due_at=DUE,
        due_rule="eu-1182-71.1",
    )


def a_notice(**changes: Any) -> NoticeReady:  # noqa: ANN401
    """Describe how the portal is told to send the notice of an extension."""
    good: dict[str, Any] = {
        "kind": "extension",
        "reason": "complexity",
        "send_by": DUE,
        "due_at": EXTENDED_TO,
    }
    return NoticeReady(**{**of(EXTENDED), **good, **changes})


def the_events() -> list[CaseEvent]:
    """Return what the portal is told in a good run."""
    told: list[CaseEvent] = [opened(of(person)) for person in ASKING.values()]
    for person in (REVIEWED, REFUSED):
        classes = (ActionClass.IRREVERSIBLE,)
        told.append(CaseHeld(**of(person), reason="review", action_classes=classes))
        told.append(CaseReleased(**of(person), reason="review"))
    refusal = CaseRefused(**of(REFUSED), ground="legal_claims", provision=PROVISION)
    return [*told, refusal, a_notice()]


def quarantined(code: str) -> QuarantinedLine:
    """Describe an event that waits in quarantine."""
    return QuarantinedLine(
        id=f"q-{code}",
        state="waiting",
        code=code,
        pointer="",
        rule="A rule.",
        hint="A hint.",
        topic="privacy.requests",
        partition=0,
        offset=0,
        size=1,
        seen_at=AT,
        received_at=AT,
        due_at=DUE,
        expires_at=None,
        ended_by=None,
        ended_at=None,
    )


def the_systems() -> Processors:
    """Return a system with one record each of those who must be left alone first."""
    owners = {("hubspot", "contacts", p.customer_id): p for p in _WATCHED}
    before = {place: {"email": owner.email} for place, owner in owners.items()}
    client = httpx.Client(trust_env=False)
    return Processors(["hubspot"], "", before, owners, {}, None, client)


_WATCHED = (REVIEWED, REFUSED, FORGED)


def the_evidence() -> Evidence:
    """Return what is brought together after a good run."""
    before = the_systems().before
    gone = ("hubspot", "contacts", REVIEWED.customer_id)
    held = {place: record for place, record in before.items() if place != gone}
    nothing = Path("nothing")
    files = ReceiptFiles(nothing, nothing, nothing, nothing)
    message = Message("privacy.requests", b"", (), b"")
    return Evidence(
        people=ASKING,
        cases={},
        receipts=[FetchedReceipt(one, files, None, None) for one in the_receipts()],
        copies=[],
        held=held,
        undisturbed=[],
        events=the_events(),
        before_approval=before,
        quarantined=[quarantined(code) for code in CODES],
        forgeries=[Forgery(f"forged-{code}", message) for code in CODES],
    )


def with_receipt(seen: Evidence, receipt: Receipt) -> Evidence:
    """Return *seen* with *receipt* in place of the one of its request."""
    receipts = [
        replace(one, receipt=receipt)
        if one.receipt.request_id == receipt.request_id
        else one
        for one in seen.receipts
    ]
    return replace(seen, receipts=receipts)


def without(seen: Evidence, kind: type[CaseEvent], person: Person) -> Evidence:
    """Return *seen* as if the portal had never been told so of *person*."""
    lost = seen.told_of(person, kind)
    return replace(seen, events=[one for one in seen.events if one not in lost])


def with_event(seen: Evidence, event: CaseEvent) -> Evidence:
    """Return *seen* as if the portal had been told that as well."""
    return replace(seen, events=[*seen.events, event])
