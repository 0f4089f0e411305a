"""The real parts that other tests stand on: Kafka and both databases."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import psutil
import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.support.broker import Broker
from tests.support.postgres import Postgres
from tests.support.processes import is_listening


def _a_topic(bootstrap: str) -> str:
    """Create a topic of one partition under a name nobody else uses."""
    topic = f"real-parts-{uuid.uuid4().hex}"
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    admin.close()
    return topic


def _produce(bootstrap: str, topic: str, value: bytes) -> None:
    """Send one record and return once the broker has it."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    producer.send(topic, value).get(timeout=20)
    producer.close()


def _consume(bootstrap: str, topic: str) -> list[bytes]:
    """Read a topic from its start to the end it has now."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end = consumer.end_offsets([partition])[partition]
    values: list[bytes] = []
    for _ in range(100):
        if len(values) >= end:
            break
        for records in consumer.poll(timeout_ms=200).values():
            values += [record.value for record in records]
    consumer.close()
    return values


def test_record_comes_back_from_kafka(kafka: str) -> None:
    """What is produced to a real broker is consumed from it."""
    topic = _a_topic(kafka)

    _produce(kafka, topic, b"here")

    assert _consume(kafka, topic) == [b"here"]


def test_broker_keeps_port_and_records_through_a_kill(broker: Broker) -> None:
    """A killed broker starts again where it was, with what it had acknowledged."""
    broker.start()
    topic = _a_topic(broker.bootstrap)
    _produce(broker.bootstrap, topic, b"kept")

    broker.kill()
    was_down = not is_listening(broker.port)
    broker.start()

    assert was_down
    assert _consume(broker.bootstrap, topic) == [b"kept"]


def test_any_database_answers(any_database_url: str) -> None:
    """Both kinds of database answer a question."""
    engine = create_engine(any_database_url)

    with engine.connect() as connection:
        answer = connection.execute(text("SELECT 1")).scalar_one()
    engine.dispose()

    assert answer == 1


def test_fresh_databases_are_apart(postgres: Postgres) -> None:
    """What one test writes, the next does not see."""
    one, other = postgres.new_database(), postgres.new_database()
    with psycopg.connect(one.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE here (id int)")

    with psycopg.connect(other.replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT to_regclass('here')").fetchone()

    assert found == (None,)


def test_postgres_can_be_away_and_return(postgres: Postgres) -> None:
    """A stopped server refuses connections, and has its data when it returns."""
    engine = create_engine(postgres.new_database())
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 1 AS one"))
    engine.dispose()

    postgres.stop()
    with pytest.raises(OperationalError):
        engine.connect()
    postgres.start()

    with engine.connect() as connection:
        assert connection.execute(text("SELECT one FROM kept")).scalar_one() == 1
    engine.dispose()


def test_what_a_crashed_test_run_started_dies_with_it(tmp_path: Path) -> None:
    """A program on a leash does not outlive the process that started it."""
    script = (
        "import os, sys; from pathlib import Path\n"
        "from tests.support.processes import start_on_leash\n"
        "p = start_on_leash([sys.executable, '-c', 'input()'], Path(sys.argv[1]))\n"
        "print(p.pid, flush=True); os.kill(os.getpid(), 9)\n"
    )

    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "log")],
        check=False,
        capture_output=True,
        text=True,
    )
    started = int(run.stdout)

    if psutil.pid_exists(started):
        psutil.wait_procs([psutil.Process(started)], timeout=10)
    assert not psutil.pid_exists(started)
