"""
The canary after the answer: what is still owed, who came back, and what is stuck.

Processes live days and years later.  Until it goes, what identifies the canary stands
sealed and nowhere else; then it stands nowhere, as in test_privacy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from connectors.fakes.faults import Fault, FaultKind
from orchestrator.adapters.clock import SystemClock
from orchestrator.core.afterwards.owed import IDENTITY
from orchestrator.core.words import CaseId
from tests.support.canary import CANARY, found_in
from tests.support.canary_places import Found, found_at
from tests.support.command import erasure
from tests.support.people import a_submission, held_of, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText
from tests.test_privacy import LoudHubSpot

BY = ("--by", "dpo-1")
LOOKS, OWED = "read_back:%", "obligation:%"
NO_LOOKS = (
    "SELECT NOT EXISTS (SELECT 1 FROM data_keys WHERE purpose LIKE 'read_back:%')"
)
BACK = "SELECT count(*) FROM tasks WHERE status = 'needs_human' AND account = 'hubspot'"
FOUND = "SELECT id FROM tasks WHERE status = 'needs_human' AND account = 'hubspot'"
AGAIN = "SELECT count(*) FROM tasks WHERE id LIKE '%again-%' AND status = 'settled'"


@dataclass(frozen=True)
class OfOfficer(RegisterText):
    """The register with the public key of an officer of the test's own."""

    line: str = ""

    def at(self, url: str) -> str:
        """Return the register for fakes that live below *url*."""
        return re.sub(r"(?m)^dpo_key = .*$", self.line, RegisterText.at(self, url))


def _run(site: Site, days: int, query: str, **extra: str) -> None:
    """Let a process live so many days later, until *query* counts something."""
    temporary = site.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    child = site.start(
        DAYS_AHEAD=str(days),
        ERASURE_LOG_LEVEL="debug",
        TMPDIR=str(temporary),
        **extra,
    )
    site.wait(lambda: site.count(query) > 0 or not child.is_running)
    assert child.is_running, site.described()
    assert child.stop() == 0


def _found(site: Site) -> Found:
    """Search everywhere; no connection of ours may be open while files are read."""
    site.leave_database()  # closing a file of SQLite's would drop its locks
    return found_at(site)


def _case(site: Site) -> CaseId:
    return CaseId(site.rows("SELECT id FROM cases")[0][0])


def _sealed(site: Site, purpose: str) -> list[str]:
    """Name the traits that the vault gives to whoever has our keys."""
    opened = site.here.vault.open([_case(site)], purpose)
    return found_in(b"\n".join(opened.named(_case(site), "").values()))


def _keys(site: Site, like: str = "%") -> int:
    """Count the keys of these purposes."""
    query = "SELECT count(*) FROM data_keys WHERE purpose LIKE :like"
    return site.count(query, like=like)


def test_canary_stands_nowhere_once_nothing_is_owed(
    embedded: Backend, new_site: NewSite
) -> None:
    """Sealed for the looks and for the law, found again, erased again, forgotten."""
    register = RegisterText(keeps_orders=True, read_back="[1]")
    site = new_site(embedded, register, {"hubspot": LoudHubSpot()})
    settle_in(site.fakes, [CANARY], whole=True)
    site.publish(a_submission(CANARY, "erasure"))

    site.run_until_over(1)
    places = {"answered": _found(site)}
    sealed = _sealed(site, "read_back:hubspot"), _keys(site, LOOKS)
    settle_in(site.fakes, [CANARY])
    _run(site, 2, BACK)
    places["back again"] = _found(site)
    (look,) = site.rows(FOUND)[0]
    said = erasure("task", "returned", look, "--reason", "restored", *BY, env=site.env)
    _run(site, 3, AGAIN)
    places["erased again"] = _found(site)
    _run(site, 36, NO_LOOKS)
    places["after 35 days"] = _found(site)
    left = _keys(site, LOOKS), _keys(site, OWED) > 0
    _run(site, 3700, "SELECT count(*) FROM cases WHERE status = 'closed'")
    places["ten years later"] = _found(site)

    assert {place: found for place, found in places.items() if found} == {}
    assert (said.code, found_in((said.out + said.err).encode())) == (0, [])
    assert "email" in sealed[0], "nothing was sealed, so nothing was proven"
    assert sealed[1] >= 1
    assert left == (0, True)
    assert (_keys(site), site.count("SELECT count(*) FROM vault")) == (0, 0)
    assert "hubspot" not in held_of(site.fakes, CANARY)


def test_canary_of_a_stuck_case_is_readable_with_the_officers_key_alone(
    embedded: Backend,
    new_site: NewSite,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody here opens it before the officer does, and it stands nowhere in clear."""
    key = tmp_path_factory.mktemp("officer") / "officer.pem"
    made = erasure("keys", "dpo", "--to", key, env={"PATH": "/usr/bin"})
    site = new_site(embedded, OfOfficer(line=_line(made.out)))
    settle_in(site.fakes, [CANARY], whole=True)
    away = Fault(kind=FaultKind.FAIL, times=100_000)
    site.fakes["hubspot"].faults.add(away)
    site.publish(a_submission(CANARY, "access", "erasure"))

    _run(site, 0, "SELECT count(*) FROM tasks WHERE status = 'waiting'")
    places, open_ = {"stuck": _found(site)}, _sealed(site, IDENTITY)
    _run(site, 60, "SELECT count(*) FROM locked_keys", STAGES="sweep")
    places["locked"], locked = _found(site), _sealed(site, IDENTITY)
    monkeypatch.setattr(SystemClock, "now", _in_60_days)
    unlock = ("case", "unlock", _case(site), "--key", key, "--for", "3d", *BY)
    said = erasure(*unlock, env=site.env)
    places["unlocked"], unlocked = _found(site), _sealed(site, IDENTITY)

    assert places == {"stuck": {}, "locked": {}, "unlocked": {}}
    assert (said.code, found_in((said.out + said.err).encode())) == (0, [])
    assert ("email" in open_, locked, "email" in unlocked) == (True, [], True)


def _line(out: str) -> str:
    """Return the register's line out of what `erasure keys dpo` said."""
    return next(line for line in out.splitlines() if line.startswith("dpo_key"))


def _in_60_days(clock: SystemClock) -> datetime:  # noqa: ARG001 (the method's)
    return datetime.now(UTC) + timedelta(days=60)
