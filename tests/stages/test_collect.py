"""Answers on the topic reach the inbox once, and what is none of them is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.fakes.team_keys import signed
from orchestrator.ports.event_log import Message
from schemas.instructions import ANSWER_MEDIA_TYPE, INSTRUCTION_ANSWERED
from schemas.topics import CONFIRMATIONS
from tests.support.club import WithClub, an_answer
from tests.support.installation import AnInstallation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[AnInstallation]:
    """Lend an installation with a club."""
    made = AnInstallation(tmp_path, register=WithClub())
    yield made
    made.close()


def a_body(account: str = "club") -> bytes:
    """Return a signed answer of *account*."""
    answer = f'{{"specversion":"1","account":"{account}","status":"done"}}'
    return signed(answer.encode(), ANSWER_MEDIA_TYPE)


def collect(installation: AnInstallation, *messages: Message) -> int:
    """Publish *messages*, and take what is there."""
    parts = installation.parts
    if messages:
        assert all(parts.publisher.publish(messages))
    return parts.collect(parts.consumer(CONFIRMATIONS), lambda: None).turn(0)


def test_answer_waits_in_the_inbox_once(installation: AnInstallation) -> None:
    """A record is one letter, however often a reader comes by."""
    collect(installation, an_answer(a_body(), "answer-1"))
    collect(installation)

    (line,) = installation.parts.inbox.lines()
    assert (line.account, line.channel, line.state) == (
        "club",
        "confirmation",
        "waiting",
    )
    letter = installation.parts.inbox.letter(line.id)
    assert letter is not None
    assert letter.body == a_body()


@pytest.mark.parametrize(
    ("message", "code"),
    [
        pytest.param(
            Message(CONFIRMATIONS, b"k", (), b"{}"),
            "unsupported_content_type",
            id="no event",
        ),
        pytest.param(an_answer(b"{}", "a-1"), "invalid_value", id="no envelope"),
        pytest.param(an_answer(b"\xff", "a-1"), "invalid_value", id="garbage"),
        pytest.param(
            an_answer(a_body("stranger"), "a-1"), "unknown_account", id="a stranger"
        ),
    ],
)
def test_record_that_names_no_participant_is_quarantined(
    installation: AnInstallation, message: Message, code: str
) -> None:
    """It stops nobody: the answer behind it is taken in the same turn."""
    collect(installation, message, an_answer(a_body(), "answer-2"))

    (kept,) = installation.parts.quarantine.lines()
    assert (kept.code, kept.topic) == (code, CONFIRMATIONS)
    assert kept.type == (INSTRUCTION_ANSWERED if message.headers else None)
    assert len(installation.parts.inbox.lines()) == 1


def test_released_record_is_read_again_as_an_answer(
    installation: AnInstallation,
) -> None:
    """Releasing an answer asks the same question, and tells what is still wrong."""
    collect(installation, an_answer(a_body("stranger"), "a-1"))
    (kept,) = installation.parts.quarantine.lines()

    ran = installation("quarantine", "release", kept.id, "--by", "dpo-1")

    assert ran.code == 1
    assert "still refused (unknown_account)" in ran.err


def test_topics_of_participants_are_listed(installation: AnInstallation) -> None:
    """`erasure topics` knows one topic of instructions for each participant."""
    ran = installation("topics", "list")

    assert "privacy.instructions.club" in ran.out
    assert CONFIRMATIONS in ran.out


def test_public_keys_are_shown_and_nothing_else(installation: AnInstallation) -> None:
    """A participant's team gets what it needs, in the register's own spelling."""
    ran = installation("keys", "show", "--json")

    assert ran.code == 0
    shown = json.loads(ran.out)
    assert [one["algorithm"] for one in shown] == ["Ed25519", "X25519"]
    assert all(set(one) == {"use", "algorithm", "public_key", "id"} for one in shown)
