"""A Kafka with TLS, logins and rights: what gets in works, what does not is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from orchestrator.adapters.kafka import (
    KafkaConsumer,
    KafkaPublisher,
    KafkaSettings,
    KafkaTopics,
)
from orchestrator.bootstrap.log import kafka_settings
from orchestrator.errors import SetUpError
from orchestrator.ports.event_log import LogUnavailable, Message
from orchestrator.settings import Settings
from schemas.topics import CASE_EVENTS, CONFIRMATIONS, REQUESTS, instructions_topic
from tests.support.command import Ran
from tests.support.installation import AnInstallation
from tests.support.logs import (
    PlainTopic,
    Positions,
    a_message,
    collect,
    eventually,
)
from tests.support.people import a_submission, held_of, humans, settle_in
from tests.support.secure_broker import PASSWORD, USER, SecureBroker
from tests.support.site import Backend
from tests.support.site_fixtures import NewSite

PAGE = (Path(__file__).parents[2] / "docs" / "kafka.md").read_text(encoding="utf-8")

# The library leaves the socket of a connection that was refused to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    """Lend a broker where our users have the rights of the page, and no other."""
    broker = SecureBroker(tmp_path_factory.mktemp("authority"))
    try:
        broker.start()
        broker.set_password(PASSWORD)
        broker.allow(re.findall(r"^kafka-acls\.sh .*$", PAGE, re.MULTILINE))
        yield broker
    finally:
        broker.remove()


def by(way: str, broker: SecureBroker) -> dict[str, str]:
    """Return the settings of a process that comes in by *way*."""
    trusting = {
        "ERASURE_KAFKA_SSL_CAFILE": str(broker.cafile),
        "ERASURE_CONSUMER_GROUP": "erasure",  # the one that the page gives rights to
    }
    if way == "certificate":
        return trusting | {
            "ERASURE_KAFKA": broker.door("certificate"),
            "ERASURE_KAFKA_SECURITY_PROTOCOL": "SSL",
            "ERASURE_KAFKA_SSL_CERTFILE": str(broker.client_pem),
        }
    return trusting | {
        "ERASURE_KAFKA": broker.door("login"),
        "ERASURE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "ERASURE_KAFKA_SASL_MECHANISM": way,
        "ERASURE_KAFKA_SASL_USERNAME": USER,
        "ERASURE_KAFKA_SASL_PASSWORD": PASSWORD,
    }


@pytest.fixture
def installation(tmp_path: Path, secured: SecureBroker) -> Iterator[AnInstallation]:
    """Lend an installation beside that broker."""
    made = AnInstallation(tmp_path, kafka=secured.bootstrap)
    yield made
    made.close()


@pytest.fixture(scope="module")
def created(secured: SecureBroker, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Create the topics from outside, and return what the command said."""
    made = AnInstallation(tmp_path_factory.mktemp("made"), kafka=secured.bootstrap)
    made.env |= by("SCRAM-SHA-512", secured)
    ran = made("topics", "create")
    made.close()
    return ran


def test_topics_are_created_through_the_login(created: Ran) -> None:
    """The rights of the page suffice for `erasure topics create`."""
    assert (created.code, created.err) == (0, "")
    assert created.out.count(": created") == 3


@pytest.mark.parametrize("way", ["SCRAM-SHA-512", "PLAIN", "certificate"])
def test_request_comes_to_its_receipt(
    way: str,
    secured: SecureBroker,
    created: Ran,
    new_site: NewSite,
    database_url: str,
) -> None:
    """By each way in, the rights of the page suffice from the request to the end."""
    assert created.code == 0
    site = new_site(Backend(database_url, secured.bootstrap))
    people = humans(2)
    settle_in(site.fakes, people)
    site.publish(*(a_submission(human) for human in people))

    site.env |= by(way, secured)
    site.run_until_over(2)

    assert {receipt.result for receipt in site.receipts().values()} == {"complete"}
    assert [human for human in people if held_of(site.fakes, human)] == []
    assert PASSWORD not in site.log.read_text()


@pytest.mark.parametrize("way", ["SCRAM-SHA-512", "PLAIN", "certificate"])
def test_way_in_is_all_right(
    way: str, secured: SecureBroker, created: Ran, installation: AnInstallation
) -> None:
    """`config check` finds nothing wrong with an event log that lets us in."""
    installation.env |= by(way, secured)
    ran = installation("config", "check")

    assert created.code == 0
    assert "event log: all right" in ran.out
    assert "log of statements: all right" in ran.out


