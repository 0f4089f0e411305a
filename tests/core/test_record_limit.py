"""More records of one person than an account's limit: a person looks first."""

from __future__ import annotations

from orchestrator.core.cases import Case, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import MatchesConflicted, PersonChose
from schemas.connecting import EMAIL, Action
from tests.core.builders import (
    CRM,
    CUSTOMER,
    SHOP,
    T0,
    a_case,
    after,
    an_account,
    an_item,
    called,
    located,
    reported,
    task_of,
)

LOCATE = Action.LOCATE


def _case() -> Case:
    """Build a case whose shop may hold two records of a person; the CRM teaches."""
    return a_case(
        an_account(CRM, yields=frozenset({CUSTOMER})),
        an_account(SHOP, accepts=frozenset({EMAIL, CUSTOMER}), max_records=2),
    )


def _stopped(case: Case) -> bool:
    """Tell whether a person is asked and nothing destructive may begin."""
    search, erasure = task_of(case, SHOP, LOCATE), task_of(case, SHOP)
    return (search.status, search.reason, erasure.status) == (
        TaskStatus.NEEDS_HUMAN,
        "too_many_records",
        TaskStatus.PLANNED,
    )


def test_limit_counts_the_records_of_all_searches() -> None:
    """Two rounds that keep to it one by one do not pass it together."""
    case = after(_case(), SHOP, located("s1", "s2"), LOCATE)
    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)

    case = after(case, SHOP, located("s3"), LOCATE)

    assert _stopped(case)


def test_search_that_is_asked_again_forgets_no_record() -> None:
    """What was found while another account taught counts in the next round."""
    case = called(_case(), SHOP, LOCATE)
    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)
    answer = reported(case, SHOP, LOCATE, located("s1", "s2", "s3"))
    case = decide(case, answer).case
    assert task_of(case, SHOP).status is TaskStatus.PLANNED

    case = after(case, SHOP, located("s1"), LOCATE)

    assert _stopped(case)


def test_choice_of_some_allows_no_more_than_those() -> None:
    """A person who picked two records has not allowed a third that is found later."""
    conflict = MatchesConflicted(((an_item("s1"), an_item("s2")), (an_item("x"),)))
    case = after(_case(), SHOP, conflict, LOCATE)
    search = task_of(case, SHOP, LOCATE)
    case = decide(case, PersonChose(T0, search.id, (0,), "dpo")).case
    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)

    case = after(case, SHOP, located("s3"), LOCATE)

    assert _stopped(case)
