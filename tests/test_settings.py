"""What the environment says, and what it says when something is wrong with it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.errors import SetUpError
from orchestrator.settings import LogFormat, Settings, load_settings, variable_of
from tests.support.settings_doc import PAGE, rewritten

PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own settings stay outside."""
    for name in os.environ:
        if name.startswith("ERASURE_") and not name.startswith("ERASURE_TEST_"):
            monkeypatch.delenv(name)


def test_nothing_set_is_one_machine_without_kafka() -> None:
    """Without any variable everything runs on SQLite and the embedded log."""
    settings = load_settings()

    assert settings.database_url.get_secret_value() == "sqlite:///erasure.db"
    assert settings.kafka == ""
    assert settings.register_path == Path("register.toml")
    assert settings.lease == timedelta(seconds=15)
    assert settings.grace == timedelta(seconds=20)
    assert settings.quarantine_keep_days == 30


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("5", timedelta(seconds=5), id="seconds"),
        pytest.param("500ms", timedelta(milliseconds=500), id="milliseconds"),
        pytest.param("2m", timedelta(minutes=2), id="minutes"),
    ],
)
def test_duration_is_seconds_or_says_its_unit(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: timedelta
) -> None:
    """A plain number is seconds; any other unit is written."""
    monkeypatch.setenv("ERASURE_LEASE", text)

    assert load_settings().lease == expected


@pytest.mark.parametrize("text", ["127.0.0.1:8400", "localhost:0", "[::1]:8400"])
def test_address_is_a_host_and_a_port(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """IPv6 stands in brackets; unset, nobody listens."""
    assert load_settings().callback_bind is None
    monkeypatch.setenv("ERASURE_CALLBACK_BIND", text)

    assert load_settings().callback_bind == text


def test_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass empty variables on; they choose nothing."""
    monkeypatch.setenv("ERASURE_LOG_FORMAT", "")

    assert load_settings().log_format is LogFormat.AUTO


def test_secret_may_be_kept_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A reference leads to the secret, as in the register."""
    secret = tmp_path / "url"
    secret.write_text(f"postgresql+psycopg://u:{PASSWORD}@db/n\n", encoding="utf-8")
    monkeypatch.setenv("ERASURE_DATABASE_URL", f"file:{secret}")

    url = load_settings().database_url.get_secret_value()

    assert url == f"postgresql+psycopg://u:{PASSWORD}@db/n"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param(
            {"ERASURE_KAFAK": "localhost:9092"},
            "ERASURE_KAFAK: no such setting; write ERASURE_KAFKA.",
            id="misspelt",
        ),
        pytest.param(
            {"ERASURE_ZZZZZZZZ": "1"},
            "ERASURE_ZZZZZZZZ: no such setting; `erasure config show` lists them.",
            id="unknown",
        ),
        pytest.param(
            {"ERASURE_LOG_FORMAT": "xml"},
            'ERASURE_LOG_FORMAT: "xml" is not one of auto, console, json; '
            "write ERASURE_LOG_FORMAT=json.",
            id="closed list",
        ),
        pytest.param(
            {"ERASURE_CALLBACK_BIND": "8400"},
            'ERASURE_CALLBACK_BIND: "8400" is not host:port; '
            "write ERASURE_CALLBACK_BIND=127.0.0.1:8400.",
            id="callback_bind_port_alone",
        ),
        pytest.param(
            {"ERASURE_CALLBACK_BIND": "host"},
            'ERASURE_CALLBACK_BIND: "host" is not host:port; '
            "write ERASURE_CALLBACK_BIND=127.0.0.1:8400.",
            id="callback_bind_host_alone",
        ),
        pytest.param(
            {"ERASURE_CALLBACK_BIND": "a:b"},
            'ERASURE_CALLBACK_BIND: "a:b" is not host:port; '
            "write ERASURE_CALLBACK_BIND=127.0.0.1:8400.",
            id="callback_bind_no_port",
        ),
        pytest.param(
            {"ERASURE_CALLBACK_BIND": "u@h:1"},
            'ERASURE_CALLBACK_BIND: "u@h:1" is not host:port; '
            "write ERASURE_CALLBACK_BIND=127.0.0.1:8400.",
            id="callback_bind_with_a_user",
        ),
        pytest.param(
            {"ERASURE_CALLBACK_BIND": "h:1/x"},
            'ERASURE_CALLBACK_BIND: "h:1/x" is not host:port; '
            "write ERASURE_CALLBACK_BIND=127.0.0.1:8400.",
            id="callback_bind_with_a_path",
        ),
        pytest.param(
            {"ERASURE_LEASE": "0"},
            'ERASURE_LEASE: "0" is not a duration longer than nothing; '
            "write ERASURE_LEASE=15s.",
            id="no time",
        ),
        pytest.param(
            {"ERASURE_QUARANTINE_KEEP_DAYS": "many"},
            'ERASURE_QUARANTINE_KEEP_DAYS: "many" does not fit; '
            "write ERASURE_QUARANTINE_KEEP_DAYS=30.",
            id="number",
        ),
        pytest.param(
            {"ERASURE_DATABASE_URL": "file:/nowhere/url"},
            "ERASURE_DATABASE_URL: The secret's file /nowhere/url cannot be read "
            "(No such file or directory); put it there, readable to this user.",
            id="secret away",
        ),
        pytest.param(
            {"ERASURE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
            "SASL_SSL needs ERASURE_KAFKA_SASL_MECHANISM and "
            "ERASURE_KAFKA_SASL_USERNAME and ERASURE_KAFKA_SASL_PASSWORD; "
            "set them, or ERASURE_KAFKA_SECURITY_PROTOCOL=PLAINTEXT.",
            id="half the credentials",
        ),
        pytest.param(
            {"ERASURE_KAFKA_SASL_USERNAME": "erasure"},
            "ERASURE_KAFKA_SASL_USERNAME changes nothing with PLAINTEXT; set "
            "ERASURE_KAFKA_SECURITY_PROTOCOL to SASL_SSL, or unset it.",
            id="a login that is not used",
        ),
        pytest.param(
            {"ERASURE_KAFKA_SSL_CAFILE": "/ca.pem"},
            "ERASURE_KAFKA_SSL_CAFILE changes nothing with PLAINTEXT; set "
            "ERASURE_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL, or unset it.",
            id="certificates that are not used",
        ),
        pytest.param(
            {
                "ERASURE_KAFKA_SECURITY_PROTOCOL": "SSL",
                "ERASURE_KAFKA_SSL_KEYFILE": "/key.pem",
            },
            "ERASURE_KAFKA_SSL_KEYFILE needs ERASURE_KAFKA_SSL_CERTFILE; set that too.",
            id="a key without its certificate",
        ),
    ],
)
def test_mistake_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    """Each mistake names its variable and says what to write."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SetUpError) as caught:
        load_settings()

    assert str(caught.value) == expected


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable does not hide a wrong value."""
    monkeypatch.setenv("ERASURE_KAFAK", "localhost:9092")
    monkeypatch.setenv("ERASURE_LEASE", "soon")
    monkeypatch.setenv("ERASURE_LOG_LEVEL", "loud")

    with pytest.raises(SetUpError) as caught:
        load_settings()

    told = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert told == ["ERASURE_KAFAK", "ERASURE_LOG_LEVEL", "ERASURE_LEASE"]


