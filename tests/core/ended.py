"""Cases that have come to their end, and their receipts."""

from __future__ import annotations

from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import Case
from orchestrator.core.decide import decide
from orchestrator.core.events import ExportSealed, ItemsLocated
from schemas.connecting import Action, Done, Evidence, Exported
from schemas.receipts import Receipt, read_receipt, receipt_bytes
from tests.core.builders import (
    ACCESS,
    DAY,
    HOUR,
    INVOICES,
    MAIL,
    T0,
    a_case,
    after,
    an_item,
    ready_to_erase,
)

GONE = Done("deleted", Evidence.E4)
SHA = "ab" * 32
EXPIRES = T0 + 7 * DAY
SEALED = ExportSealed(T0, SHA, EXPIRES)


def erased(*ids: str) -> Case:
    """Build a case that waits for its signature."""
    return after(ready_to_erase(*(ids or ("a",))), MAIL, GONE)


def copied() -> Case:
    """Build a case for a copy whose package is sealed."""
    case = ready_to_erase("a", rights=ACCESS)
    return decide(after(case, MAIL, Exported(1), Action.EXPORT), SEALED).case


def keeping() -> Case:
    """Build a case that erased one record and keeps an invoice."""
    found = ItemsLocated((an_item("a"), an_item("k", record_class="invoice")))
    case = after(a_case(retention=[INVOICES]), MAIL, found, Action.LOCATE)
    return after(case, MAIL, GONE)


def receipt_of(case: Case) -> Receipt:
    """Return the case's receipt as a reader of its signed bytes gets it."""
    receipt = final_receipt(case, "statement-1", T0 + HOUR, "1.0.0")
    return read_receipt(receipt_bytes(receipt))
