"""Requests by the command: examples, validation, publishing."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import pytest

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
