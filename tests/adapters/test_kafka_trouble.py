"""Why a connection to Kafka fails, and what opens the next one."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from kafka.errors import (
    IllegalSaslStateError,
    InvalidReceiveError,
    KafkaConnectionError,
    SaslAuthenticationFailedError,
)

from orchestrator.adapters.kafka import KafkaSettings, KafkaTopics
from orchestrator.adapters.kafka.credentials import FreshCredentials
from orchestrator.adapters.kafka.trouble import Trouble
from orchestrator.ports.event_log import LogUnavailable
from orchestrator.settings import KeptSecret, Settings
from tests.connectors.authority import Authority

AT = "kafka-1:9093"


def a_verification(code: int) -> KafkaConnectionError:
    """Make the failure of a handshake in which OpenSSL minded the certificate."""
    inner = ssl.SSLCertVerificationError("canary")
    inner.verify_code = code
    failure = KafkaConnectionError("The handshake failed.")
    failure.__cause__ = inner
    return failure


def an_alert(reason: str) -> KafkaConnectionError:
    """Make the failure of a connection on which the broker sent an alert."""
    inner = ssl.SSLError("canary")
    inner.reason = reason
    return KafkaConnectionError(inner)


@pytest.mark.parametrize(
    ("failure", "hint"),
    [
        pytest.param(a_verification(10), "has expired", id="expired"),
        pytest.param(a_verification(9), "is not valid yet", id="too early"),
        pytest.param(a_verification(19), "an authority that we", id="authority"),
        pytest.param(a_verification(62), "is for another name", id="name"),
        pytest.param(a_verification(64), "is for another name", id="address"),
        pytest.param(a_verification(23), "(OpenSSL's error 23)", id="revoked"),
        pytest.param(
            an_alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "SSL_CERTFILE", id="wanted"
        ),
        pytest.param(an_alert("TLSV1_ALERT_UNKNOWN_CA"), "SSL_CERTFILE", id="ours"),
        pytest.param(an_alert("WRONG_VERSION_NUMBER"), "speak TLS", id="no TLS"),
        pytest.param(
            SaslAuthenticationFailedError("canary"), "user or password", id="password"
        ),
        pytest.param(IllegalSaslStateError(), "wants no password", id="no login"),
        pytest.param(InvalidReceiveError("canary"), "no Kafka in clear", id="garbled"),
        pytest.param(
            KafkaConnectionError("socket disconnected"), "hangs up", id="hangs up"
        ),
    ],
)
def test_failure_is_one_sentence(failure: Exception, hint: str) -> None:
    """The address is named and what to do; nothing of the library's text is."""
    trouble = Trouble()

    trouble.note(AT, failure)

    assert trouble.sentence is not None
    assert AT in trouble.sentence
    assert hint in trouble.sentence
    assert "canary" not in trouble.sentence


def test_broker_that_is_merely_away_is_no_trouble() -> None:
    """A refused connection says nothing that the outage does not say better."""
    trouble = Trouble()
    trouble.note(AT, SaslAuthenticationFailedError())

    trouble.note(AT, KafkaConnectionError("111 ECONNREFUSED"))

    assert trouble.sentence is None


def test_good_connection_ends_the_trouble() -> None:
    """What was wrong with one broker is over once it lets us in."""
    trouble = Trouble()
    trouble.note(AT, SaslAuthenticationFailedError())

    trouble.note(AT, None)

    assert trouble.sentence is None


def test_start_is_hopeless_only_if_no_broker_may_let_us_in() -> None:
    """One bad certificate of two is borne; whoever hangs up may be about to start."""
    trouble = Trouble()
    trouble.note(AT, a_verification(10))
    trouble.note("kafka-2:9093", KafkaConnectionError("socket disconnected"))
    waits = trouble.is_hopeless(2)

    trouble.note("kafka-2:9093", SaslAuthenticationFailedError())

    assert (waits, trouble.is_hopeless(2)) == (False, True)


def test_peer_that_never_speaks_is_given_up() -> None:
    """A handshake without an answer ends with the time for reaching a broker."""
    silent = socket.create_server(("127.0.0.1", 0))
    settings = KafkaSettings(
        f"127.0.0.1:{silent.getsockname()[1]}",
        security_protocol="SSL",
        bootstrap_timeout=1,
    )
    caught: list[LogUnavailable] = []

    def ask() -> None:
        try:
            KafkaTopics(settings).missing([])
        except LogUnavailable as error:
            caught.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(60)
    silent.close()

    (error,) = caught
    assert settings.bootstrap in str(error)


@pytest.fixture
def certified(tmp_path: Path) -> KafkaSettings:
    """Return settings with certificates of our own."""
    authority = Authority(tmp_path)
    return KafkaSettings(
        "kafka:9093",
        security_protocol="SSL",
        ssl_cafile=str(authority.file),
        ssl_certfile=str(authority.certified("erasure")),
    )


def _touch(path: str | None, text: str | None = None) -> None:
    """Replace a file, as whoever renews certificates does."""
    assert path is not None
    made = Path(f"{path}.new")
    if text is None:
        shutil.copy(path, made)
    else:
        made.write_text(text)
    made.replace(path)
    os.utime(path, (1, 1))


def test_certificates_are_read_again_once_they_are_replaced(
    certified: KafkaSettings,
) -> None:
    """An unchanged file is not read for each connection; a new one is."""
    fresh = FreshCredentials(certified)
    first, same = fresh()["ssl_context"], fresh()["ssl_context"]

    _touch(certified.ssl_certfile)

    assert first is same
    assert fresh()["ssl_context"] is not first


def test_broken_certificate_leaves_the_last_good_one(certified: KafkaSettings) -> None:
    """In the middle of an exchange the files may not fit each other."""
    fresh = FreshCredentials(certified)
    first = fresh()["ssl_context"]

    _touch(certified.ssl_certfile, "half a certificate")

    assert fresh()["ssl_context"] is first


def test_password_is_read_again_for_each_connection(certified: KafkaSettings) -> None:
    """Beside certificates that stay as they are."""
    passwords = iter(["at start", "one", "another"])
    fresh = FreshCredentials(
        replace(
            certified,
            security_protocol="SASL_SSL",
            sasl_mechanism="PLAIN",
            sasl_username="erasure",
            sasl_password=lambda: next(passwords),
        )
    )

    one, other = fresh(), fresh()

    found = [options["sasl_plain_password"] for options in (one, other)]
    assert found == ["one", "another"]
    assert one["ssl_context"] is other["ssl_context"]


def test_password_in_a_file_is_what_the_file_says(tmp_path: Path) -> None:
    """While the file is away the password is the one of the start."""
    file = tmp_path / "password"
    file.write_text("one\n")
    settings = Settings.model_validate(
        {
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": "PLAIN",
            "kafka_sasl_username": "erasure",
            "kafka_sasl_password": f"file:{file}",
        }
    )
    password = settings.kafka_sasl_password
    assert isinstance(password, KeptSecret)

    file.write_text("another\n")
    replaced = password.now()
    file.unlink()

    assert (replaced, password.now()) == ("another", "one")
    assert "one" not in repr(password)
