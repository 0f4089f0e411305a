"""What is particular to Kafka: groups, positions, topics, wrong addresses."""

from __future__ import annotations

import gc
import logging
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import kafka as kafka_python
import pytest
from kafka.admin import KafkaAdminClient

from orchestrator.adapters.kafka import (
    KafkaConsumer,
    KafkaPublisher,
    KafkaSettings,
    KafkaTopics,
)
from orchestrator.adapters.kafka.clients import quieten
from orchestrator.errors import OrchestratorError, SetUpError
from orchestrator.ports.event_log import LogUnavailable, TopicPartition
from tests.support.logs import (
    KafkaUnderTest,
    PlainTopic,
    Positions,
    a_message,
    collect,
    eventually,
)
from tests.support.patience import PATIENCE

# kafka-python 3.0.12 leaves the socket of a refused connection to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Let what the library left behind go while its warning is still ours."""
    yield
    gc.collect()


@pytest.fixture
def log(kafka: str) -> Iterator[KafkaUnderTest]:
    """Lend the real Kafka."""
    with ExitStack() as stack:
        yield KafkaUnderTest(kafka, stack)


def a_name(prefix: str) -> str:
    """Make up a name nobody used."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def test_two_members_share_the_partitions(log: KafkaUnderTest) -> None:
    """When a second member joins, both read, from what the database says by then."""
    topic, group = log.topic(), a_name("g")
    messages = [a_message(topic, b"k%d" % n, b"%d" % n) for n in range(60)]
    publisher, positions = log.publisher(), Positions()
    publisher.publish(messages)
    first = log.consumer(topic, stored=positions, group=group)
    positions.store(collect(first, 60))

    second = log.consumer(topic, stored=positions, group=group)
    asked_before = len(positions.asked)

    def have_shared() -> bool:
        first.poll(0.1)
        second.poll(0.1)
        given = positions.asked[asked_before:][-2:]
        return {len(partitions) for partitions in given} == {1, 2}

    eventually(have_shared, PATIENCE, "both members to have partitions")
    publisher.publish(messages)
    ours: list[tuple[int, int]] = []
    theirs: list[tuple[int, int]] = []

    def have_read() -> bool:
        ours.extend((r.partition, r.offset) for r in first.poll(0.1))
        theirs.extend((r.partition, r.offset) for r in second.poll(0.1))
        return len(ours) + len(theirs) >= 60

    eventually(have_read, PATIENCE, "60 records")
    assert ours
    assert theirs
    assert len({*ours, *theirs}) == 60
    assert not {at for at, _ in ours} & {at for at, _ in theirs}


def test_new_member_starts_from_the_stored_position(log: KafkaUnderTest) -> None:
    """Whoever is given a partition reads on where the other's transaction ended."""
    topic, group = log.topic(), a_name("g")
    positions = Positions()
    log.publisher().publish([a_message(topic, b"k", b"%d" % n) for n in range(4)])
    first = log.consumer(topic, stored=positions, group=group)
    records = collect(first, 4)
    positions.store(records[:3])
    first.committed(dict(record.position for record in records))

    first.close()
    second = log.consumer(topic, stored=positions, group=group)

    assert collect(second, 1) == records[3:]


def test_join_cut_short_by_a_poll_is_finished(log: KafkaUnderTest) -> None:
    """
    However short the polls are, a member that joins gets its partitions.

    kafka-python 3.0.12 forgets a join that it began because of new metadata, as at
    every start, when a poll ends in the middle of it; then it reads nothing for ever.
    """
    topic = log.topic()
    log.publisher().publish([a_message(topic)])

    for _ in range(5):
        consumer = log.consumer(topic, stored=Positions())
        collect(consumer, 1, at_a_time=0.001)
        consumer.close()


def test_position_beyond_the_end_reads_from_the_beginning(log: KafkaUnderTest) -> None:
    """A topic that was made anew under a database from before loses no record."""
    topic = log.topic()
    log.publisher().publish([a_message(topic)])
    positions = Positions({TopicPartition(topic, n): 1000 for n in range(3)})

    (record,) = collect(log.consumer(topic, stored=positions), 1)

    assert record.offset == 0


def test_restarted_slot_reads_at_once(log: KafkaUnderTest) -> None:
    """A process that died without a farewell gets its partitions back in its slot."""
    topic, group = log.topic(), a_name("g")
    log.publisher().publish([a_message(topic)])
    first = log.consumer(topic, stored=Positions(), group=group, slot="worker-1")
    collect(first, 1)

    # Not closed: for the group it is still there, as after a kill -9, and another
    # member would wait minutes for it to take part in the new assignment.
    second = log.consumer(topic, stored=Positions(), group=group, slot="worker-1")

    collect(second, 1, within=60)


