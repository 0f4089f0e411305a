"""A club that takes part by topic: its register entry, and somebody who plays it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass

from connectors.fakes import participant
from connectors.fakes.participant import FakeParticipant
from orchestrator.ports.event_log import Message
from schemas.cloudevents import Envelope, encode
from schemas.instructions import INSTRUCTION_ANSWERED, Publication
from schemas.topics import CONFIRMATIONS, instructions_topic
from tests.support.site import Site
from tests.support.site_register import RegisterText

CLUB = f"""
[recipients.club]
legal_name = "Club Exemple SAS"
role = "processor"
country = "FR"

[accounts.club]
recipient = "club"
connector = "participant"
category = "other"
environment = "sandbox"
mode = "live"

[accounts.club.waits]
retry_base = "50ms"
check_after = "300ms"

[accounts.club.options]
signing_keys = ["{participant.SIGNING_KEY}"]
sealing_key = "{participant.SEALING_KEY}"
"""


@dataclass(frozen=True)
class WithClub(RegisterText):
    """The register with a club, and with nobody else unless a test says so."""

    accounts: tuple[str, ...] = ()

    def at(self, url: str) -> str:
        """Return the register for fakes that live below *url*."""
        return RegisterText.at(self, url) + CLUB


def an_answer(body: bytes, id_: str, key: bytes = b"any") -> Message:
    """Return a signed answer as a record of the confirmations topic."""
    event = Envelope(id_, "club", INSTRUCTION_ANSWERED, None, body)
    encoded = encode(event, key.decode())
    return Message(CONFIRMATIONS, key, encoded.headers, encoded.value)


class Club:
    """Reads its topic as often as it is told, and answers what is new there."""

    def __init__(self, site: Site, fake: FakeParticipant) -> None:
        self._site = site
        self.fake = fake
        self.seen: Counter[tuple[str, bytes]] = Counter()
        self.sent: list[Message] = []

    def turn(self) -> None:
        """Take what was published since the last turn, and publish the answers."""
        known: Counter[tuple[str, bytes]] = Counter()
        # By how often, not by position: partitions keep no common order.
        for headers, value in self._site.published(instructions_topic("club")):
            id_ = headers["ce_id"]
            known[id_, value] += 1
            if known[id_, value] > self.seen[id_, value]:
                self.fake.take(Publication(id_, id_, headers["ce_type"], value))
        self.seen = known
        for _, body in self.fake.letters():
            number = len(self.sent)
            self.sent.append(an_answer(body, f"answer-{number}"))
            self._site.publish(self.sent[-1])

    def brings_to_an_end(self, count: int) -> bool:
        """Take a turn, and tell whether *count* cases are over."""
        self.turn()
        return self._site.is_over(count)


def a_club(site: Site) -> Club:
    """Return a club that trusts the site's keys."""
    fake = FakeParticipant()
    keys = site.here.keys.signing_key.public_key().public_bytes_raw()
    fake.command("trusts", _text(keys))
    fake.command("seals_to", _text(site.here.desks.receiving.public))
    return Club(site, fake)


def members(*people: dict[str, object]) -> str:
    """Write members as the sample's file."""
    return json.dumps({str(it["reference"]): it for it in people})


def _text(raw: bytes) -> str:
    """Write a raw key as the register does."""
    return b64encode(raw).decode("ascii")
