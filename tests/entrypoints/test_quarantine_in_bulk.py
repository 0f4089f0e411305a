"""How people find their way in a quarantine with much in it."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from orchestrator.adapters.intake.quarantine import DropReason
from orchestrator.entrypoints.actions.releasing import Releasing
from orchestrator.stages.alarm import QuarantineAlarm
from schemas.rejections import RejectionCode
from tests.entrypoints.test_withdrawn_event import a_withdrawal
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission
from tests.support.publisher import signed

SUBMITTED = "privacy.request.submitted.v1"
WITHDRAWN = "privacy.request.withdrawn.v1"
STRANGER = "another-house"
FORGED = ("--by", "dpo-1", "--reason", "forged")


@pytest.fixture
def flooded(installation: AnInstallation) -> AnInstallation:
    """Let four events be forged, and two of a publisher refused."""
    forged = [a_submission(Human(n)) for n in (1, 2, 3)]
    forged.append(a_withdrawal(Human(4).request_id))
    installation.parts.publisher.publish(forged)
    installation.publish(
        a_submission(Human(5), controller=STRANGER), a_withdrawal(Human(6).request_id)
    )
    installation.ingest()
    return installation


def test_list_names_type_and_request(flooded: AnInstallation) -> None:
    """The type as the event claims it; the request only where a publisher signed."""
    lines = flooded("quarantine", "list", "--json").data

    assert [(one["code"], one["type"], one["request_id"]) for one in lines] == [
        ("not_signed", SUBMITTED, None),
        ("not_signed", SUBMITTED, None),
        ("not_signed", SUBMITTED, None),
        ("not_signed", WITHDRAWN, None),
        ("unknown_controller", SUBMITTED, Human(5).request_id),
        ("unknown_request", WITHDRAWN, Human(6).request_id),
    ]
    assert Human(5).request_id in flooded("quarantine", "list").out


def test_nothing_is_read_of_an_envelope_whose_signature_does_not_hold(
    installation: AnInstallation,
) -> None:
    """Its type and request stay unknown, although they stand in it."""
    message = signed(a_submission(Human(1)))
    whole = json.loads(message.value or b"")
    whole["signatures"][0]["sig"] = b64encode(bytes(64)).decode()
    forged = replace(message, value=json.dumps(whole).encode())
    installation.parts.publisher.publish([forged])
    installation.ingest()

    (line,) = installation("quarantine", "list", "--json").data

    assert (line["code"], line["type"], line["request_id"]) == (
        "bad_signature",
        None,
        None,
    )


def test_list_is_filtered_and_counts_what_it_leaves_out(
    flooded: AnInstallation,
) -> None:
    """By code, by type, by both; what is above the limit is said."""
    args = ("--code", "not_signed", "--type", SUBMITTED)
    some = flooded("quarantine", "list", *args, "--limit", 2, "--json")
    every = flooded("quarantine", "list", *args, "--json")
    none = flooded("quarantine", "list", "--code", "expired")

    assert (len(some.data), len(every.data), every.err) == (2, 3, "")
    assert some.sentences == ["1 more are there; --limit shows more of them."]
    assert none.out == "Nothing in quarantine is like this.\n"


def test_what_nobody_signed_is_dropped_by_its_code(flooded: AnInstallation) -> None:
    """A flood ends with one ruling; each event has its entry, the others stay."""
    ids = [
        one["id"]
        for one in flooded("quarantine", "list", "--code", "not_signed", "--json").data
    ]

    ran = flooded("quarantine", "drop", "--code", "not_signed", *FORGED)

    assert (ran.code, ran.out) == (
        0,
        "4 events are dropped; their payloads are destroyed.\n",
    )
    assert len(flooded("quarantine", "list", "--json").data) == 2
    for id_ in ids:
        shown = flooded("quarantine", "show", id_, "--json").data
        assert (shown["state"], shown["reason"]) == ("dropped", "forged")
        assert [(one["action"], one["by"]) for one in shown["actions"]] == [
            ("dropped", "dpo-1")
        ]
        assert flooded.parts.quarantine.sealed(id_) is None


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        pytest.param(("--code", "unknown_controller"), "one by one", id="signed"),
        pytest.param(("--code", "key_not_valid"), "one by one", id="old-key"),
        pytest.param(("--code", "because"), "no code because", id="stranger"),
        pytest.param(("q-1", "--code", "not_signed"), "or all of one", id="both"),
        pytest.param((), "or all of one", id="neither"),
    ],
)
def test_what_somebody_may_have_signed_is_ruled_on_one_by_one(
    flooded: AnInstallation, args: tuple[str, ...], sentence: str
) -> None:
    """A person's wish is never dropped in bulk."""
    ran = flooded("quarantine", "drop", *args, *FORGED)

    assert ran.code != 0
    assert sentence in ran.err
    assert len(flooded("quarantine", "list", "--json").data) == 6


def test_times_are_written_for_people(flooded: AnInstallation) -> None:
    """To the minute, also of what was done."""
    (line, *_) = flooded("quarantine", "list", "--json").data
    flooded("quarantine", "show", line["id"])

    shown = flooded("quarantine", "show", line["id"]).out

    assert re.search(
        r"^shown +\d{4}-\d\d-\d\d \d\d:\d\dZ by operator$", shown, re.MULTILINE
    )
    assert not re.search(r"\d\d:\d\d:\d\d", shown)


def test_request_near_its_day_is_told_once_a_day(flooded: AnInstallation) -> None:
    """By one line that counts, from a week before on, until it is ruled on."""
    lines = flooded.parts.quarantine.lines()
    due = min(one.due_at for one in lines if one.due_at)
    alarm, day = QuarantineAlarm(flooded.parts.quarantine.near), timedelta(days=1)

    with capture_logs() as told:
        alarm.tell(due - 8 * day)
        alarm.tell(due - 6 * day)
        alarm.tell(due - 6 * day + day / 2)
        unsigned, forged = RejectionCode.NOT_SIGNED, DropReason.FORGED
        Releasing(flooded.parts).drop_all(unsigned, "dpo-1", forged)
        alarm.tell(due - 5 * day)

    assert [(one["event"], one["count"]) for one in told] == [
        ("quarantined_request_due", 5),
        ("quarantined_request_due", 1),
    ]
