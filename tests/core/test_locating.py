"""Searching: until nothing new is learned, and not a moment longer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.cases import Case, Found, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    ItemsLocated,
    MatchesConflicted,
    PersonChose,
    PersonClosed,
    TimePassed,
)
from orchestrator.core.plan import PlannedAccount
from schemas.connecting import (
    EMAIL,
    PHONE,
    Action,
    ActionClass,
    Done,
    Evidence,
    Failed,
    IdentifierType,
    Mode,
    NotApplicable,
    NothingFound,
    Progress,
    Retry,
)
from tests.core.builders import (
    CRM,
    CUSTOMER,
    DISTINCT,
    MAIL,
    SHOP,
    STATS,
    T0,
    a_case,
    a_hold,
    after,
    an_account,
    an_item,
    called,
    located,
    reported,
    task_of,
)

LOCATE = Action.LOCATE


def _types(*types: IdentifierType) -> frozenset[IdentifierType]:
    """Build a set of identifier types."""
    return frozenset(types)


def _crm(**changes: object) -> PlannedAccount:
    """Build an account that finds by e-mail and teaches the customer's id."""
    return an_account(CRM, **{"yields": _types(CUSTOMER), **changes})


def _shop(**changes: object) -> PlannedAccount:
    """Build an account that finds by e-mail or the customer's id."""
    accepts = _types(EMAIL, CUSTOMER)
    return an_account(SHOP, **{"accepts": accepts, **changes})


def _stats(**changes: object) -> PlannedAccount:
    """Build an account without a search that needs an identifier of its own."""
    return an_account(STATS, **{"accepts": _types(DISTINCT), **changes})


def _status(case: Case, account: PlannedAccount) -> TaskStatus:
    """Return where an account's search stands."""
    return task_of(case, account.id, LOCATE).status


def test_learned_identifier_asks_a_finished_search_again() -> None:
    """A search that was over is asked again once another taught what it accepts."""
    case = a_case(_crm(), _shop())
    case = after(case, SHOP, NothingFound(), LOCATE)

    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)

    again = task_of(case, SHOP, LOCATE)
    assert again.status is TaskStatus.READY
    assert again.identifier_types == {EMAIL, CUSTOMER}


def test_search_under_way_is_asked_once_more() -> None:
    """What is learned while a search is out leads to exactly one more search."""
    case = called(a_case(_crm(), _shop()), SHOP, LOCATE)
    first = reported(case, SHOP, LOCATE, located("s1"))
    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)

    case = decide(case, first).case
    ready_again = _status(case, _shop())
    case = after(case, SHOP, located("s2"), LOCATE)

    assert ready_again is TaskStatus.READY
    assert task_of(case, SHOP, LOCATE).outcome == Found(2)


def test_searches_end_when_nothing_new_is_learned() -> None:
    """Two accounts that teach each other are asked until neither learns anything."""
    crm = _crm(accepts=_types(EMAIL, PHONE))
    shop = _shop(yields=_types(PHONE))
    case = a_case(crm, shop)

    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)
    case = after(case, SHOP, located("s", learned=[PHONE]), LOCATE)
    case = after(case, CRM, located("c", "c2"), LOCATE)

    assert _status(case, crm) is _status(case, shop) is TaskStatus.SETTLED
    assert task_of(case, CRM, LOCATE).outcome == Found(2)
    assert case.identifier_types == {EMAIL, CUSTOMER, PHONE}


def test_account_that_does_not_accept_the_identifier_is_left_alone() -> None:
    """Only accounts that can search by what was learned are asked again."""
    case = a_case(_crm(), an_account(MAIL))
    case = after(case, MAIL, NothingFound(), LOCATE)

    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)

    assert _status(case, an_account(MAIL)) is TaskStatus.SETTLED


def test_account_that_is_off_is_not_woken_by_an_identifier() -> None:
    """An account that is off stays closed, whatever is learned."""
    case = a_case(_crm(), _shop(mode=Mode.OFF))

    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)

    assert task_of(case, SHOP, LOCATE).outcome == NotApplicable("account_off")


