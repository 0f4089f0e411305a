"""
The canary among people: whatever is decided, shown or taken out names nobody.

One invented person asks six times.  One request is refused, one withdrawn, one held,
doubted, amended, extended and approved, one is the same again, one is a rehearsal, and
one brings a copy.  Events that are broken, forged, altered or more than they say are
looked at, fed in again and dropped.  Everything that a command says is searched, and
then every place, as in test_privacy.
"""

from __future__ import annotations

import json
import uuid
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.fakes.faults import Fault, FaultKind
from orchestrator.adapters.intake.signed_requests import RequestSigner
from orchestrator.ports.event_log import Message
from schemas.withdrawals import RequestWithdrawal
from tests.support.canary import CANARY, found_in
from tests.support.canary_places import found_at, found_behind
from tests.support.command import Ran, erasure
from tests.support.people import a_submission, settle_in
from tests.support.publisher import signed
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText
from tests.support.words import a_word, an_amendment
from tests.test_privacy import LoudHubSpot

REVIEWED = """
[[review]]
right = "erasure"
decided_by = "person"
"""
BY = ("--by", "dpo-1")
LANGUAGES = ("de", "en", "fr")
CODES = {"invalid_value", "unknown_key", "bad_signature", "header_differs"}
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))


class Office:
    """A site, the people who decide there, and all that its commands have said."""

    def __init__(self, site: Site, bag: Path) -> None:
        self.site = site
        self.bag = bag
        self.said: list[Ran] = []

    def __call__(self, *args: object, code: int = 0) -> Ran:
        """Run `erasure` beside the process, and keep what it said."""
        ran = erasure(*args, env=self.site.env)
        assert ran.code == code, (args[:2], ran.err)
        self.said.append(ran)
        return ran

    def case_of(self, request_id: str) -> str:
        """Wait for the case of a request, and return its id."""
        query = "SELECT id FROM cases WHERE request_id = :request_id"
        self.site.wait(lambda: bool(self.site.rows(query, request_id=request_id)))
        return str(self.site.rows(query, request_id=request_id)[0][0])

    def decide(self, ids: dict[str, str]) -> None:
        """Refuse one case, withdraw another, and doubt, hold and approve a third."""
        refused, withdrawn, held = (
            self.case_of(ids[name]) for name in ("refused", "withdrawn", "held")
        )
        self("case", "refuse", refused, "--ground", "legal_claims", *BY)
        self("case", "refuse", refused, "--ground", "legal_claims", *BY, code=1)
        for language in LANGUAGES:
            self("case", "notice", refused, "--language", language)
        scope = {"accounts": ["hubspot"]}
        self.site.publish(
            a_submission(CANARY, request_id=ids["again"], event_id="again", scope=scope)
        )
        self.case_of(ids["again"])
        tracked = [("mixpanel.distinct_id", CANARY.distinct_id)]
        self.site.publish(
            an_amendment(ids["held"], tracked), a_withdrawal(ids["withdrawn"])
        )
        self("case", "ask-identity", held, *BY)
        self("case", "extend", held, "--reason", "number", *BY)
        self("case", "hold", held, "--reason", "authority", *BY)
        for case in (refused, withdrawn, held):
            self("case", "show", case)
        self("case", "identity-received", held, *BY)
        self("case", "release", held, "--reason", "authority", *BY)
        self("case", "approve", held, *BY)

    def look_at_quarantine(self) -> None:
        """Show, feed in again and drop what was not taken."""
        listed = ("quarantine", "list", "--json")
        self.site.wait(lambda: len(self(*listed).data) == len(BAD))
        lines = self(*listed).data
        assert {line["code"] for line in lines} == CODES
        for line in lines:
            self("quarantine", "show", line["id"], *BY)
            self("quarantine", "show", line["id"], "--json")
            self("quarantine", "release", line["id"], *BY, code=1)
            self("quarantine", "drop", line["id"], "--reason", "forged", *BY)
        self("quarantine", "list", "--all")

    def look_at_all(self, copied: str) -> None:
        """Read whatever can be read, and take the copy out."""
        for command in (
            ("status",),
            ("case", "list"),
            ("task", "list"),
            ("receipt", "list"),
            ("account", "list"),
            ("inbox", "list", "--all"),
            ("privacy", "inventory", "--all"),
            ("config", "show"),
        ):
            self(*command)
            self(*command, "--json")
        for line in self("receipt", "list", "--json").data:
            self("receipt", "show", line["id"])
        self("export", "download", self.case_of(copied), "--to", self.bag, *BY)


