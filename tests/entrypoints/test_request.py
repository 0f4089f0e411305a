"""Requests by the command: examples, validation, publishing."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from pathlib import Path

import pytest

from orchestrator.adapters.keys.directory import new_signing_key
from orchestrator.ports.event_log import Message
from schemas.topics import REQUESTS
from tests.support.command import erasure
from tests.support.finished import a_request_file
from tests.support.installation import AnInstallation
from tests.support.people import Human

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "requests").glob("*.json"))


@pytest.mark.parametrize(
    "rights",
    [
        pytest.param(["erasure"], id="erasure"),
        pytest.param(["access"], id="access"),
        pytest.param(["portability"], id="portability"),
        pytest.param(["erasure", "access"], id="both"),
    ],
)
def test_example_is_a_valid_request(tmp_path: Path, rights: list[str]) -> None:
    """What `example` writes, `validate` accepts; each one is new."""
    words = [word for right in rights for word in ("--right", right)]

    made = [erasure("request", "example", *words, env={}) for _ in range(2)]
    file = tmp_path / "request.json"
    file.write_text(made[0].out)
    valid = erasure("request", "validate", file, env={})

    assert (made[0].code, made[0].err) == (0, "")
    assert json.loads(made[0].out)["data"]["rights"] == sorted(rights)
    ids = {json.loads(one.out)["data"]["request_id"] for one in made}
    assert len(ids) == 2
    assert (valid.code, valid.err) == (0, f"{file}: valid\n")


def test_example_of_an_unknown_right_is_refused() -> None:
    """The sentence names the rights that there are."""
    ran = erasure("request", "example", "--right", "oblivion", env={})

    assert (ran.code, ran.out, len(ran.sentences)) == (2, "", 1)
    assert "erasure, access or portability" in ran.err


def test_shipped_examples_are_valid() -> None:
    """Every file that the documents name."""
    ran = erasure("request", "validate", *EXAMPLES, env={})

    assert len(EXAMPLES) >= 5
    assert (ran.code, len(ran.sentences)) == (0, len(EXAMPLES))


def test_invalid_file_is_told_by_its_place(tmp_path: Path) -> None:
    """Code, pointer, rule and hint, and no value of the file."""
    human = Human(1)
    file = a_request_file(tmp_path, human)
    file.write_text(file.read_text().replace('"web"', f'"{human.email}"'))

    ran = erasure("request", "validate", file, env={})

    assert (ran.code, ran.out, len(ran.sentences)) == (1, "", 1)
    assert ran.err.startswith(f"{file}: invalid_value at /data/channel: ")
    assert human.email not in ran.err


def test_one_invalid_file_holds_back_all(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """Nothing is published unless everything is valid."""
    good, bad = a_request_file(tmp_path, Human(1)), tmp_path / "bad.json"
    bad.write_text("{}")

    ran = installation("request", "publish", good, bad)

    assert (ran.code, ran.out) == (1, "")
    assert ran.sentences[-1] == "Nothing was published."
    assert installation("status", "--json").data["lag"] == 0


@pytest.mark.parametrize("verb", ["validate", "publish"])
def test_unreadable_file_is_wrong_use(
    installation: AnInstallation, tmp_path: Path, verb: str
) -> None:
    """Nobody knows whether it is valid: exit 2."""
    ran = installation("request", verb, tmp_path / "none.json")

    assert (ran.code, ran.out, len(ran.sentences)) == (2, "", 1)


def test_file_is_published_signed(installation: AnInstallation, tmp_path: Path) -> None:
    """The value is an envelope around the event, the key is the request's id."""
    human = Human(1)
    file = a_request_file(tmp_path, human)

    ran = installation("request", "publish", file)

    assert (ran.code, ran.out) == (0, f"{human.request_id}: published\n")
    (record,) = installation.parts.embedded_log.consumer([REQUESTS], lambda _: {}).poll(
        0
    )
    event = json.loads(file.read_text())
    said = json.loads(b64decode(json.loads(record.value or b"")["payload"]))
    assert record.key == human.request_id.encode()
    assert record.headers == (("content-type", b"application/vnd.dsse+json"),)
    assert (said["id"], said["data"]) == (event["id"], event["data"])
    assert said["audience"] == "erasure-orchestrator"


