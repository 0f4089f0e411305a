"""What people do with events that were refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.ports.event_log import Message
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission

ADA = Human(1)
STRANGER = "another-house"
RULED = ("--by", "ops-1", "--reason", "not_a_request")


def _quarantined(installation: AnInstallation, message: Message) -> str:
    """Let *message* be refused, and return what it is called."""
    installation.publish(message)
    installation.ingest()
    (line,) = installation("quarantine", "list", "--json").data
    return str(line["id"])


@pytest.fixture
def refused(installation: AnInstallation) -> str:
    """Quarantine a request to a controller that the register does not have."""
    return _quarantined(installation, a_submission(ADA, controller=STRANGER))


def _payload(installation: AnInstallation, id_: str) -> object:
    """Return the sealed payload of an event, if it is still there."""
    return installation.parts.quarantine.sealed(id_)


def _add_controller(installation: AnInstallation) -> None:
    """Let the register know the stranger."""
    text = installation.register.read_text()
    own = text[text.index("[controllers.") : text.index("[publishers.")]
    text = text.replace(
        'controllers = ["maison-exemple"]',
        f'controllers = ["maison-exemple", "{STRANGER}"]',
    )
    installation.register.write_text(
        text + own.replace("[controllers.maison-exemple]", f"[controllers.{STRANGER}]")
    )


def test_refused_event_is_listed_with_its_reason(
    installation: AnInstallation, refused: str
) -> None:
    """The code and the pointer say what is wrong; nothing of the person is said."""
    ran = installation("quarantine", "show", refused, "--json")

    assert (ran.data["code"], ran.data["pointer"]) == (
        "unknown_controller",
        "/controller",
    )
    assert ran.data["state"] == "waiting"


def test_payload_is_shown_masked(installation: AnInstallation, refused: str) -> None:
    """Its shape is there, with the kinds of its values and none of them."""
    for extra in ([], ["--json"]):
        ran = installation("quarantine", "show", refused, *extra)

        assert ran.code == 0
        assert "customer_id" in ran.out
        assert "(text, 23 characters)" in ran.out
        for trait in ADA.traits.values():
            assert trait not in ran.out + ran.err


def test_names_that_the_schema_lacks_are_not_shown(
    installation: AnInstallation,
) -> None:
    """A member may be called like a person, and so may a header."""
    message = a_submission(ADA)
    value = (message.value or b"").replace(b'"channel"', f'"{ADA.email}"'.encode())
    headers = (*message.headers, (ADA.email, ADA.phone.encode()))
    id_ = _quarantined(installation, replace(message, value=value, headers=headers))

    ran = installation("quarantine", "show", id_)

    assert "(unknown member" in ran.out
    assert "(unknown header): +***" in ran.out
    assert ADA.email not in ran.out


def test_payload_that_is_no_json_shows_its_size(installation: AnInstallation) -> None:
    """Nothing of it is repeated."""
    broken = replace(a_submission(ADA), value=b"Ada " * 9)
    installation.parts.publisher.publish([broken])
    installation.ingest()
    (line,) = installation("quarantine", "list", "--json").data
    id_ = line["id"]

    ran = installation("quarantine", "show", id_)

    assert "(no JSON, 36 bytes)" in ran.out
    assert "Ada" not in ran.out


def test_released_event_opens_its_case(
    installation: AnInstallation, refused: str
) -> None:
    """After the register was mended the request goes on, and its payload is gone."""
    _add_controller(installation)

    ran = installation("quarantine", "release", refused, "--by", "ops-1")

    assert (ran.code, ran.err) == (0, "")
    (case,) = installation("case", "list", "--json").data
    assert case["request_id"] == ADA.request_id
    assert installation("quarantine", "list", "--json").data == []
    line = _line(installation, refused)
    assert (line["state"], line["ended_by"]) == ("released", "ops-1")
    assert _payload(installation, refused) is None


def test_event_that_is_still_wrong_stays(
    installation: AnInstallation, refused: str
) -> None:
    """Releasing it says again what is wrong, and keeps it."""
    ran = installation("quarantine", "release", refused)

    assert (ran.code, ran.out, len(ran.sentences)) == (1, "", 1)
    assert ran.err.startswith("It is still refused (unknown_controller at /controller)")
    assert _line(installation, refused)["state"] == "waiting"
    assert _payload(installation, refused) is not None


def test_dropped_event_is_destroyed(installation: AnInstallation, refused: str) -> None:
    """Its payload is gone; who dropped it stays."""
    ran = installation("quarantine", "drop", refused, *RULED)

    assert (ran.code, ran.err) == (0, "")
    assert _payload(installation, refused) is None
    line = _line(installation, refused)
    assert (line["state"], line["ended_by"]) == ("dropped", "ops-1")
    assert line["ended_at"] is not None


@pytest.mark.parametrize(("verb", "more"), [("release", ()), ("drop", RULED)])
def test_ended_event_cannot_be_ended_again(
    installation: AnInstallation, refused: str, verb: str, more: tuple[str, ...]
) -> None:
    """Exit 1 says what became of it."""
    installation("quarantine", "drop", refused, *RULED)

    ran = installation("quarantine", verb, refused, *more)

    assert (ran.code, len(ran.sentences)) == (1, 1)
    assert f"{refused} is dropped already" in ran.err


@pytest.mark.parametrize(
    ("verb", "more"), [("show", ()), ("release", ()), ("drop", RULED)]
)
def test_stranger_is_named(
    installation: AnInstallation, verb: str, more: tuple[str, ...]
) -> None:
    """Exit 1 and where to look."""
    ran = installation("quarantine", verb, "q-nobody", *more)

    assert (ran.code, ran.out) == (1, "")
    assert ran.sentences == [
        "Nothing is quarantined as q-nobody; `erasure quarantine list` says what is."
    ]


def test_request_waits_for_a_ruling_however_old(
    installation: AnInstallation, refused: str
) -> None:
    """Age alone ends nobody's request; it shows no expiry, and the day it is due."""
    sweep = installation.parts.sweep(lambda: None)
    with installation.parts.database.writing() as connection:
        connection.exec_driver_sql("UPDATE quarantine SET expires_at = 1")

    sweep.turn()

    line = _line(installation, refused)
    assert (line["state"], line["expires_at"]) == ("waiting", None)
    assert line["due_at"] is not None
    assert _payload(installation, refused) is not None