def test_items_in_use_are_not_searched_for_again() -> None:
    """An identifier nobody declared does not reopen a search that is acted upon."""
    case = a_case(an_account(MAIL), _crm(yields=frozenset()))
    case = after(case, MAIL, NothingFound(), LOCATE)

    case = after(case, CRM, located("c", learned=[EMAIL]), LOCATE)

    assert task_of(case, MAIL).outcome == NothingFound()
    assert _status(case, an_account(MAIL)) is TaskStatus.SETTLED


def test_begun_erasure_under_a_hold_is_not_searched_for_again() -> None:
    """A hold does not thaw the items of an erasure that has begun."""
    shop = _shop(accepts=_types(EMAIL))
    case = after(a_case(shop, _crm()), SHOP, located("a", "b"), LOCATE)
    case = after(case, SHOP, Progress((an_item("a").id,), Evidence.E2))
    held = replace(case, holds=a_hold({ActionClass.IRREVERSIBLE}))
    held = decide(held, TimePassed(case.due_at)).case

    held = after(held, CRM, located("c", learned=[EMAIL]), LOCATE)

    assert task_of(held, SHOP).status is TaskStatus.PLANNED
    assert _status(held, shop) is TaskStatus.SETTLED


def test_search_waits_while_somebody_may_teach_its_identifier() -> None:
    """Without an identifier a search waits, and starts when it is taught."""
    crm = _crm(yields=_types(DISTINCT))
    case = a_case(crm, _stats())

    waiting = _status(case, _stats())
    case = after(case, CRM, located("c", learned=[DISTINCT]), LOCATE)

    assert waiting is TaskStatus.PLANNED
    assert _status(case, _stats()) is TaskStatus.READY


def test_search_without_identifier_ends_when_nobody_can_teach_it() -> None:
    """Once all who could teach are searched, the line says what it lacked."""
    crm = _crm(yields=_types(DISTINCT))
    case = a_case(crm, _stats())

    case = after(case, CRM, located("c"), LOCATE)

    assert task_of(case, STATS, LOCATE).outcome == NotApplicable("no_identifier")
    assert task_of(case, STATS).outcome == NotApplicable("no_identifier")


def test_accounts_that_could_only_teach_each_other_do_not_wait_for_ever() -> None:
    """Two searches without identifiers, each the other's only teacher, both end."""
    one = an_account(STATS, accepts=_types(DISTINCT), yields=_types(CUSTOMER))
    two = an_account(SHOP, accepts=_types(CUSTOMER), yields=_types(DISTINCT))

    case = a_case(one, two)

    assert task_of(case, STATS, LOCATE).outcome == NotApplicable("no_identifier")
    assert task_of(case, SHOP, LOCATE).outcome == NotApplicable("no_identifier")


def test_conflicting_matches_stop_for_a_person() -> None:
    """Matches that carry conflicting identifiers are neither erased nor dropped."""
    conflict = MatchesConflicted(((an_item("a"),), (an_item("b"),)))

    case = after(a_case(), MAIL, conflict, LOCATE)

    task = task_of(case, MAIL, LOCATE)
    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "ambiguous")
    assert task_of(case, MAIL).status is TaskStatus.PLANNED


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        pytest.param((1,), {"b", "c"}, id="one of them"),
        pytest.param((0, 1), {"a", "b", "c"}, id="both"),
        pytest.param((), set(), id="none"),
    ],
)
def test_person_chooses_who_is_meant(chosen: tuple[int, ...], found: set[str]) -> None:
    """The chosen candidates' records, and no others, go on to the erasure."""
    conflict = MatchesConflicted(((an_item("a"),), (an_item("b"), an_item("c"))))
    case = after(a_case(), MAIL, conflict, LOCATE)
    search = task_of(case, MAIL, LOCATE)

    case = decide(case, PersonChose(T0, search.id, chosen, "dpo")).case

    assert {item.id for item in task_of(case, MAIL, LOCATE).items} == found
    assert {item.id for item in task_of(case, MAIL).items} == found
    expected = TaskStatus.READY if found else TaskStatus.SETTLED
    assert task_of(case, MAIL).status is expected


