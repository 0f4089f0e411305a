"""The command on Kafka and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from signal import SIGTERM

import pytest

from orchestrator.adapters.kafka import KafkaTopics
from orchestrator.bootstrap.installation import Installation
from schemas.topics import REQUESTS, TOPICS
from tests.support.finished import a_request_file, has_said, running, until
from tests.support.installation import AnInstallation
from tests.support.patience import PATIENCE
from tests.support.people import Human


@pytest.fixture
def installation(
    tmp_path: Path, kafka: str, database_url: str
) -> Iterator[AnInstallation]:
    """Lend an installation on Kafka and PostgreSQL, with its topics."""
    made = AnInstallation(tmp_path, database_url=database_url, kafka=kafka)
    KafkaTopics(made.parts.kafka).create(TOPICS)
    yield made
    made.close()


def _skip_what_is_there(installation: AnInstallation) -> None:
    """Leave out what other tests published in the same topic."""
    ends = installation.parts.kafka_topics.ends(REQUESTS)
    with installation.parts.store.transaction() as transaction:
        for partition, end in ends.items():
            transaction.lock_offset(REQUESTS, partition)
            transaction.move_offset(REQUESTS, partition, end)


def test_published_request_is_the_lag_until_it_is_read(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """`status` counts what the broker has and the database has not taken."""
    _skip_what_is_there(installation)
    before = installation("status", "--json").data

    ran = installation("request", "publish", a_request_file(tmp_path, Human(1)))
    after = installation("status", "--json").data

    assert (ran.code, before["lag"], after["lag"]) == (0, 0, 1)
    assert (after["database"], after["event_log"]) == ("postgresql", "kafka")


def test_parts_run_as_processes_of_their_own(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """One process only reads requests; another one works for one account."""
    _skip_what_is_there(installation)
    installation("request", "publish", a_request_file(tmp_path, Human(1)))

    with running(installation, "--only", "ingest") as reader:
        until(
            lambda: bool(installation("case", "list", "--json").data),
            installation,
            reader,
        )
        states = installation("account", "list", "--json").data
        assert {one["state"] for one in states} == {"nobody works for it"}
        worker = installation.start("run", "--only", "work", "--account", "klaviyo")
        until(lambda: _workers(installation) == 1, installation, worker)
        states = installation("account", "list", "--json").data
        worker.send_signal(SIGTERM)
        assert worker.wait(PATIENCE) == 0

    assert reader.returncode == 0
    owned = [one["id"] for one in states if one["state"] == "running"]
    assert owned == ["klaviyo"]
    assert has_said(installation, "process_ready")


def _workers(installation: AnInstallation) -> int:
    return int(installation("status", "--json").data["workers"])


def test_account_that_the_register_lacks_is_refused(
    installation: AnInstallation,
) -> None:
    """A misspelt account would be worked for by nobody."""
    ran = installation("run", "--account", "klavio")

    assert (ran.code, ran.out, len(ran.sentences)) == (2, "", 1)
    assert ran.err.startswith("There is no account klavio in the register;")


def test_account_without_the_stage_that_works_for_it_is_refused(
    installation: AnInstallation,
) -> None:
    """An option that changes nothing would leave its account to nobody."""
    ran = installation("run", "--only", "ingest", "--account", "klaviyo")

    assert (ran.code, ran.out, len(ran.sentences)) == (2, "", 1)
    assert ran.err.startswith("--account says whom the stage work works for,")


def test_missing_topic_is_one_sentence(
    installation: AnInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`run` names the topic and the command that makes it."""
    odd = replace(TOPICS[0], name="privacy.not-there")
    monkeypatch.setattr(Installation, "wanted_topics", (*TOPICS, odd))

    ran = installation("run")

    assert (ran.code, ran.out) == (2, "")
    assert ran.sentences == [
        "Kafka has no topic privacy.not-there; run `erasure topics create`."
    ]


def test_existing_topics_are_listed_and_left_alone(
    installation: AnInstallation,
) -> None:
    """Creating again changes nothing."""
    listed = installation("topics", "list", "--json").data
    created = installation("topics", "create")

    assert [one["exists"] for one in listed] == [True] * len(TOPICS)
    assert (created.code, created.out) == (0, "Every topic exists.\n")


def test_embedded_log_needs_sqlite(installation: AnInstallation) -> None:
    """Without Kafka, PostgreSQL alone is refused."""
    del installation.env["ERASURE_KAFKA"]

    ran = installation("run")

    assert (ran.code, ran.out, len(ran.sentences)) == (2, "", 1)
    assert "the database must be SQLite" in ran.err
