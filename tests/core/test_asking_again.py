"""A search that was under way when another account taught it something."""

from __future__ import annotations

from orchestrator.core.cases import TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.words import AccountId
from schemas.connecting import Action, IdentifierType, NotApplicable
from tests.core.builders import (
    a_case,
    an_account,
    called,
    located,
    reported,
    task_of,
)

CRM, STATS = AccountId("crm"), AccountId("stats")
EMAIL = IdentifierType("email")
DISTINCT_ID = IdentifierType("mixpanel.distinct_id")


def test_search_that_knew_too_little_is_made_again_with_what_was_learned() -> None:
    """A search speaks of what was known at its call, not of what came since."""
    case = a_case(
        an_account(CRM, yields=frozenset({DISTINCT_ID})),
        an_account(STATS, accepts=frozenset({EMAIL, DISTINCT_ID})),
    )
    case = called(called(case, CRM, Action.LOCATE), STATS, Action.LOCATE)
    found = located("i1", learned={DISTINCT_ID})
    case = decide(case, reported(case, CRM, Action.LOCATE, found)).case

    nothing = NotApplicable("no_identifier")
    case = decide(case, reported(case, STATS, Action.LOCATE, nothing)).case

    assert task_of(case, STATS, Action.LOCATE).status is TaskStatus.READY