def _asked(ids: dict[str, str]) -> Iterator[Message]:
    """Yield requests of the canary, each of another scope, and the bad ones."""
    for name in ("copied", "refused", "withdrawn", "held", "again", "rehearsed", *BAD):
        ids[name] = str(uuid.uuid5(uuid.NAMESPACE_OID, name))
    limits: dict[str, dict[str, object]] = {
        "refused": {"scope": {"accounts": ["commercetools"]}},
        "withdrawn": {"scope": {"accounts": ["klaviyo"]}},
        "held": {"scope": {"accounts": ["hubspot"]}},
        "rehearsed": {"dry_run": True},
    }
    yield a_submission(CANARY, "access", request_id=ids["copied"], event_id="copied")
    for name, limit in limits.items():
        yield a_submission(
            CANARY, "erasure", request_id=ids[name], event_id=name, **limit
        )
    for name, spoilt in BAD.items():
        locale = {"locale": CANARY.email} if spoilt is None else {}
        one = a_submission(CANARY, request_id=ids[name], event_id=name, **locale)
        yield one if spoilt is None else spoilt(signed(one))


def _forged(message: Message) -> Message:
    """Sign the same event as a stranger."""
    made = RequestSigner(STRANGER).sign_bytes(_payload(message), message.key)
    return replace(message, headers=made.headers, value=made.value)


def _altered(message: Message) -> Message:
    """Change a signed event afterwards."""
    payload = _payload(message).replace(b"erasure", b"access!")
    value = {**json.loads(message.value or b""), "payload": b64encode(payload).decode()}
    return replace(message, value=json.dumps(value).encode())


def _smuggling(message: Message) -> Message:
    """Say more in the headers than what is signed."""
    header = ("ce_subject", CANARY.email.encode())
    return replace(message, headers=(*message.headers, header))


def _payload(message: Message) -> bytes:
    return b64decode(json.loads(message.value or b"")["payload"])


BAD: Mapping[str, Callable[[Message], Message] | None] = {
    "broken": None,
    "forged": _forged,
    "altered": _altered,
    "smuggling": _smuggling,
}


def a_withdrawal(request_id: str) -> Message:
    """Return the person's change of mind."""
    return a_word(RequestWithdrawal.TYPE, {"request_id": request_id})


@pytest.fixture
def office(
    new_site: NewSite, backend: Backend, tmp_path_factory: pytest.TempPathFactory
) -> Office:
    """Lend a site where every erasure is reviewed, and a loud processor."""
    site = new_site(backend, RegisterText(more=REVIEWED), {"hubspot": LoudHubSpot()})
    (site.folder / "tmp").mkdir()
    settle_in(site.fakes, [CANARY], whole=True)
    for kind in (FaultKind.FAIL, FaultKind.GARBAGE, FaultKind.TRUNCATE):
        site.fakes["hubspot"].faults.add(Fault(kind=kind, skip=3, retry_after="0"))
    return Office(site, tmp_path_factory.mktemp("bag"))


def test_canary_is_named_by_no_decision_and_no_command(
    office: Office, request: pytest.FixtureRequest
) -> None:
    """Refused, withdrawn, held, rehearsed, copied and dropped: nobody is told who."""
    site, ids = office.site, dict[str, str]()
    temporary = str(site.folder / "tmp")
    child = site.start(ERASURE_LOG_LEVEL="debug", TMPDIR=temporary)
    site.publish(*_asked(ids))

    office.decide(ids)
    office.look_at_quarantine()
    meanwhile = found_at(site)
    site.wait_until_over(6)
    office.look_at_all(ids["copied"])

    assert child.stop() == 0
    said = "".join(ran.out + ran.err for ran in office.said)
    assert found_in(said.encode()) == []
    assert (meanwhile, found_at(site)) == ({}, {})
    results = {receipt.result for receipt in site.receipts().values()}
    assert {"refused", "withdrawn", "complete"} <= results
    (copy,) = office.bag.iterdir()
    assert "email" in {one for part in _parts_of(copy) for one in found_in(part)}
    assert found_behind(site, request) == {}


def _parts_of(copy: Path) -> Iterator[bytes]:
    """Yield the files of a copy, which is the one thing that shows the person."""
    with ZipFile(copy) as packed:
        for name in packed.namelist():
            yield packed.read(name)