def test_variables_of_the_tests_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What points the tests at a running broker is no misspelt setting."""
    monkeypatch.setenv("ERASURE_TEST_KAFKA", "localhost:9092")
    monkeypatch.setenv("ERASURE_VENDOR_SPECS", "specs")

    assert load_settings().kafka == ""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("sqlite:///a/b.db", "sqlite:///a/b.db", id="sqlite"),
        pytest.param(
            f"postgresql+psycopg://u:{PASSWORD}@db:5432/n",
            "postgresql+psycopg://u:********@db:5432/n",
            id="password",
        ),
        pytest.param(
            f"postgresql+psycopg://db/n?user=u&password={PASSWORD}",
            "postgresql+psycopg://db/n?user=u&password=********",
            id="password in the query",
        ),
        pytest.param(
            f"postgresql+psycopg://u:{PASSWORD}/1@db/n", "********", id="slash inside"
        ),
        pytest.param(
            f"postgresql+psycopg://u:{PASSWORD}#1@db/n", "********", id="hash inside"
        ),
        pytest.param(PASSWORD, "********", id="no address at all"),
    ],
)
def test_shown_address_hides_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: str
) -> None:
    """`erasure config show` tells where the database is, not how to get in."""
    monkeypatch.setenv("ERASURE_DATABASE_URL", url)

    assert load_settings().redacted()["ERASURE_DATABASE_URL"] == expected


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither `redacted` nor `repr` holds a secret."""
    monkeypatch.setenv("ERASURE_DATABASE_URL", f"postgresql://u:{PASSWORD}@db/n")
    monkeypatch.setenv("ERASURE_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("ERASURE_KAFKA_SASL_MECHANISM", "PLAIN")
    monkeypatch.setenv("ERASURE_KAFKA_SASL_USERNAME", "erasure")
    monkeypatch.setenv("ERASURE_KAFKA_SASL_PASSWORD", PASSWORD)

    settings = load_settings()

    assert settings.kafka_sasl_password is not None
    assert settings.kafka_sasl_password.get_secret_value() == PASSWORD
    assert settings.redacted()["ERASURE_KAFKA_SASL_PASSWORD"] == "********"
    assert PASSWORD not in f"{settings.redacted()} {settings!r} {settings.model_dump()}"


def test_every_setting_has_a_meaning_and_an_example() -> None:
    """The documents and the sentences about mistakes are written from these."""
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.examples, name
        assert variable_of(name).startswith("ERASURE_")


def test_page_is_written_from_the_model() -> None:
    """docs/settings.md lists every variable as the model has it."""
    page = PAGE.read_text(encoding="utf-8")

    assert page == rewritten(page)
