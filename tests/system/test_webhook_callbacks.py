"""A team calls back over HTTP: its signed word ends a case, and nobody else's does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.fakes.team_keys import signed
from connectors.fakes.webhook import TOKEN, FakeWebhook
from schemas.connecting import Action
from schemas.instructions import ANSWER_MEDIA_TYPE
from tests.support.nursery import Child
from tests.support.patience import PATIENCE
from tests.support.people import Human, a_submission
from tests.support.processes import free_port, is_listening
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText
from tests.support.teams import a_team

ADA = Human(1)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


@dataclass(frozen=True)
class WithTeams(RegisterText):
    """A register of two systems of one team, which has one key, and of nobody else."""

    accounts: tuple[str, ...] = ()

    def at(self, url: str) -> str:
        """Return the register for fakes that live below *url*."""
        names = ("loyalty", "kitchen")
        teams = [a_team(name, url) for name in names]
        return "\n".join([RegisterText.at(self, url), *teams])


class Team:
    """A site with a team that tells by callback alone how its work ends."""

    def __init__(self, new_site: NewSite, backend: Backend) -> None:
        self.fake = FakeWebhook()
        fakes = {"loyalty": self.fake, "kitchen": FakeWebhook()}
        self.site: Site = new_site(backend, WithTeams(), fakes)
        self.port = free_port()
        self.fake.seed([{"reference": "member-1", "email": ADA.email}])
        self.fake.command("works", "calls_back")

    def start(self, **extra: str) -> Child:
        """Start a process that listens for callbacks."""
        bind = f"127.0.0.1:{self.port}"
        child = self.site.start(
            ERASURE_CALLBACK_BIND=bind, WEBHOOK_TOKEN=TOKEN, **extra
        )
        self.site.wait(lambda: is_listening(self.port))
        return child

    def instruction(self, action: str) -> str:
        """Wait for an instruction of *action* to arrive, and return its id."""

        def known() -> list[str]:
            waiting: Mapping[str, Any] = self.fake.data["waiting"]
            # At once: the fake answers in a thread of its own.
            return [id_ for id_ in list(waiting) if id_.endswith(f".{action}")]

        self.site.wait(lambda: bool(known()))
        return known()[0]

    def post(self, body: bytes, account: str = "loyalty") -> None:
        """Call back; it is always taken."""
        url = f"http://127.0.0.1:{self.port}/callbacks/{account}"
        answer = httpx.post(url, content=body, timeout=PATIENCE)
        assert answer.status_code == 202

    def states(self) -> list[tuple[str, str | None]]:
        """Return how the letters ended, oldest first."""
        query = "SELECT state, code FROM inbox ORDER BY received_at, id"
        return [(row[0], row[1]) for row in self.site.rows(query)]

    def ends(self) -> dict[Action, tuple[str, str | None]]:
        """Return what the receipt says of the team's lines."""
        (receipt,) = self.site.receipts().values()
        return {
            line.action: (str(line.outcome), line.evidence)
            for line in receipt.lines
            if line.account == "loyalty"
        }


@pytest.fixture
def team(new_site: NewSite, embedded: Backend) -> Team:
    """Lend a site with a team that calls back."""
    return Team(new_site, embedded)


def test_teams_word_ends_a_copy_and_an_erasure(team: Team) -> None:
    """A whole case by callback: the copy is fetched, the erasure is looked at (E4)."""
    team.site.publish(a_submission(ADA, "access", "erasure"))
    child = team.start()

    for action in ("export", "erase"):
        id_ = team.instruction(action)
        team.fake.command("end", None)
        team.post(team.fake.letter(id_))
    team.site.wait_until_over(1)
    # A poll may have fetched the copy first; then its letter comes a second later.
    team.site.wait(lambda: set(team.states()) == {("applied", None)})

    assert child.stop() == 0
    assert team.ends()[Action.EXPORT] == ("exported", None)
    assert team.ends()[Action.ERASE] == ("done", "E4")
    assert team.fake.data["records"] == {}


def test_letter_that_waits_at_a_stop_is_read_by_the_next_process(team: Team) -> None:
    """It came too late to end its case, which a poll ended; nothing else moves."""
    team.fake.command("works", "later")
    team.site.publish(a_submission(ADA, "erasure"))
    team.site.run_until_over(1, WEBHOOK_TOKEN=TOKEN)
    before = team.site.rows("SELECT id, version, status FROM cases")
    (id_,) = team.fake.data["answers"]
    taking = team.start(STAGES="sweep")
    team.post(team.fake.letter(id_))
    assert taking.stop() == 0
    stopped_with = team.states()

    reading = team.start()
    team.site.wait(lambda: team.states() == [("applied", None)])

    assert reading.stop() == 0
    assert stopped_with == [("waiting", None)]
    assert team.site.rows("SELECT id, version, status FROM cases") == before


def test_word_about_a_forgotten_case_brings_nothing_back(team: Team) -> None:
    """Whatever is said of it later: nothing is sealed anew, and no task moves."""
    team.site.publish(a_submission(ADA, "erasure"))
    child = team.start()
    id_ = team.instruction("erase")
    team.fake.command("end", None)
    team.post(team.fake.letter(id_))
    team.site.wait_until_over(1)
    before = team.site.rows("SELECT id, version, status FROM cases")

    for status in ("accepted", "in_progress", "needs_person", "refused", "done"):
        team.post(signed(_about(id_, status=status), ANSWER_MEDIA_TYPE))
    team.site.wait(lambda: all(state != "waiting" for state, _ in team.states()))

    assert child.stop() == 0
    assert team.site.rows("SELECT id, version, status FROM cases") == before
    assert team.site.count("SELECT count(*) FROM vault") == 0
    assert team.site.count("SELECT count(*) FROM data_keys") == 0


def _about(id_: str, account: str = "loyalty", status: str = "done") -> bytes:
    """Return an answer to sign."""
    answer = {
        "specversion": "1",
        "instruction_id": id_,
        "account": account,
        "status": status,
    }
    return json.dumps(answer).encode()


def test_no_other_word_ends_anything(team: Team) -> None:
    """Forged, altered, misdirected, of another action: told apart, and no effect."""
    team.site.publish(a_submission(ADA, "erasure"))
    child = team.start()
    id_ = team.instruction("erase")
    call = id_.removesuffix(".erase")
    genuine = signed(_about(id_), ANSWER_MEDIA_TYPE)

    team.post(signed(_about(id_), ANSWER_MEDIA_TYPE, OTHER_KEY))
    team.post(genuine.replace(b'"payload": "ey', b'"payload": "eY'))
    team.post(signed(_about(id_), "application/json"))
    team.post(_about(id_))
    team.post(b"")
    team.post(b"[" * 200_000)
    team.post(genuine, account="kitchen")
    team.post(signed(_about(id_, "kitchen"), ANSWER_MEDIA_TYPE), account="kitchen")
    team.post(signed(_about(f"{call}.export"), ANSWER_MEDIA_TYPE))
    team.post(signed(_about("00000000.erase"), ANSWER_MEDIA_TYPE))
    team.site.wait(lambda: all(state != "waiting" for state, _ in team.states()))

    assert team.site.count("SELECT count(*) FROM cases WHERE status='running'") == 1
    assert "applied" not in {state for state, _ in team.states()}
    paused = "SELECT count(*) FROM accounts WHERE paused_reason IS NOT NULL"
    assert team.site.count(paused) == 0

    team.fake.command("end", None)
    for _ in range(100):
        team.post(genuine)
    team.site.wait_until_over(1)

    assert child.stop() == 0
    assert team.ends()[Action.ERASE] == ("done", "E4")
