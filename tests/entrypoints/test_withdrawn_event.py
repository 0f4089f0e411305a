"""The portal withdraws a request that it sent before."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.adapters.sql import tables as t
from orchestrator.ports.event_log import Message
from schemas.cloudevents import Envelope, encode
from schemas.topics import REQUESTS
from schemas.withdrawals import RequestWithdrawal
from tests.schemas.submissions import the_value
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission

ADA = Human(1)


def a_withdrawal(
    request_id: str = ADA.request_id, source: str = "/portal/test", **data: object
) -> Message:
    """Build the event by which a portal withdraws a request."""
    event = Envelope(
        id=str(uuid.uuid4()),
        source=source,
        type=RequestWithdrawal.TYPE,
        time=None,
        data=the_value({"request_id": request_id, **data}),
    )
    made = encode(event, request_id)
    return Message(REQUESTS, made.key or b"", made.headers, made.value)


def _rejections(installation: AnInstallation) -> list[Mapping[str, Any]]:
    """Return what the portal is told to correct."""
    with installation.parts.database.reading() as connection:
        rows = connection.execute(select(t.outbox.c.type, t.outbox.c.data)).all()
    return [json.loads(row.data) for row in rows if row.type.endswith("rejected.v1")]


def test_withdrawal_stops_the_case_of_its_request(
    installation: AnInstallation,
) -> None:
    """Everything settles; the history says on whose word and why."""
    case = installation.a_case(ADA, "erasure")

    installation.publish(a_withdrawal(reason="duplicate"))
    installation.ingest()

    shown = installation("case", "show", case, "--json").data
    assert {task["status"] for task in shown["tasks"]} == {"settled"}
    assert (shown["history"][-1]["by"], shown["history"][-1]["detail"]) == (
        "portal",
        "duplicate",
    )
    assert not _rejections(installation)


def test_request_and_withdrawal_of_one_batch_are_taken_in_order(
    installation: AnInstallation,
) -> None:
    """A person who is quick enough leaves no task behind at all."""
    installation.publish(a_submission(ADA, "erasure"), a_withdrawal())
    installation.ingest()

    (case,) = installation("case", "list", "--json").data
    assert case["tasks_settled"] == case["tasks"]
    assert not _rejections(installation)


def test_withdrawal_that_comes_twice_changes_nothing(
    installation: AnInstallation,
) -> None:
    """The second is neither refused nor written down."""
    case = installation.a_case(ADA, "erasure")

    for _ in range(2):
        installation.publish(a_withdrawal())
        installation.ingest()

    history = installation("case", "show", case, "--json").data["history"]
    events = [line["event"] for line in history]
    assert events.count("RequestWithdrawn") == 1
    assert not _rejections(installation)


def test_withdrawal_of_a_stranger_is_kept_and_told(
    installation: AnInstallation,
) -> None:
    """A request that was never taken cannot be withdrawn; somebody should know."""
    installation.publish(a_withdrawal())
    installation.ingest()

    (told,) = _rejections(installation)
    (kept,) = installation("quarantine", "list", "--json").data
    assert (told["code"], told["request_id"]) == ("unknown_request", ADA.request_id)
    assert kept["code"] == "unknown_request"


def test_only_the_source_of_a_request_withdraws_it(
    installation: AnInstallation,
) -> None:
    """Another producer of the topic stops nobody's request; both are told apart."""
    case = installation.a_case(ADA, "erasure")

    installation.publish(a_withdrawal(source="/shop"))
    installation.ingest()

    (told,) = _rejections(installation)
    (kept,) = installation("quarantine", "list", "--json").data
    assert (told["code"], told["request_id"]) == ("other_source", ADA.request_id)
    assert kept["code"] == "other_source"
    assert installation("case", "show", case, "--json").data["withdrawn_at"] is None


def test_name_that_may_be_a_persons_is_not_repeated(
    installation: AnInstallation,
) -> None:
    """Of an unknown request only a random name goes out again."""
    installation.publish(a_withdrawal(ADA.customer_id))
    installation.ingest()

    (told,) = _rejections(installation)
    assert "request_id" not in told


def test_kept_withdrawal_can_be_released_after_its_request(
    installation: AnInstallation,
) -> None:
    """An operator who lets the request go on lets its end follow."""
    installation.publish(a_withdrawal())
    installation.ingest()
    case = installation.a_case(ADA, "erasure")
    (kept,) = installation("quarantine", "list", "--json").data

    released = installation("quarantine", "release", kept["id"], "--by", "dpo-2")

    assert released.code == 0
    assert installation("case", "show", case, "--json").data["withdrawn_at"]


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param("she called", id="free text"),
        pytest.param(3, id="number"),
    ],
)
def test_withdrawal_that_breaks_the_contract_stops_nothing(
    reason: object, installation: AnInstallation
) -> None:
    """A reason that nobody knows is refused, and the case goes on."""
    case = installation.a_case(ADA, "erasure")

    installation.publish(a_withdrawal(reason=reason))
    installation.ingest()

    (told,) = _rejections(installation)
    assert (told["code"], told["pointer"]) == ("invalid_value", "/reason")
    assert installation("case", "show", case, "--json").data["withdrawn_at"] is None