def test_clock_of_a_refused_request_began_with_its_receipt(
    installation: AnInstallation,
) -> None:
    """What a publisher signed says when; read cautiously, the answer is due earlier."""
    received = "2025-11-16T10:58:12+01:00"
    request = a_submission(ADA, controller=STRANGER, received_at=received)

    line = _line(installation, _quarantined(installation, request))

    assert line["received_at"] == "2025-11-16T09:58:12+00:00"
    assert line["due_at"] == "2025-12-15T09:59:59+00:00"


def test_clock_of_what_nobody_signed_begins_when_it_came(
    installation: AnInstallation,
) -> None:
    """A forger sets no clock, and a real request that was not signed has one."""
    installation.parts.publisher.publish([a_submission(ADA)])
    installation.ingest()

    (line,) = installation("quarantine", "list", "--json").data
    assert (line["code"], line["received_at"]) == ("not_signed", line["seen_at"])
    assert line["due_at"] > line["seen_at"]


def test_status_alarms_before_a_refused_request_is_due(
    installation: AnInstallation, refused: str
) -> None:
    """Within a week of the day it is told each time."""
    calm = installation("status")
    with installation.parts.database.writing() as connection:
        connection.exec_driver_sql("UPDATE quarantine SET due_at = seen_at + 1000000")

    ran = installation("status", "--json")

    assert refused
    assert "quarantine" not in calm.err
    assert (ran.data["quarantined"], ran.data["quarantined_near"]) == (1, 1)
    assert "Requests in quarantine are due within 7 days" in ran.err


def test_whatever_is_done_with_an_event_stays_written_down(
    installation: AnInstallation, refused: str
) -> None:
    """Who looked, who tried, who decided and why."""
    installation("quarantine", "show", refused, "--by", "ops-1")
    installation("quarantine", "release", refused, "--by", "ops-2")
    installation("quarantine", "drop", refused, "--by", "dpo-1", "--reason", "forged")

    actions = installation("quarantine", "show", refused, "--json").data["actions"]

    assert [(one["action"], one["by"], one["reason"]) for one in actions] == [
        ("shown", "ops-1", None),
        ("refused", "ops-2", None),
        ("dropped", "dpo-1", "forged"),
    ]


def test_many_events_are_dropped_by_one_ruling(installation: AnInstallation) -> None:
    """After a flood of forged events; each has its own entry."""
    installation.parts.publisher.publish([a_submission(Human(n)) for n in (1, 2, 3)])
    installation.ingest()
    ids = [one["id"] for one in installation("quarantine", "list", "--json").data]

    ran = installation(
        "quarantine", "drop", *ids, "--by", "dpo-1", "--reason", "forged"
    )

    assert (ran.code, len(ran.out.splitlines())) == (0, 3)
    assert installation("quarantine", "list", "--json").data == []
    actions = [
        installation("quarantine", "show", id_, "--json").data["actions"] for id_ in ids
    ]
    assert [one["by"] for (one,) in actions] == ["dpo-1"] * 3


def test_nothing_is_dropped_without_a_name_and_a_reason(
    installation: AnInstallation, refused: str
) -> None:
    """A reason is one out of a closed list."""
    for extra in ([], ["--by", "dpo-1"], ["--by", "dpo-1", "--reason", "because"]):
        assert installation("quarantine", "drop", refused, *extra).code == 2

    assert _line(installation, refused)["state"] == "waiting"


def test_destroyed_payload_stands_in_no_file(
    installation: AnInstallation, refused: str
) -> None:
    """Neither the database nor its write-ahead log keeps the sealed bytes."""
    sealed = _payload(installation, refused)
    assert isinstance(sealed, bytes)
    part = sealed[20:60]
    assert any(part in path.read_bytes() for path in _files(installation))

    installation("quarantine", "drop", refused, *RULED)

    assert not any(part in path.read_bytes() for path in _files(installation))


def _files(installation: AnInstallation) -> list[Any]:
    """Return the files of the database."""
    return list(installation.folder.glob("erasure.db*"))


def _line(installation: AnInstallation, id_: str) -> dict[str, Any]:
    """Return an event's line, ended or not."""
    lines = installation("quarantine", "list", "--all", "--json").data
    (line,) = [one for one in lines if one["id"] == id_]
    return dict(line)