REFUSED: Mapping[str, tuple[str, dict[str, str], str]] = {
    "wrong password, SCRAM": (
        "SCRAM-SHA-512",
        {"ERASURE_KAFKA_SASL_PASSWORD": "canary-of-a-guess"},
        (
            "Kafka at {login} refused our user or password: check"
            " ERASURE_KAFKA_SASL_USERNAME, ERASURE_KAFKA_SASL_PASSWORD and "
        ),
    ),
    "wrong password, PLAIN": (
        "PLAIN",
        {"ERASURE_KAFKA_SASL_PASSWORD": "canary-of-a-guess"},
        "Kafka at {login} refused our user or password: check ",
    ),
    "unknown user": (
        "SCRAM-SHA-512",
        {"ERASURE_KAFKA_SASL_USERNAME": "somebody"},
        "Kafka at {login} refused our user or password: check ",
    ),
    "other mechanism": (
        "SCRAM-SHA-256",
        {},
        (
            "Kafka at {login} does not offer our way to log in: write one that it does"
            " in ERASURE_KAFKA_SASL_MECHANISM."
        ),
    ),
    "unknown authority": (
        "PLAIN",
        {"ERASURE_KAFKA_SSL_CAFILE": ""},
        (
            "The certificate of Kafka at {login} is from an authority that we do not"
            " know: write the file with that authority's certificate in"
            " ERASURE_KAFKA_SSL_CAFILE."
        ),
    ),
    "another host": (
        "certificate",
        {"ERASURE_KAFKA": "stranger"},
        (
            "The certificate of Kafka at {stranger} is for another name: write the name"
            " that is in it in ERASURE_KAFKA, or have its operators give it one"
        ),
    ),
    "expired": (
        "certificate",
        {"ERASURE_KAFKA": "lapsed"},
        "The certificate of Kafka at {lapsed} has expired: have its operators renew it",
    ),
    "no certificate of ours": (
        "certificate",
        {"ERASURE_KAFKA_SSL_CERTFILE": ""},
        # What it says may be lost where it hangs up at once; both name the setting.
        "ERASURE_KAFKA_SSL_CERTFILE",
    ),
    "in clear": (
        "certificate",
        {
            "ERASURE_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
            "ERASURE_KAFKA_SSL_CAFILE": "",
            "ERASURE_KAFKA_SSL_CERTFILE": "",
        },
        "ERASURE_KAFKA_SECURITY_PROTOCOL",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_way_that_is_closed_is_one_sentence(
    case: str, secured: SecureBroker, installation: AnInstallation
) -> None:
    """`config check` and `run` say alike why Kafka is not reached and what to do."""
    way, wrong, sentence = REFUSED[case]
    installation.env |= by(way, secured) | wrong
    door = installation.env["ERASURE_KAFKA"]
    if ":" not in door:
        installation.env["ERASURE_KAFKA"] = secured.door(door)
    doors = {name: secured.door(name) for name in ("login", "lapsed", "stranger")}

    checked = installation("config", "check")
    ran = installation("run")

    (said,) = (one for one in checked.sentences if one.startswith("event log: "))
    (told,) = ran.sentences
    assert sentence.format(**doors) in said
    # Not always the same words: what a broker says as it hangs up may be lost.
    assert sentence.format(**doors) in told
    assert (checked.code, ran.code, ran.out) == (2, 2, "")
    assert "canary" not in checked.out + checked.err + ran.err


def test_tls_where_none_is_spoken_is_one_sentence(secured: SecureBroker) -> None:
    """Somebody who hangs up may be about to start: that is tried for a while."""
    settings = KafkaSettings(
        secured.bootstrap, security_protocol="SSL", ssl_cafile=str(secured.cafile)
    )

    with pytest.raises(LogUnavailable, match="ERASURE_KAFKA_SECURITY_PROTOCOL"):
        KafkaTopics(settings).missing([])


def test_replaced_password_opens_the_next_connection(
    secured: SecureBroker, created: Ran, tmp_path: Path
) -> None:
    """A client that runs reads its password's file again; it need not start again."""
    assert created.code == 0
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    publisher = KafkaPublisher(_settings_of_user(secured, f"file:{file}"))
    message = a_message(CASE_EVENTS)
    before = publisher.publish([message])

    secured.set_password("another")
    file.write_text("another")
    secured.restart()
    try:
        eventually(lambda: _takes(publisher, message), 120, "the new password")
    finally:
        secured.set_password(PASSWORD)
        publisher.close()

    assert list(before) == [True]


def _takes(publisher: KafkaPublisher, message: Message) -> bool:
    """Tell whether Kafka takes *message*; one that is away does not."""
    try:
        return list(publisher.publish([message])) == [True]
    except LogUnavailable:
        return False


def test_rights_for_participants_are_enough(secured: SecureBroker) -> None:
    """With the page's rights we instruct systems of one's own, and hear them."""
    settings = _settings_of_user(secured, PASSWORD)
    instructions = PlainTopic(instructions_topic("orders"), partitions=1)
    confirmations = PlainTopic(CONFIRMATIONS, partitions=1)
    KafkaTopics(settings).create([instructions, confirmations])
    with ExitStack() as stack:
        ours, theirs = (
            KafkaPublisher(settings),
            KafkaPublisher(KafkaSettings(secured.bootstrap)),
        )
        stack.callback(ours.close)
        stack.callback(theirs.close)
        reader = KafkaConsumer(
            settings,
            [CONFIRMATIONS],
            group=f"erasure.{CONFIRMATIONS}",
            stored=Positions(),
        )
        stack.callback(reader.close)

        sent = ours.publish([a_message(instructions.name)])
        theirs.publish([a_message(CONFIRMATIONS)])
        (heard,) = collect(reader, 1, within=60)

    assert list(sent) == [True]
    assert heard.topic == CONFIRMATIONS


def test_right_that_is_not_given_is_told(secured: SecureBroker, created: Ran) -> None:
    """Whoever may not write is told where the rights are listed."""
    assert created.code == 0
    publisher = KafkaPublisher(_settings_of_user(secured, PASSWORD))

    with pytest.raises(SetUpError, match=r"docs/kafka\.md"):
        publisher.publish([a_message(REQUESTS)])

    publisher.close()


def _settings_of_user(broker: SecureBroker, password: str) -> KafkaSettings:
    """Return how our user comes in, with a password or a reference to it."""
    return kafka_settings(
        Settings.model_validate(
            {
                "kafka": broker.door("login"),
                "kafka_security_protocol": "SASL_SSL",
                "kafka_sasl_mechanism": "SCRAM-SHA-512",
                "kafka_sasl_username": USER,
                "kafka_sasl_password": password,
                "kafka_ssl_cafile": broker.cafile,
            }
        )
    )
