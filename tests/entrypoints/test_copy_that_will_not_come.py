"""A copy that will not come keeps nobody waiting, whatever ended it."""

from __future__ import annotations

from datetime import datetime

import pytest

from orchestrator.core.events import Event, RequestWithdrawn, StatementRecovered
from orchestrator.core.grounds import Ground
from orchestrator.core.ruled import CaseRefused
from orchestrator.core.words import Result, StatementKind
from schemas.withdrawals import WithdrawalReason
from tests.entrypoints.test_duplicates import again
from tests.entrypoints.test_later_words import apply, shown
from tests.support.installation import AnInstallation
from tests.support.people import Human

ADA = Human(1)
T0 = datetime.fromisoformat("2026-11-20T10:00:00+00:00")
BY_PERSON = WithdrawalReason.BY_PERSON


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(RequestWithdrawn(T0, "portal", BY_PERSON), id="withdrawn"),
        pytest.param(CaseRefused(T0, Ground.NOT_IDENTIFIABLE, "dpo"), id="refused"),
        pytest.param(
            StatementRecovered(
                *(T0, 1, StatementKind.FINAL, "0" * 64, "key-1", T0, Result.COMPLETE)
            ),
            id="answered before a restore",
        ),
    ],
)
def test_other_case_of_the_person_waits_no_longer(
    event: Event, installation: AnInstallation
) -> None:
    """Its erasure waited for the copy, which will not be made any more."""
    first = installation.a_case(ADA, "access")
    second = again(installation, "erasure")
    assert shown(installation, second)["waits_for_exports_of"] == [first]

    apply(installation, first, event)

    assert shown(installation, first)["export"] == "dropped"
    assert shown(installation, second)["waits_for_exports_of"] == []
