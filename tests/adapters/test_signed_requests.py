"""Who is listened to on the requests topic, and what becomes of everybody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.adapters.intake.signed_requests import SignedRequests
from orchestrator.ports import SaidEvent
from schemas.intake import SubmittedRequest, WithdrawnRequest
from schemas.rejections import Rejection, RejectionCode
from tests.adapters.hostile_events import (
    DSSE,
    HERE,
    NOW,
    PORTAL,
    RETIRED,
    STRANGER,
    UNVERIFIED,
    VERIFIED,
    Sent,
    event_bytes,
    nested,
    publishers,
    sign,
)
from tests.schemas.submissions import DROP, EVENT_ID, REQUEST_ID, a_request


def _reader(*, takes_unsigned: bool = False, **changes: bool) -> SignedRequests:
    return SignedRequests(
        publishers(**changes),
        HERE,
        str.encode,
        controllers=("maison-exemple", "autre-maison"),
        takes_unsigned=takes_unsigned,
    )


def _read(sent: Sent, at: datetime = NOW, **changes: bool) -> SaidEvent:
    return _reader(**changes).read(*sent, at)


def _refused(sent: Sent, at: datetime = NOW) -> Rejection:
    found = _read(sent, at).what
    assert isinstance(found, Rejection)
    return found


def test_signed_request_is_taken() -> None:
    """It reads as if it had come in binary mode, and is marked to be known again."""
    said = _read(sign(event_bytes()))

    assert isinstance(said.what, SubmittedRequest)
    assert said.what.request_id == REQUEST_ID
    assert said.mark is not None
    assert (said.mark.source, said.mark.event_id) == ("/portal/maison", EVENT_ID)
    assert not said.is_late


def test_every_type_comes_signed() -> None:
    """The envelope is around the event, whatever its type."""
    kind, data = "privacy.request.withdrawn.v1", {"request_id": REQUEST_ID}

    said = _read(sign(event_bytes(type=kind, data=data)))

    assert isinstance(said.what, WithdrawnRequest)


def test_equal_headers_are_allowed() -> None:
    """A producer may repeat attributes for those who route by them."""
    headers = ("ce_id", EVENT_ID.encode()), ("ce_specversion", b"1.0")

    assert isinstance(
        _read(sign(event_bytes(), PORTAL, *headers)).what, SubmittedRequest
    )


def test_key_without_a_name_is_found() -> None:
    """DSSE's keyid is a hint: a good signature holds without it."""
    document = json.loads(sign(event_bytes())[1] or b"")
    del document["signatures"][0]["keyid"]

    said = _read(((DSSE,), json.dumps(document).encode()))

    assert isinstance(said.what, SubmittedRequest)


@pytest.mark.parametrize(
    ("at", "is_taken"),
    [
        pytest.param(datetime(2026, 11, 22, 23, 59, tzinfo=UTC), True, id="last day"),
        pytest.param(datetime(2026, 11, 23, 0, 0, tzinfo=UTC), False, id="day after"),
    ],
)
def test_old_and_new_key_overlap(at: datetime, *, is_taken: bool) -> None:
    """Until its last day the old key signs as well as the new one."""
    times = {"time": at.isoformat(), "expirytime": (at + timedelta(1)).isoformat()}

    new, old = (
        _read(sign(event_bytes(**times), key), at).what for key in (PORTAL, RETIRED)
    )

    assert isinstance(new, SubmittedRequest)
    assert isinstance(old, SubmittedRequest) is is_taken


@pytest.mark.parametrize(("made", "code"), UNVERIFIED.values(), ids=UNVERIFIED)
def test_what_nobody_signed_is_refused_unread(
    made: Callable[[], Sent], code: str
) -> None:
    """It names no event, so nobody is answered whoever asked."""
    found = _refused(made())

    assert found.code.value == code
    assert (found.request_id, found.source, found.event_id) == (None, None, None)


@pytest.mark.parametrize(("made", "code"), VERIFIED.values(), ids=VERIFIED)
def test_what_a_publisher_may_not_say_is_refused(
    made: Callable[[], Sent], code: str
) -> None:
    """The signature holds, and the rejection says what does not."""
    assert _refused(made()).code.value == code


@pytest.mark.parametrize("payload", [b"{", nested(5_000), b"\xff", b"[1,1]"])
def test_nothing_of_a_payload_is_parsed_before_its_signature_holds(
    payload: bytes,
) -> None:
    """Signed it is refused for what it says, forged only for its signature."""
    signed, forged = _refused(sign(payload)), _refused(sign(payload, STRANGER))

    assert signed.code in {RejectionCode.MALFORMED_JSON, RejectionCode.INVALID_VALUE}
    assert forged.code is RejectionCode.UNKNOWN_KEY


def test_publisher_is_told_of_its_own_event() -> None:
    """The names of a verified event stand in the rejection where they are harmless."""
    found = _refused(sign(event_bytes(audience="staging.example.com")))

    assert (found.request_id, found.source, found.event_id) == (
        REQUEST_ID,
        "/portal/maison",
        EVENT_ID,
    )


def test_only_random_names_of_a_sealed_event_are_repeated() -> None:
    """Nobody can compare a name with a person who is not opened yet."""
    telling = {"subject": DROP, "subject_sealed": "x", "request_id": "moreau.ada"}
    harmless = {**telling, "request_id": REQUEST_ID}
    elsewhere = {"audience": "staging.example.com"}

    told, named = (
        _refused(sign(event_bytes(id=id_, data=a_request(**data), **elsewhere)))
        for id_, data in (("C-1001", telling), (EVENT_ID, harmless))
    )

    assert (told.request_id, told.event_id) == (None, None)
    assert (named.request_id, named.event_id) == (REQUEST_ID, EVENT_ID)


def test_late_event_is_read_and_marked_late() -> None:
    """Whether it is a repeat of one that was in time, only its history can tell."""
    said = _read(sign(event_bytes()), NOW + timedelta(days=7))

    assert isinstance(said.what, SubmittedRequest)
    assert said.is_late


def test_register_can_demand_sealed_subjects() -> None:
    """A publisher that seals is not heard in clear any more."""
    data = a_request()
    subject = data.pop("subject")
    sealed = {**data, "subject_sealed": json.dumps(subject)}

    clear = _read(sign(event_bytes()), sealed_only=True).what
    closed = _read(sign(event_bytes(data=sealed)), sealed_only=True).what

    assert isinstance(clear, Rejection)
    assert clear.code is RejectionCode.NOT_SEALED
    assert isinstance(closed, SubmittedRequest)
    assert closed.request.subject.customer_id == subject["customer_id"]


def test_unsigned_events_are_taken_where_somebody_allows_it() -> None:
    """A trial needs no keys; signed events are taken there as well."""
    binary = UNVERIFIED["unsigned binary"][0]()

    assert isinstance(_read(binary, takes_unsigned=True).what, SubmittedRequest)
    assert isinstance(
        _read(sign(event_bytes()), takes_unsigned=True).what, SubmittedRequest
    )
    forged = _read(sign(event_bytes(), STRANGER), takes_unsigned=True).what
    assert isinstance(forged, Rejection)
