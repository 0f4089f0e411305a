"""A dry run from the request to its statement, which never passes for a receipt."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from orchestrator.adapters.sql import tables as t
from schemas.connecting import Item, ItemId, Located, NothingFound
from schemas.topics import RECEIPTS
from tests.support.finished import a_request_file
from tests.support.installation import AnInstallation
from tests.support.people import Human

ADA = Human(1)
CONTACT = Item(ItemId(""), "701", "contact", "profile")


@pytest.fixture
def dry_run(installation: AnInstallation) -> str:
    """Return a case that was a dry run, searched everywhere and answered."""
    file = a_request_file(installation.folder, ADA, "erasure", "access")
    assert installation("request", "publish", file, "--dry-run").code == 0
    installation.ingest()
    (case,) = installation("case", "list", "--json").data
    installation.hear_any("hubspot", Located((CONTACT,)))
    for account in ("klaviyo", "commercetools", "mixpanel"):
        installation.hear_any(account, NothingFound())
    installation.parts.seal(lambda: None).turn()
    return str(case["id"])


def _verified(
    installation: AnInstallation, case: str, *options: str, key_of_tests: bool
) -> tuple[int, str]:
    """Download a case's statement and verify it; returns exit code and words."""
    folder, key = installation.folder / "receipts", installation.folder / "key.pem"
    installation("receipt", "download", case, "--to", folder)
    kind = ["--test"] if key_of_tests else []
    installation("keys", "export-public", "--to", key, *kind)
    (file,) = Path(folder).glob("*.dsse.json")
    ran = installation("receipt", "verify", file, "--key", key, *options)
    return ran.code, ran.out + ran.err


def test_dry_run_shows_counts_by_account(
    installation: AnInstallation, dry_run: str
) -> None:
    """The case says that it is not for real, and how much each account holds."""
    shown = installation("case", "show", dry_run, "--json").data

    found = {
        task["account"]: (task["outcome"], task["reason"], task["items"])
        for task in shown["tasks"]
        if task["action"] == "erase"
    }
    assert shown["rehearsal"] == ["dry_run"]
    assert shown["status"] == "answered"
    assert found["hubspot"] == ("not_applicable", "dry_run", 1)
    assert found["klaviyo"] == ("nothing_found", None, 0)


def test_file_can_still_be_published_after_its_dry_run(
    installation: AnInstallation, dry_run: str
) -> None:
    """The rehearsal has names of its own, so the request itself is no conflict."""
    file = a_request_file(installation.folder, ADA, "erasure", "access")

    installation("request", "publish", file)
    installation.ingest()

    cases = installation("case", "list", "--json").data
    assert len(cases) == 2
    assert dry_run in {case["id"] for case in cases}
    assert installation("quarantine", "list", "--json").data == []


def test_statement_of_a_dry_run_is_no_receipt(
    installation: AnInstallation, dry_run: str
) -> None:
    """Whatever key is tried, it says TEST and refuses."""
    for key_of_tests in (True, False):
        code, words = _verified(installation, dry_run, key_of_tests=key_of_tests)
        assert code == 1
        assert "TEST" in words


def test_statement_of_a_dry_run_verifies_as_what_it_is(
    installation: AnInstallation, dry_run: str
) -> None:
    """With --test and the key of tests it is genuine, and says TEST all the same."""
    code, words = _verified(installation, dry_run, "--test", key_of_tests=True)

    assert code == 0
    assert "TEST" in words
    assert "The receipt is genuine" not in words


def test_statement_of_a_dry_run_is_not_archived(
    installation: AnInstallation, dry_run: str
) -> None:
    """The archive of receipts gets what was done for real, and nothing else."""
    assert dry_run
    count = select(func.count()).where(t.outbox.c.topic == RECEIPTS)
    with installation.parts.database.reading() as connection:
        assert connection.execute(count).scalar() == 0
