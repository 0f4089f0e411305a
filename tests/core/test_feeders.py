"""Who is erased before whom: feeders first, the identity root last."""

from __future__ import annotations

import pytest

from orchestrator.core.cases import (
    Case,
    GateReason,
    TaskStatus,
)
from orchestrator.core.words import AccountId, CaseId, Until
from schemas.connecting import (
    Accepted,
    Action,
    Done,
    Evidence,
    Retry,
)
from tests.core.builders import (
    CRM,
    HOUR,
    MAIL,
    T0,
    a_case,
    after,
    an_account,
    located,
    states,
    task_of,
)

LOCATE, EXPORT, ERASE = Action.LOCATE, Action.EXPORT, Action.ERASE
PLANNED, READY, SETTLED = TaskStatus.PLANNED, TaskStatus.READY, TaskStatus.SETTLED
OTHER = CaseId("case-2")
GONE = Done("deleted", Evidence.E4)


def _reason(case: Case, account: AccountId) -> GateReason | None:
    """Return what an erasure waits for."""
    gate = task_of(case, account).gate
    return gate.reason if gate else None


def _located(case: Case, *accounts: AccountId) -> Case:
    """Let each account's search find one record."""
    for account in accounts:
        case = after(case, account, located(f"{account}-1"), LOCATE)
    return case


def test_fed_account_is_erased_after_its_feeder() -> None:
    """What would be filled again by another account is erased after that one."""
    case = a_case(an_account(CRM), an_account(MAIL, fed_by=(CRM,)))
    case = _located(case, CRM, MAIL)
    early = _reason(case, MAIL)

    case = after(case, CRM, GONE)

    assert early is GateReason.FEEDER
    assert states(case)[MAIL] is READY


def test_fed_account_waits_until_the_feeder_is_settled() -> None:
    """A feeder whose erasure is only accepted still feeds."""
    case = a_case(an_account(CRM), an_account(MAIL, fed_by=(CRM,)))
    case = _located(case, CRM, MAIL)

    case = after(case, CRM, Accepted(HOUR))

    assert _reason(case, MAIL) is GateReason.FEEDER


@pytest.mark.parametrize("until", [*Until])
def test_feeder_is_awaited_as_far_as_the_register_says(until: Until) -> None:
    """Until its search is over, its erasure is accepted, or that is over too."""
    fed = an_account(MAIL, fed_by=(CRM,), fed_until={CRM: until})
    case = _located(a_case(an_account(CRM), fed), CRM, MAIL)
    located = _reason(case, MAIL)

    case = after(case, CRM, Accepted(HOUR))

    accepted = _reason(case, MAIL)
    feeder = GateReason.FEEDER
    assert (located, accepted) == {
        Until.LOCATED: (None, None),
        Until.ACCEPTED: (feeder, None),
        Until.SETTLED: (feeder, feeder),
    }[until]


def test_feeder_whose_job_failed_is_awaited_again() -> None:
    """What it accepted it has not done: nothing that has not begun goes on."""
    fed = an_account(MAIL, fed_by=(CRM,), fed_until={CRM: Until.ACCEPTED})
    case = _located(a_case(an_account(CRM), fed), CRM, MAIL)
    case = after(case, CRM, Accepted(HOUR))

    case = after(case, CRM, Retry("job_failed"), at=T0 + HOUR)

    assert _reason(case, MAIL) is GateReason.FEEDER


def test_identity_root_is_erased_last() -> None:
    """The root waits until every other account has at least accepted."""
    case = a_case(an_account(CRM, is_identity_root=True), an_account(MAIL))
    case = _located(case, CRM, MAIL)
    early = _reason(case, CRM)

    case = after(case, MAIL, Accepted(HOUR))

    assert early is GateReason.OTHERS
    assert states(case)[CRM] is READY


def test_root_waits_again_when_an_accepted_job_fails() -> None:
    """A failed job reopens its items, and the root that has not begun goes back."""
    case = a_case(an_account(CRM, is_identity_root=True), an_account(MAIL))
    case = after(_located(case, CRM, MAIL), MAIL, Accepted(HOUR))

    case = after(case, MAIL, Retry("job_failed"))

    assert _reason(case, CRM) is GateReason.OTHERS