def test_file_published_twice_opens_one_case(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """A person may repeat a publication whose end they did not see."""
    file = a_request_file(tmp_path, Human(1))

    for _ in range(2):
        installation("request", "publish", file)
    installation.ingest()

    assert len(installation("case", "list", "--json").data) == 1
    assert installation("quarantine", "list", "--json").data == []


def test_published_request_stands_in_clear_nowhere(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """Neither the output nor the database's files name the person."""
    human = Human(1)
    ran = installation("request", "publish", a_request_file(tmp_path / ".", human))
    installation.ingest()

    files = [path.read_bytes() for path in installation.folder.glob("erasure.db*")]
    for trait in human.traits.values():
        assert trait not in ran.out + ran.err
        assert not any(trait.encode() in content for content in files)


def test_file_is_signed_and_sealed_for_another_sender(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """What `sign` writes, the intake takes; nobody stands in clear in it."""
    human, key = Human(1), installation.env["ERASURE_REQUEST_KEY"]
    rows = installation("keys", "show", "--json").data
    ours = next(row["public_key"] for row in rows if row["algorithm"] == "X25519")
    file = a_request_file(tmp_path, human)

    ran = installation("request", "sign", file, "--key", key, "--seal-to", ours)
    headers = (("content-type", b"application/vnd.dsse+json"),)
    value = ran.out.encode()
    installation.parts.publisher.publish([Message(REQUESTS, b"k", headers, value)])
    installation.ingest()

    assert ran.code == 0
    payload = b64decode(json.loads(ran.out)["payload"])
    assert b"subject_sealed" in payload
    assert not [one for one in human.traits.values() if one.encode() in payload]
    (case,) = installation("case", "list", "--json").data
    assert case["request_id"] == human.request_id


def test_sealed_request_opens_after_our_key_was_exchanged(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """What lies on the topic meanwhile is sealed to the key of before."""
    human, key = Human(1), installation.env["ERASURE_REQUEST_KEY"]
    rows = installation("keys", "show", "--json").data
    before = next(row["public_key"] for row in rows if row["algorithm"] == "X25519")
    file = a_request_file(tmp_path, human)
    ran = installation("request", "sign", file, "--key", key, "--seal-to", before)

    assert installation("keys", "rotate").code == 0
    headers = (("content-type", b"application/vnd.dsse+json"),)
    value = ran.out.encode()
    installation.parts.publisher.publish([Message(REQUESTS, b"k", headers, value)])
    installation.ingest()

    assert [one["request_id"] for one in installation("case", "list", "--json").data]
    assert installation("quarantine", "list", "--json").data == []


@pytest.mark.parametrize(
    ("key", "said"),
    [
        pytest.param("", "Request events must be signed", id="no key"),
        pytest.param("strange.pem", "No publisher of the register", id="strange key"),
    ],
)
def test_what_would_only_be_refused_is_not_published(
    installation: AnInstallation, tmp_path: Path, key: str, said: str
) -> None:
    """One sentence says how to sign."""
    path = tmp_path / "strange.pem"
    path.write_bytes(new_signing_key()[1])
    path.chmod(0o600)
    file = a_request_file(tmp_path, Human(1))

    installation.env["ERASURE_REQUEST_KEY"] = str(tmp_path / key) if key else ""
    ran = installation("request", "publish", file)

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_trial_takes_unsigned_requests_and_says_so(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """Publishing needs no key then; status and config check warn each time."""
    trial = {"ERASURE_REQUEST_KEY": "", "ERASURE_UNSIGNED_REQUESTS": "take"}
    installation.env.update(trial)
    file = a_request_file(tmp_path, Human(1))

    ran = installation("request", "publish", file)
    said = [installation(*words) for words in (["status"], ["config", "check"])]

    assert ran.code == 0
    assert [one.code for one in said] == [0, 0]
    assert all("Unsigned requests are taken" in one.err for one in said)


def test_key_that_ends_soon_is_told_wherever_people_look(
    installation: AnInstallation,
) -> None:
    """Before the portal's events are refused, and no later."""
    text = installation.register.read_text()
    key = re.search(r"public_key = [^ }]+", text)
    assert key is not None
    ends = f"{key[0]}, valid_to = {installation.parts.clock.now().date()}"
    installation.register.write_text(text.replace(key[0], ends))

    ran = [
        installation(*words)
        for words in (["status"], ["config", "check"], ["register", "check"])
    ]

    assert all("publishers.portal.keys: no key of it is" in one.err for one in ran)


def test_register_without_a_publisher_is_doubtful(installation: AnInstallation) -> None:
    """Nothing is wrong with it, and nothing will ever be taken."""
    text = installation.register.read_text()
    head, _, rest = text.partition("[publishers.portal]")
    installation.register.write_text(head + rest[rest.index("[recipients.") :])

    ran = installation("config", "check")

    assert ran.code == 0
    assert "The register has no publisher" in ran.err
