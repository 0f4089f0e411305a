"""Cases whose work is with a person, and that person's word."""

from __future__ import annotations

from orchestrator.core.cases import (
    Case,
)
from orchestrator.core.events import (
    Attested,
    PersonAttested,
)
from schemas.connecting import (
    Action,
    HandedOver,
    Proof,
)
from tests.core.builders import (
    ACCESS,
    DAY,
    MAIL,
    T0,
    after,
    an_account,
    ready_to_erase,
    task_of,
)

SHA = "cd" * 32
HANDED = HandedOver("desk", done_before=3 * DAY, remind_before=(2 * DAY, 7 * DAY))
BY_HAND = an_account(MAIL, proof=Proof.NONE)


def handed(
    action: Action = Action.ERASE, report: HandedOver = HANDED, *, proven: bool = False
) -> Case:
    """Build a case whose task is with a person."""
    rights = {"rights": ACCESS} if action is Action.EXPORT else {}
    case = ready_to_erase("a", account=BY_HAND, proven=proven, **rights)  # type: ignore[arg-type]
    return after(case, MAIL, report, action)


def attested(
    case: Case, outcome: Attested, action: Action = Action.ERASE
) -> PersonAttested:
    """Build a person's word."""
    return PersonAttested(
        T0 + DAY, task_of(case, MAIL, action).id, outcome, SHA, "desk"
    )