def test_second_process_in_one_slot_fences_the_first(log: KafkaUnderTest) -> None:
    """Of two processes with one slot the older is told so, and what to do."""
    topic, group = log.topic(), a_name("g")
    log.publisher().publish([a_message(topic)])
    first = log.consumer(topic, stored=Positions(), group=group, slot="worker-1")
    collect(first, 1)
    second = log.consumer(topic, stored=Positions(), group=group, slot="worker-1")
    collect(second, 1)

    with pytest.raises(SetUpError, match="slot of its own"):
        collect(first, 1)


def test_aborted_transaction_is_never_delivered(log: KafkaUnderTest) -> None:
    """What a portal's transaction took back is skipped, and does not count as lag."""
    topic = log.topic()
    producer = kafka_python.KafkaProducer(
        bootstrap_servers=log.settings.servers, transactional_id=a_name("tx")
    )
    producer.init_transactions()
    for value, end in (
        (b"taken back", producer.abort_transaction),
        (b"meant", producer.commit_transaction),
    ):
        producer.begin_transaction()
        producer.send(topic, key=b"k", value=value)
        producer.flush()
        end()
    producer.close()
    consumer = log.consumer(topic, stored=Positions())

    (record,) = collect(consumer, 1)

    assert record.value == b"meant"
    eventually(
        lambda: not consumer.poll(0.2) and consumer.lag() == 0, PATIENCE, "no lag"
    )


def test_record_without_a_key_is_delivered(log: KafkaUnderTest) -> None:
    """A foreign producer that gives no key is no reason to stop."""
    topic = log.topic()
    producer = kafka_python.KafkaProducer(bootstrap_servers=log.settings.servers)
    producer.send(topic, value=b"v")
    producer.close()

    (record,) = collect(log.consumer(topic, stored=Positions()), 1)

    assert (record.key, record.headers, record.value) == (None, (), b"v")


def test_positions_are_shown_to_lag_displays(log: KafkaUnderTest) -> None:
    """What `committed` says appears as the group's offset in Kafka's own tools."""
    topic, group = log.topic(), a_name("g")
    log.publisher().publish([a_message(topic)])
    consumer = log.consumer(topic, stored=Positions(), group=group)
    (record,) = collect(consumer, 1)

    consumer.committed(dict([record.position]))
    admin = KafkaAdminClient(bootstrap_servers=log.settings.servers)

    def is_shown() -> bool:
        consumer.poll(0.2)
        shown = repr(admin.list_group_offsets(group))
        return "offset=1" in re.sub(r"\s", "", shown)

    eventually(is_shown, PATIENCE, "the group's offset")
    admin.close()


def test_missing_topics_are_named_and_created(log: KafkaUnderTest) -> None:
    """Topics appear with their partitions and settings, and only when asked for."""
    there = log.topic()
    new = PlainTopic(a_name("t"), partitions=2, config={"retention.ms": "86400000"})
    topics = KafkaTopics(log.settings)

    missing = topics.missing([PlainTopic(there), new])
    created = topics.create([PlainTopic(there), new])
    again = topics.create([PlainTopic(there), new])

    assert (missing, created, again) == ([new.name], [new.name], [])
    admin = KafkaAdminClient(bootstrap_servers=log.settings.servers)
    (described,) = admin.describe_topics([new.name])
    admin.close()
    assert len(described["partitions"]) == 2


def test_topic_settings_the_broker_refuses_are_a_set_up_error(
    log: KafkaUnderTest,
) -> None:
    """A wrong setting names the topic and says what to do."""
    wrong = PlainTopic(a_name("t"), config={"retention.ms": "for ever"})

    with pytest.raises(SetUpError, match=wrong.name):
        KafkaTopics(log.settings).create([wrong])


def test_publishing_to_a_missing_topic_creates_nothing(log: KafkaUnderTest) -> None:
    """A missing topic is an error with a hint, and stays missing."""
    topic = PlainTopic(a_name("t"))
    publisher = KafkaPublisher(log.settings, within=1)

    with pytest.raises(LogUnavailable, match="erasure topics list"):
        publisher.publish([a_message(topic.name)])

    publisher.close()
    assert KafkaTopics(log.settings).missing([topic]) == [topic.name]


