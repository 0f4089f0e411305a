"""What an own service may leave in the inbox is bounded, as callbacks are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connectors.fakes.team_keys import signed
from orchestrator.adapters.kafka import KafkaTopics
from orchestrator.core.words import AccountId
from orchestrator.ports import MOST_WAITING, PutLetter
from orchestrator.ports.event_log import Message
from schemas.instructions import ANSWER_MEDIA_TYPE
from schemas.topics import CONFIRMATIONS
from tests.support.club import WithClub, an_answer
from tests.support.installation import AnInstallation
from tests.support.patience import PATIENCE

CLUB = AccountId("club")
ROOM = 4096
ANSWER = signed(
    b'{"specversion":"1","account":"club","status":"done"}', ANSWER_MEDIA_TYPE
)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[AnInstallation]:
    """Lend an installation with a club, on the embedded log."""
    made = AnInstallation(tmp_path, register=WithClub())
    yield made
    made.close()


@pytest.fixture
def on_kafka(tmp_path: Path, kafka: str) -> Iterator[AnInstallation]:
    """Lend one on Kafka, which has read what other tests left on the topic."""
    made = AnInstallation(tmp_path, register=WithClub(), kafka=kafka)
    KafkaTopics(made.parts.kafka).create(made.parts.wanted_topics)
    ends = made.parts.kafka_topics.ends(CONFIRMATIONS)
    with made.parts.store.transaction() as transaction:
        for partition, end in ends.items():
            transaction.lock_offset(CONFIRMATIONS, partition)
            transaction.move_offset(CONFIRMATIONS, partition, end)
    yield made
    made.close()


def fill(installation: AnInstallation) -> None:
    """Let so much of the club wait that little more has room."""
    parts = installation.parts
    now = parts.clock.now()
    one = PutLetter("b-0", CLUB, "confirmation", now, now, MOST_WAITING - ROOM, b"x")
    with parts.store.transaction() as transaction:
        transaction.write([one], now)


def answers(many: int, size: int = 0) -> list[Message]:
    """Return answers of the club, each an envelope with so much more around it."""
    body = ANSWER[:-1] + b" " * size + b"}"
    return [an_answer(body, f"answer-{number}") for number in range(many)]


def take(installation: AnInstallation, *messages: Message) -> None:
    """Publish and take in, until all has been taken."""
    parts = installation.parts
    assert all(parts.publisher.publish(messages))
    consumer = parts.consumer(CONFIRMATIONS)
    stage, taken = parts.collect(consumer, lambda: None), 0
    deadline = time.monotonic() + PATIENCE
    try:
        while taken < len(messages):
            assert time.monotonic() < deadline, f"Took {taken} of {len(messages)}."
            taken += stage.turn(0.1)
    finally:
        consumer.close()


def states(installation: AnInstallation) -> list[tuple[str, str | None]]:
    """Return how each of the club's answers stands, but for what waited before."""
    lines = installation.parts.inbox.lines(with_ended=True, limit=1000)
    found = [(one.state, one.code) for one in lines if one.id != "b-0"]
    return sorted(found, key=str)


def test_answer_beyond_the_share_is_refused_with_a_note(
    installation: AnInstallation,
) -> None:
    """Its content is not kept; what fits is taken, also after it."""
    fill(installation)

    with capture_logs() as said:
        take(installation, *answers(2, size=ROOM), *answers(1))

    assert states(installation) == [
        ("refused", "inbox_full"),
        ("refused", "inbox_full"),
        ("waiting", None),
    ]
    (told,) = [one for one in said if one["event"] == "confirmations_not_taken"]
    assert (told["account"], told["count"]) == ("club", 2)
    ran = installation("inbox", "list", "--all")
    assert "inbox_full" in ran.out


def test_share_is_counted_within_one_batch(installation: AnInstallation) -> None:
    """Many small ones of one batch pass it together, not each by itself."""
    fill(installation)

    take(installation, *answers(20))

    kept = [state for state, _ in states(installation)].count("waiting")
    assert 1 <= kept < 20
    assert installation.parts.inbox.bytes_waiting(CLUB) <= MOST_WAITING


def test_refused_answers_are_counted_so_far(installation: AnInstallation) -> None:
    """A flood leaves the newest thousand lines of an account, without content."""
    fill(installation)

    take(installation, *answers(1005, size=ROOM))

    refused = installation.parts.inbox.lines(with_ended=True, limit=2000)
    assert len(refused) == 1001
    assert all(installation.parts.inbox.letter(one.id) is None for one in refused[1:])


def test_answer_that_is_too_large_says_what_a_service_may_do(
    installation: AnInstallation,
) -> None:
    """A copy that is too large is answered as such; the hint of requests is no help."""
    take(installation, *answers(1, size=256 * 1024), *answers(1))

    (kept,) = installation.parts.quarantine.lines()
    assert (kept.code, states(installation)) == ("too_large", [("waiting", None)])
    assert "copy_too_large" in kept.hint


def test_share_is_bounded_on_kafka(on_kafka: AnInstallation) -> None:
    """The broker keeps the record; our inbox has a line that says so."""
    fill(on_kafka)

    take(on_kafka, *answers(2, size=ROOM), *answers(1))

    assert states(on_kafka).count(("refused", "inbox_full")) == 2
    assert states(on_kafka).count(("waiting", None)) == 1
