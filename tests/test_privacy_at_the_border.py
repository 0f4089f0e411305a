"""
The canary at the border: callbacks, topics of one's own systems, and work by hand.

Everything that comes by itself names the canary, genuine or not, and so do the files
that people bring.  Then every byte that was left is searched, as in test_privacy.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.fakes.opendsr import FakeOpenDsr
from connectors.fakes.opendsr_signing import self_signed
from connectors.fakes.team_keys import signed
from connectors.fakes.webhook import TOKEN, FakeWebhook
from orchestrator.ports.event_log import Message
from schemas.instructions import ANSWER_MEDIA_TYPE
from schemas.topics import CONFIRMATIONS, instructions_topic
from tests.support.canary import CANARY, found_in
from tests.support.canary_places import OURS, found_at, found_behind
from tests.support.club import CLUB, Club, a_club, an_answer
from tests.support.command import Ran, erasure
from tests.support.desk import REGISTER as DESK
from tests.support.nursery import Child
from tests.support.patience import PATIENCE
from tests.support.people import a_submission
from tests.support.processes import free_port, is_listening
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText
from tests.support.teams import a_team

STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
TRAITS = dict(CANARY.traits)
RECORD = {"reference": CANARY.customer_id, **TRAITS}


@dataclass(frozen=True)
class WithBorder(RegisterText):
    """A register with every way over the border, and no processor besides."""

    accounts: tuple[str, ...] = ("opendsr",)

    def at(self, url: str) -> str:
        """Return the register for fakes that live below *url*."""
        parts = (RegisterText.at(self, url), CLUB, a_team("loyalty", url), DESK)
        return "\n".join(parts)


class Border:
    """A site whose every recipient speaks by itself, and the people at its desk."""

    def __init__(self, site: Site, bags: Path, opendsr: FakeOpenDsr) -> None:
        self.site = site
        self.opendsr = opendsr
        self.loyalty = site.fakes["loyalty"]
        self.club: Club = a_club(site)
        self.bags = bags
        self.port = free_port()
        opendsr.seed([{"identities": {"email": CANARY.email}}])
        self.loyalty.seed([RECORD])
        self.loyalty.command("works", "later")
        self.club.fake.seed([RECORD])
        (site.folder / "tmp").mkdir()

    def start(self, **extra: str) -> Child:
        """Start a process that listens, and that says all it can."""
        own = {
            "ERASURE_CALLBACK_BIND": f"127.0.0.1:{self.port}",
            "ERASURE_LOG_LEVEL": "debug",
            "WEBHOOK_TOKEN": TOKEN,
            "TMPDIR": str(self.site.folder / "tmp"),
        }
        child = self.site.start(**own, **extra)
        self.site.wait(lambda: is_listening(self.port) or not child.is_running)
        return child

    def __call__(self, *args: object) -> Ran:
        """Run `erasure` beside the process."""
        return erasure(*args, env={**self.site.env, "WEBHOOK_TOKEN": TOKEN})

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Call back; whatever is answered repeats nobody."""
        url = f"http://127.0.0.1:{self.port}/callbacks/{path}"
        answer = httpx.post(url, content=body, headers=headers, timeout=PATIENCE)
        assert found_in(answer.content + repr(answer.headers).encode()) == []

    def speak(self) -> None:
        """Say everything about the canary that nobody asked for."""
        self.site.publish(*_confirmations())
        for path, body, headers in self._callbacks():
            self.post(path, body, headers)

    def _callbacks(self) -> Iterator[tuple[str, bytes, Mapping[str, str]]]:
        """Yield callbacks: forged, misdirected, senseless, genuine about no call."""
        loud = {f"X-{name}": value for name, value in TRAITS.items()}
        say = self.opendsr.callback
        for forging in ({}, {"signer": self_signed()}, {"status_callback_url": "x"}):
            known: dict[str, Any] = {**forging, **TRAITS}
            headers, body = say("unknown", "completed", **known)
            yield "opendsr", body, {**headers, **loud}
        for answer in _answers("loyalty"):
            yield "loyalty", signed(answer, ANSWER_MEDIA_TYPE), loud
            yield "loyalty", signed(answer, ANSWER_MEDIA_TYPE, STRANGER), loud
        yield "loyalty", json.dumps(TRAITS).encode(), loud
        yield f"{CANARY.email}?{CANARY.email}", CANARY.email.encode(), loud
        yield "loyalty", CANARY.email.encode() * 20_000, loud
        yield "loyalty", b"", {"X-Long": CANARY.email * 400}

    def work_by_hand(self) -> None:
        """Be shown the canary, and bring files that are about them."""
        evidence = self.bags / "proof.txt"
        evidence.write_text(json.dumps(TRAITS))
        copy = self.bags / f"{CANARY.email}.csv"
        copy.write_text(",".join(TRAITS) + "\n" + ",".join(TRAITS.values()) + "\n")
        broken = self.bags / f"{CANARY.email}.json"
        broken.write_text('{"' + CANARY.email)
        for action, brought in (("export", ["--copy", copy]), ("erase", [])):
            task = self._at_the_desk(action)
            shown = self("task", "brief", task, "--by", "returns-team")
            assert CANARY.email in shown.out
            attest = ("task", "attest", task, "--by", "returns-team", "--evidence")
            if brought:
                refused = self(*attest, evidence, "--copy", broken)
                assert (refused.code, found_in(refused.err.encode())) == (1, [])
            done = self(*attest, evidence, *brought)
            assert (done.code, done.err) == (0, "")

    def _at_the_desk(self, action: str) -> str:
        """Wait for work of the desk, and return its id."""
        query = (
            "SELECT id FROM tasks WHERE account = 'desk' AND status = 'with_person'"
            " AND action = :action"
        )
        self.site.wait(
            lambda: (
                self.club.brings_to_an_end(1)
                or bool(self.site.rows(query, action=action))
            )
        )
        return str(self.site.rows(query, action=action)[0][0])


