"""The acceptance suite without pytest: what it runs and what it says."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import pytest

from connectors.base import Absent, CannotTell, ReadBack, Reply, Work
from connectors.testing.running import Report, checks, run_contract, what_it_proves
from examples.connector.acme_mail import AcmeMail
from schemas.connecting import ConnectorSpec, Done, Evidence
from tests.examples.test_acme_mail import TestAcmeMail as Sound

ROOT = Path(__file__).parents[3]


class _Boastful(AcmeMail):
    """Says done and does nothing."""

    async def erase_one(self, work: Work) -> Reply:
        assert work.items
        return Done("deleted", Evidence.E2)


class _Clumsy(AcmeMail):
    """Has a mistake in its own code."""

    async def erase_one(self, work: Work) -> Reply:
        raise IndexError(len(work.items))


class _Trusting(AcmeMail):
    """Takes any 404 for the vendor's own."""

    async def read_back_one(self, work: Work) -> ReadBack:
        answer = await self._api.call(
            "read", path={"id": work.items[0].reference}, accept=(404,)
        )
        return Absent() if answer.status == 404 else CannotTell()


class _Open(AcmeMail):
    """Does not say that an id in a URL names somebody."""

    spec: ClassVar[ConnectorSpec] = replace(
        AcmeMail.spec,
        operations=MappingProxyType(
            {
                name: replace(one, identifies=frozenset())
                for name, one in AcmeMail.spec.operations.items()
            }
        ),
    )


class _OfOpen(Sound):
    connector = _Open


class _OfTrusting(Sound):
    connector = _Trusting


class _OfBoastful(Sound):
    connector = _Boastful


class _OfClumsy(Sound):
    connector = _Clumsy


@pytest.fixture(scope="module")
def sound() -> list[Report]:
    """Run the suite on the worked example."""
    return list(run_contract(Sound))


def test_sound_connector_passes_every_check(sound: list[Report]) -> None:
    """A good connector hears yes as often as pytest says passed."""
    assert [one.check for one in sound if not one.passed] == []
    assert len(sound) == len(checks()) >= 38


def test_reports_say_which_requests_were_sent(sound: list[Report]) -> None:
    """The requests of a check are named, without what identifies."""
    (erasing,) = [one for one in sound if "takes_the_person" in one.check]

    assert erasing.requests == ("search 200", "delete 204")


@pytest.mark.parametrize("name", sorted({check.name for check in checks()}))
def test_every_check_says_what_it_proves_and_what_to_change(name: str) -> None:
    """A stranger needs both sentences; the second begins with `If not:`."""
    (check, *_) = [one for one in checks() if one.name == name]

    proves, change = what_it_proves(check.run)

    assert proves.endswith(".")
    assert change.endswith(".")


def test_failed_check_quotes_what_it_expected_and_shows_what_it_saw() -> None:
    """Without pytest's help an assertion is told by its text and its values."""
    (report,) = run_contract(_OfBoastful, "takes_the_person")

    assert not report.passed
    assert "    not self.holds(fake, CANARY)" in report.seen
    assert any(line.startswith("    replies = [Done(") for line in report.seen)
    assert report.requests == ("search 200",)
    assert "erase each item by its `reference`" in report.change


def test_undeclared_name_in_a_url_is_told_with_the_line_to_write() -> None:
    """What got out has nothing to do with the check that saw it, nor has the advice."""
    (report,) = run_contract(_OfOpen, "takes_the_person")

    assert report.seen == ("delete does not declare that id identifies",)
    assert "write `identifies=frozenset({'id'})` in the operation delete" in (
        report.change
    )


def test_any_404_taken_for_an_answer_is_found_out() -> None:
    """A wrong address would have proven every erasure."""
    (report,) = run_contract(_OfTrusting, "wrong_address")

    assert not report.passed
    assert "    answer = Absent()" in report.seen


def test_mistake_in_the_connector_is_told_with_its_place() -> None:
    """An error of the author's own names the line to look at."""
    (report,) = run_contract(_OfClumsy, "erasing_twice")

    first, place = report.seen

    assert first == "IndexError: 1"
    assert place.startswith("raised below erase_one, test_running.py:")


def test_suite_runs_where_pytest_is_missing() -> None:
    """An installation that only runs has no pytest."""
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'pytest' else find(name)\n"
        "from tests.examples.test_acme_mail import TestAcmeMail\n"
        "from connectors.testing.running import run_contract\n"
        "print({one.passed for one in run_contract(TestAcmeMail)})"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.stdout, ran.stderr) == ("{True}\n", "")
