"""Which acceptance suite the kit runs for a connector."""

from __future__ import annotations

import pytest

from connectors.kit.errors import KitError
from connectors.kit.finding import contract_of, find
from connectors.kit.session import open_session
from connectors.testing.running import run_contract
from tests.connectors.test_notify import TestNotify as Telling
from tests.connectors.test_participant import TestParticipant as WithoutHttp
from tests.support.installation import ROOT


@pytest.mark.parametrize(
    ("name", "suite"),
    [
        ("hubspot", "TestHubSpot"),
        ("notify", "TestNotify"),
        ("participant", "TestParticipant"),
    ],
)
def test_suite_of_every_kind_is_found(name: str, suite: str) -> None:
    """A connector that only tells, or speaks no HTTP, has a suite as well."""
    assert contract_of(find(name, ROOT)).__name__ == suite


@pytest.mark.parametrize(
    ("contract", "proves"),
    [
        (Telling, "In a dry run no notice leaves the shell."),
        (WithoutHttp, "After an erasure the processor holds the others and not"),
    ],
    ids=["telling", "without-http"],
)
def test_suite_of_another_kind_runs_its_own_checks(
    contract: type[Telling | WithoutHttp], proves: str
) -> None:
    """Every check of the kind is run, none of another's, and each says yes."""
    reports = list(run_contract(contract))

    assert {it.check.partition("[")[0] for it in reports} == {
        name for name in dir(contract) if name.startswith("test_")
    }
    assert any(it.proves.startswith(proves) for it in reports)
    assert [it for it in reports if not it.passed] == []


def test_suite_that_only_pytest_can_run_says_how() -> None:
    """The databases of a suite are lent by pytest, so its command is named."""
    with pytest.raises(KitError, match=r"python -m pytest .*test_sql\.py"):
        contract_of(find("sql", ROOT))


def test_session_with_a_connector_that_only_tells_names_the_suite() -> None:
    """There is no search or erasure to watch, so nothing begins."""
    said: list[str] = []

    with (
        pytest.raises(KitError, match="erasure connector test notify"),
        open_session(Telling, said.append),
    ):
        pass

    assert said == []
