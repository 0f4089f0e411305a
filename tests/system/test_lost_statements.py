"""A receipt that no archive has: two people go on without it, and nobody guesses."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.keys.signing import read_envelope
from orchestrator.adapters.receipts.statement_log import Adopting
from orchestrator.errors import Unavailable
from tests.support.command import Ran
from tests.support.people import Human, a_submission, humans
from tests.support.restored import MOMENTS, Restored
from tests.support.site import Backend
from tests.support.site_fixtures import NewSite


class Bereft(Restored):
    """A restored installation whose archive lost the receipt of one person."""

    def lose(self) -> str:
        """Delete a receipt out of the archive; returns its id."""
        lost = min(self.archive.glob("*.dsse.json"))
        (id_,) = [
            one.statement_id
            for one in self.receipts.values()
            if self.kept_as(one.statement_id) == lost
        ]
        lost.unlink()
        return id_

    def kept_as(self, statement_id: str) -> Path:
        """Return the file in which the archive keeps a receipt."""
        found = self.archive.glob("*.dsse.json")
        return next(it for it in found if statement_id in _payload(it))

    def log(self, verb: str, by: str | None = None) -> Ran:
        """Run a command of the log over the archive."""
        said = () if by is None else ("--by", by)
        return self("log", verb, "--from", self.archive, *said, "--json")

    def release(self) -> Ran:
        """Let two people go on without what is missing; returns the second's word."""
        for by in ("dpo-1", "dpo-2"):
            self.log("missing", by)
        assert self.log("release", "dpo-1").data["is_released"] is False
        return self.log("release", "dpo-2")

    def doubted(self) -> list[str]:
        """Return the cases that wait for a person."""
        return list(self.log("missing").data["in_doubt"])

    def statements(self) -> int:
        """Count the statements that the database has."""
        return self.site.count("SELECT count(*) FROM statements")


@pytest.fixture
def people() -> list[Human]:
    """Invent two who want to be erased, and one who asks after the restore."""
    return humans(3)


@pytest.fixture
def bereft(embedded: Backend, new_site: NewSite, people: list[Human]) -> Bereft:
    """Lend one whose backup has the open cases."""
    return Bereft(new_site(embedded), people, MOMENTS["with_open_cases"])


@pytest.fixture
def bereft_of_cases(
    embedded: Backend, new_site: NewSite, people: list[Human]
) -> Bereft:
    """Lend one whose backup is older than the cases."""
    return Bereft(new_site(embedded), people, MOMENTS["before_cases"])


def test_two_people_end_the_hold_without_a_receipt(bereft: Bereft) -> None:
    """Both have seen what is missing; the one who spells their name anew is one."""
    lost = bereft.lose()

    refused = bereft.log("recover")
    blind = bereft.log("release", "dpo-1")
    seen = bereft.log("missing", "dpo-1")
    first = bereft.log("release", "dpo-1")
    again = bereft.log("release", "DPO-1")
    held = bereft("status", "--json").data["is_held"]
    second = (bereft.log("missing", "dpo-2"), bereft.log("release", "dpo-2"))[1]
    check = bereft("log", "check", "--json")
    after = bereft("status", "--json")

    assert (refused.code, lost in refused.err) == (1, True)
    assert "erasure log missing" in refused.err
    assert (blind.code, "was not shown" in blind.err) == (1, True)
    assert [one["statement_id"] for one in seen.data["missing"]] == [lost]
    assert seen.data["missing"][0].keys() >= {"index", "leaf"}
    assert (first.data["is_released"], held) == (False, True)
    assert (again.code, "has said so already" in again.err) == (1, True)
    assert second.data["recovered"]["lost"] == 1
    assert second.data["recovered"]["statements"] == 1
    assert (check.code, check.data["let_go"], check.data["statements"]) == (0, 1, 2)
    assert (after.code, after.data["is_held"]) == (0, False)
    assert bereft.log("missing").data["let_go"][0]["let_go_by"] == ["dpo-1", "dpo-2"]


def test_perhaps_answered_case_gets_no_second_receipt_by_itself(
    bereft: Bereft,
) -> None:
    """Others are answered; this one waits, and a person lets it go on."""
    bereft.lose()
    bereft.release()
    (case,) = bereft.doubted()
    site = bereft.site

    running = site.start(LOOKS_BACK="1")
    site.publish(a_submission(bereft.people[2]))
    site.wait(lambda: bereft.statements() == 2)
    waits = bereft("case", "show", case, "--json").data
    ruled = bereft("case", "answered", case, "--never", "--by", "dpo-1")
    site.wait(lambda: bereft.statements() == 3)
    receipt = site.receipts()[waits["request_id"]]

    assert (waits["status"], waits["result"]) == ("running", None)
    assert ruled.code == 0
    assert receipt.number == 2
    assert [one.kind for one in receipt.rulings or ()] == [
        "answer_unknown",
        "answered_anew",
    ]
    assert bereft.doubted() == []
    assert running.stop() == 0


def test_request_whose_case_is_lost_with_its_receipt_is_opened_in_doubt(
    bereft_of_cases: Bereft,
) -> None:
    """The other request is known by its receipt; this one asks a person, who knows."""
    bereft, site = bereft_of_cases, bereft_of_cases.site
    bereft.lose()
    bereft.release()

    running = site.start(LOOKS_BACK="1")
    site.wait(lambda: len(bereft.doubted()) == 1)
    (case,) = bereft.doubted()
    ruled = bereft("case", "answered", case, "--result", "complete", "--by", "dpo-1")
    site.wait(lambda: site.count("SELECT count(*) FROM data_keys") == 0)

    shown = bereft("case", "show", case, "--json").data
    assert ruled.code == 0
    assert (shown["result"], bereft.statements()) == ("complete", 1)
    assert running.stop() == 0


def test_release_that_died_on_the_way_is_finished_by_a_recovery(
    bereft: Bereft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ruling of the two stands; nobody has to say it again."""
    bereft.lose()

    def away(*_: object) -> None:
        raise Unavailable("The database is away.")

    with monkeypatch.context() as patch:
        patch.setattr(Adopting, "adopt", away)
        died = bereft.release()
    held = bereft("status", "--json").data["is_held"]
    runs = [bereft.log("recover").data for _ in range(2)]

    assert (died.code, held) == (2, True)
    assert [(run["statements"], run["lost"]) for run in runs] == [(1, 1), (0, 0)]
    assert len(bereft.doubted()) == 1
    assert bereft("log", "check").code == 0


def _payload(path: Path) -> str:
    """Return what the envelope in a file says."""
    return read_envelope(path.read_bytes()).payload.decode()