def _answers(account: str) -> Iterator[bytes]:
    """Yield answers of a team that talks too much, and one that is none."""
    named = {"specversion": "1", "instruction_id": "k.erase", "account": account}
    record = {"reference": CANARY.email, "kind": "member"}
    yield json.dumps({**named, "status": "done", "records": [record]}).encode()
    yield json.dumps({**named, "status": CANARY.email, "account": account}).encode()
    yield json.dumps({**named, "status": "refused", "code": CANARY.email}).encode()


def _confirmations() -> Iterator[Message]:
    """Yield records of a participant who seals nothing, or of a stranger."""
    for account in ("club", CANARY.email, "nobody"):
        for number, answer in enumerate(_answers(account)):
            for key in ("genuine", "forged"):
                signer = {} if key == "genuine" else {"key": STRANGER}
                body = signed(answer, ANSWER_MEDIA_TYPE, **signer)
                yield an_answer(body, f"{account}-{number}-{key}")
    yield an_answer(CANARY.email.encode(), CANARY.email)


@pytest.fixture
def border(
    new_site: NewSite, backend: Backend, tmp_path_factory: pytest.TempPathFactory
) -> Border:
    """Lend a site with every way over the border."""
    opendsr = FakeOpenDsr()
    fakes = {"opendsr": opendsr, "loyalty": FakeWebhook()}
    site = new_site(backend, WithBorder(roots_pem=opendsr.roots_pem), fakes)
    return Border(site, tmp_path_factory.mktemp("bags"), opendsr)


def test_canary_stands_in_clear_nowhere_at_the_border(
    border: Border, request: pytest.FixtureRequest
) -> None:
    """Not in the inbox, logs, quarantine, evidence or a topic; nor is it ever said."""
    site, said = border.site, (*OURS, instructions_topic("club"))
    site.publish(a_submission(CANARY, "access", "erasure"), *_confirmations())
    before = found_at(site, topics=said)
    child = border.start(KILL_AT="after commit: UPDATE inbox SET #3")
    with contextlib.suppress(httpx.TransportError):
        border.speak()
    assert child.wait() == -SIGKILL
    killed = found_at(site, topics=said)

    child = border.start()
    border.speak()
    border.work_by_hand()
    site.wait(lambda: border.club.brings_to_an_end(1))
    listed = border("inbox", "list", "--json")
    shown = [border("inbox", "show", line["id"]) for line in listed.data]

    assert child.stop() == 0
    assert (before, killed) == ({}, {})
    assert "unmatched" in {line["state"] for line in listed.data}
    assert found_in("".join(one.out + one.err for one in shown).encode()) == []
    assert found_at(site, topics=said) == {}
    assert found_behind(site, request) == {}
    if site.backend.is_embedded:
        assert site.published(CONFIRMATIONS) == []
    (receipt,) = site.receipts().values()
    assert {line.account for line in receipt.lines} == {
        "opendsr", "club", "loyalty", "desk",
    }  # fmt: skip