@pytest.mark.parametrize("chosen", [(2,), (-1,), (0, 7)])
def test_choice_that_names_no_candidate_changes_nothing(
    chosen: tuple[int, ...],
) -> None:
    """A number that no candidate has is not guessed at, not even from the end."""
    conflict = MatchesConflicted(((an_item("a"),), (an_item("b"),)))
    case = after(a_case(), MAIL, conflict, LOCATE)
    search = task_of(case, MAIL, LOCATE)

    decision = decide(case, PersonChose(T0, search.id, chosen, "dpo"))

    assert decision.case is case


def test_chosen_records_teach_others_too() -> None:
    """What the chosen candidate taught is spread like any other finding."""
    conflict = MatchesConflicted(((an_item("a"),), (an_item("b"),)))
    case = after(a_case(_crm(), _shop()), CRM, conflict, LOCATE)
    search = task_of(case, CRM, LOCATE)

    choice = PersonChose(T0, search.id, (0,), "dpo", _types(CUSTOMER))
    case = decide(case, choice).case

    assert task_of(case, SHOP, LOCATE).identifier_types == {EMAIL, CUSTOMER}


def test_conflict_is_searched_again_after_the_choice_if_more_was_learned() -> None:
    """What others taught while a person thought is searched by once they chose."""
    conflict = MatchesConflicted(((an_item("a"),), (an_item("b"),)))
    case = after(a_case(_crm(), _shop()), SHOP, conflict, LOCATE)
    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)
    search = task_of(case, SHOP, LOCATE)

    case = decide(case, PersonChose(T0, search.id, (0,), "dpo")).case

    again = task_of(case, SHOP, LOCATE)
    assert again.status is TaskStatus.READY
    assert again.choices == ()


def test_more_records_than_expected_stop_for_a_person() -> None:
    """A search that finds more than the account's limit goes to a person first."""
    case = a_case(an_account(MAIL, max_records=2))

    case = after(case, MAIL, located("a", "b", "c"), LOCATE)
    search = task_of(case, MAIL, LOCATE)
    allowed = decide(case, PersonChose(T0, search.id, (0,), "dpo")).case

    assert (search.status, search.reason) == (
        TaskStatus.NEEDS_HUMAN,
        "too_many_records",
    )
    assert task_of(allowed, MAIL, LOCATE).outcome == Found(3)


def test_same_record_found_twice_is_one_item() -> None:
    """Records are joined by their names over all rounds of a search."""
    case = a_case(_crm(), _shop())
    case = after(case, SHOP, located("s1", "s2"), LOCATE)
    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)

    case = after(case, SHOP, located("s2", "s3"), LOCATE)

    assert task_of(case, SHOP, LOCATE).outcome == Found(3)


def test_failed_search_is_never_nothing_found() -> None:
    """A search that a person ended unanswered closes the erasure as failed, too."""
    case = after(a_case(), MAIL, Failed("refused_400", "Ask."), LOCATE)
    search = task_of(case, MAIL, LOCATE)

    case = decide(case, PersonClosed(T0, search.id, "not_reachable", "dpo")).case

    assert isinstance(task_of(case, MAIL).outcome, Failed)


def test_search_that_claims_an_erasure_is_a_fault() -> None:
    """A report that does not fit a search is never taken for its result."""
    case = after(a_case(), MAIL, ItemsLocated(()), LOCATE)
    claim = Done("deleted", Evidence.E2)
    wrong = after(a_case(), MAIL, claim, LOCATE)

    assert task_of(case, MAIL, LOCATE).outcome == NothingFound()
    assert task_of(wrong, MAIL, LOCATE).status is TaskStatus.NEEDS_HUMAN
    assert task_of(wrong, MAIL, LOCATE).reason == "connector_fault"


def test_retried_search_uses_what_was_learned_meanwhile() -> None:
    """A search that failed while more was learned needs only one more call."""
    case = called(a_case(_crm(), _shop()), SHOP, LOCATE)
    failed = reported(case, SHOP, LOCATE, Retry("throttled"))
    case = after(case, CRM, located("c", learned=[CUSTOMER]), LOCATE)
    case = decide(case, failed).case

    case = after(case, SHOP, located("s"), LOCATE)

    assert task_of(case, SHOP, LOCATE).outcome == Found(1)
