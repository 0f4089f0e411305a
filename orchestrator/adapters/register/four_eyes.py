"""Look whether those who must act may: two people who decide, and assignees."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from orchestrator.adapters.register.advice import RegisterWarning
from orchestrator.adapters.register.kinds import Deciders
from orchestrator.adapters.register.loading import Register
from orchestrator.adapters.register.people import PEOPLE
from orchestrator.core.people import PersonRole, why_not

_TWO = 2


def four_eyes(register: Register, today: date) -> Iterator[RegisterWarning]:
    """Yield what keeps two people from deciding, or lets one pass for two."""
    most = max((rule.decided_by.number for rule in register.reviews), default=0)
    if not register.people:
        if most == Deciders.TWO_PEOPLE.number:
            yield RegisterWarning(
                PEOPLE,
                "two people must decide, and one person may write two names; list who"
                " may in [people.NAME] with roles.",
            )
        return
    for role, needed in ((PersonRole.DECIDE, most), (PersonRole.RELEASE, _TWO)):
        able = sum(one.may(role, today) for one in register.people.values())
        if able < needed:
            yield RegisterWarning(
                PEOPLE,
                f"{needed} must be there to {role}, and {able} may today; write"
                f' "{role}" into the roles of more.',
            )
    yield from _assignees(register, today)


def _assignees(register: Register, today: date) -> Iterator[RegisterWarning]:
    """Look for manual work that goes to somebody who may not attest it."""
    for entry in register.accounts.values():
        said = entry.options.model_dump(include={"assignee"}).get("assignee")
        if said is None:
            continue
        problem = why_not(register.people, said, PersonRole.ATTEST, today)
        if problem is not None:
            yield RegisterWarning(f"accounts.{entry.id}.options.assignee", problem)