def test_one_missing_topic_does_not_hold_up_another(log: KafkaUnderTest) -> None:
    """What can be sent is sent, and each message has its own answer."""
    topic, missing = log.topic(), a_name("t")
    publisher = KafkaPublisher(log.settings, within=2)

    answers = publisher.publish(
        [a_message(missing), a_message(topic), a_message(missing), a_message(topic)]
    )

    publisher.close()
    assert list(answers) == [False, True, False, True]


def test_topic_that_takes_only_less_is_said(log: KafkaUnderTest) -> None:
    """A topic made with a lower limit than ours is explained, not tried for ever."""
    small = PlainTopic(a_name("t"), config={"max.message.bytes": "10000"})
    KafkaTopics(log.settings).create([small])

    with pytest.raises(SetUpError, match=r"max\.message\.bytes"):
        log.publisher().publish([a_message(small.name, b"k", bytes(20_000))])


@pytest.mark.parametrize(
    "open_it",
    [
        pytest.param(lambda s: KafkaTopics(s).missing([]), id="topics"),
        pytest.param(KafkaPublisher, id="publisher"),
        pytest.param(
            lambda s: KafkaConsumer(s, ["t"], group="g", stored=Positions()),
            id="consumer",
        ),
    ],
)
def test_wrong_address_is_one_sentence(open_it: object) -> None:
    """Nobody there: the address is named, what to check, and no thread is left."""
    assert callable(open_it)
    settings = KafkaSettings("127.0.0.1:1", bootstrap_timeout=0.5)
    threads = set(threading.enumerate())

    with pytest.raises(LogUnavailable, match=r"No Kafka answers at 127\.0\.0\.1:1: "):
        open_it(settings)

    assert set(threading.enumerate()) <= threads


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        pytest.param({"bootstrap": ""}, "empty", id="no address"),
        pytest.param({"bootstrap": "kafka"}, "host:port", id="no port"),
        pytest.param({"bootstrap": "a:1,b:x"}, "host:port", id="port no number"),
        pytest.param({"security_protocol": "TLS"}, "SASL_SSL", id="unknown protocol"),
        pytest.param(
            {"security_protocol": "SASL_SSL"}, "SCRAM-SHA-512", id="no mechanism"
        ),
        pytest.param(
            {"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN"},
            "sasl_password",
            id="no password",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(wrong: dict[str, str], hint: str) -> None:
    """A mistake in the settings is found before any connection, and explained."""
    with pytest.raises(SetUpError, match=hint):
        KafkaSettings(**{"bootstrap": "kafka:9092", **wrong})  # type: ignore[arg-type] # strings only


def test_secrets_stay_out_of_repr() -> None:
    """Printing the settings shows neither password."""
    settings = KafkaSettings(
        "kafka:9093",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="erasure",
        sasl_password="canary-1",
        ssl_password="canary-2",
    )

    assert "canary" not in repr(settings)
    assert settings.options()["sasl_plain_password"] == "canary-1"


def test_tls_verifies_hosts_and_honours_ciphers() -> None:
    """The context is our own, since the library ignores `ssl_ciphers`."""
    settings = KafkaSettings(
        "kafka:9093", security_protocol="SSL", ssl_ciphers="ECDHE-RSA-AES256-GCM-SHA384"
    )

    context = settings.options()["ssl_context"]

    assert context.check_hostname
    names = {cipher["name"] for cipher in context.get_ciphers()}
    assert "ECDHE-RSA-AES256-GCM-SHA384" in names
    assert "ECDHE-RSA-AES128-GCM-SHA256" not in names


def test_wrong_certificate_file_is_one_sentence() -> None:
    """A file that is not there is named by its setting."""
    settings = KafkaSettings(
        "kafka:9093", security_protocol="SSL", ssl_cafile="/nowhere/ca.pem"
    )

    with pytest.raises(SetUpError, match="ssl_cafile"):
        settings.options()


@pytest.mark.parametrize("level", [logging.NOTSET, logging.DEBUG])
def test_library_never_logs_below_its_bound(level: int) -> None:
    """However open the root is, the library is kept from printing what it carries."""
    logger = logging.getLogger("kafka")
    logger.setLevel(level)

    quieten()

    assert not logging.getLogger("kafka.producer.kafka").isEnabledFor(logging.INFO - 1)


def test_every_error_is_an_orchestrators() -> None:
    """Callers sort errors by our tree alone."""
    assert issubclass(LogUnavailable, OrchestratorError)
