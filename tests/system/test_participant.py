"""A service of one's own is instructed by topic, and what it signs is evidence."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode, urlsafe_b64encode
from pathlib import Path

import pytest

from connectors.fakes.team_keys import SEALING, SIGNING
from schemas.topics import CONFIRMATIONS, instructions_topic
from tests.support.club import WithClub, a_club, members
from tests.support.lines_of_code import lines_of_code
from tests.support.people import Human, a_submission, humans
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite

SAMPLE = Path(__file__).parents[2] / "examples" / "participant" / "participant.py"


def a_member(human: Human) -> dict[str, object]:
    """Return what the club knows of somebody."""
    return {
        "reference": f"member-{human.number}",
        "email": human.email,
        "phone": human.phone,
        "name": human.name,
    }


def test_participant_copies_and_erases_and_signs_both(
    embedded: Backend, new_site: NewSite
) -> None:
    """A whole case by topic: copied, erased, proven by signature, nobody in clear."""
    site = new_site(embedded, WithClub())
    club = a_club(site)
    human, other = humans(2)
    club.fake.seed([a_member(human), a_member(other)])
    site.publish(a_submission(human, "erasure", "access"))
    site.start()

    site.wait(lambda: club.brings_to_an_end(1))

    (receipt,) = site.receipts().values()
    ends = {line.action.value: (line.outcome, line.evidence) for line in receipt.lines}
    assert ends["erase"] == ("done", "E3")
    assert ends["export"][0] == "exported"
    assert list(club.fake.data["records"]) == ["member-2"]
    _nothing_is_in_clear(site, human, [one.value or b"" for one in club.sent])


def test_unanswered_instruction_comes_again_as_it_was(
    embedded: Backend, new_site: NewSite
) -> None:
    """A participant that was away gets the same event, under the same id."""
    site = new_site(embedded, WithClub())
    club = a_club(site)
    (human,) = humans(1)
    club.fake.command("is_away", True)  # noqa: FBT003 (JSON)
    site.publish(a_submission(human, "erasure"))
    site.start()

    topic = instructions_topic("club")
    site.wait(lambda: len(site.published(topic)) > 2)
    club.fake.command("is_away", False)  # noqa: FBT003 (JSON)
    site.wait(lambda: club.brings_to_an_end(1))

    sent = site.published(topic)
    assert len({headers["ce_id"] for headers, _ in sent}) == 1
    assert len({value for _, value in sent}) == 1
    (receipt,) = site.receipts().values()
    assert [it.outcome for it in receipt.lines if it.action == "erase"] == [
        "nothing_found"
    ]


@pytest.mark.kafka
@pytest.mark.postgres
def test_sample_participant_serves_a_case_on_kafka(
    distributed: Backend, new_site: NewSite, tmp_path: Path
) -> None:
    """The sixty lines of the sample are a participant, on a real broker."""
    site = new_site(distributed, WithClub())
    human, other = humans(2)
    file = tmp_path / "members.json"
    file.write_text(members(a_member(human), a_member(other)), "utf-8")
    keys = _keys_of(site, tmp_path / "keys-of-the-club.json")
    command = [SAMPLE, distributed.kafka, "club", file, keys]
    sample = subprocess.Popen([sys.executable, *map(str, command)])
    try:
        site.publish(a_submission(human, "erasure", "access"))
        site.start()
        site.wait(lambda: site.is_over(1) or sample.poll() is not None)
    finally:
        sample.kill()
        sample.wait()

    (receipt,) = site.receipts().values()
    assert {(it.action.value, it.outcome) for it in receipt.lines} >= {
        ("erase", "done"),
        ("export", "exported"),
    }
    assert list(json.loads(file.read_text("utf-8"))) == ["member-2"]
    answers = [value for _, value in site.published(CONFIRMATIONS)]
    _nothing_is_in_clear(site, human, answers)


def test_sample_participant_has_at_most_sixty_lines_of_code() -> None:
    """It stays something that a team reads during a coffee."""
    assert lines_of_code(SAMPLE) <= 60


def _nothing_is_in_clear(site: Site, human: Human, answers: list[bytes]) -> None:
    """Look for the person in all that lay on the topics, also inside the envelopes."""
    sent = [value for _, value in site.published(instructions_topic("club"))]
    assert sent
    assert answers
    told = [b64decode(json.loads(it)["payload"]) for it in [*sent, *answers]]
    told += [row[0].encode() for row in site.rows("SELECT data FROM outbox")]
    for trait in human.traits.values():
        assert not any(trait.encode() in value for value in told), trait


def _keys_of(site: Site, path: Path) -> Path:
    """Write the sample's four keys."""
    ours = site.here.keys.signing_key.public_key().public_bytes_raw()
    signing, sealing = SIGNING.private_bytes_raw(), SEALING.private_bytes_raw()
    jwks = [
        _jwk("ours", "Ed25519", ours),
        _jwk("ours-sealing", "X25519", site.here.desks.receiving.public),
        _jwk("signing", "Ed25519", SIGNING.public_key().public_bytes_raw(), signing),
        _jwk("sealing", "X25519", SEALING.public_key().public_bytes_raw(), sealing),
    ]
    path.write_text(json.dumps(jwks), "utf-8")
    return path


def _jwk(kid: str, curve: str, public: bytes, private: bytes = b"") -> dict[str, str]:
    jwk = {"kid": kid, "kty": "OKP", "crv": curve, "x": _url(public)}
    return {**jwk, "d": _url(private)} if private else jwk


def _url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
