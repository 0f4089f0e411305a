"""The payload of a receipt says no more than its lines, and nothing of the person."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.connecting import Action, Evidence
from schemas.counts import count_bucket
from schemas.due import Due
from schemas.limits import LIMITS, Limit
from schemas.receipts import (
    ControllerNamed,
    IdentityVerified,
    Line,
    Receipt,
    RecipientNamed,
    Times,
    read_receipt,
    receipt_bytes,
)
from schemas.requests import Channel, Right, VerificationLevel, VerificationMethod
from schemas.retained import RetainedClass

AT = datetime(2026, 11, 16, 10, 0, tzinfo=UTC)
KEPT = RetainedClass(
    record_class="invoice",
    rule="de-invoices",
    statute="AO § 147(3)",
    until=date(2034, 12, 31),
    count="1",
)


def a_line(**changes: Any) -> Line:  # noqa: ANN401
    """Describe an erasure that was read back."""
    good: dict[str, Any] = {
        "recipient": RecipientNamed(legal_name="HubSpot, Inc.", role="processor"),
        "account": "hubspot-eu",
        "connector": "hubspot",
        "connector_version": "1",
        "action": Action.ERASE,
        "identifier_types": ("email",),
        "record_classes": ("contact",),
        "outcome": "done",
        "method": "deleted",
        "evidence": Evidence.E4,
        "count": "1",
        "settled_at": AT,
        "attempts": 1,
    }
    return Line(**{**good, **changes})


def a_receipt(**changes: Any) -> Receipt:  # noqa: ANN401
    """Describe a final receipt of one line."""
    good: dict[str, Any] = {
        "statement_id": "stm-1",
        "number": 1,
        "kind": "final",
        "result": "complete",
        "controller": ControllerNamed(
            id="maison-exemple",
            legal_name="Maison Exemple SAS",
            dpo_contact="dpo@maison-exemple.example",
        ),
        "request_id": "r-1",
        "case_id": "case-1",
        "rights": (Right.ERASURE,),
        "jurisdiction": "FR",
        "channel": Channel.WEB,
        "times": Times(
            received_at=AT, verified_at=AT, opened_at=AT, answered_at=AT, signed_at=AT
        ),
        "due": Due(due_at=AT, rule="eu-1182-71.1", time_zone="Europe/Paris"),
        "identity": IdentityVerified(
            method=VerificationMethod.LOGIN, level=VerificationLevel.SUBSTANTIAL
        ),
        "lines": (a_line(),),
        "register_version": "2026-11-01",
        "software_version": "0.1.0",
        "limits": (Limit.LOOK_IS_A_MOMENT,),
    }
    return Receipt(**{**good, **changes})


OPEN = a_line(outcome="accepted", evidence=Evidence.E1, settled_at=None)
FAILED = a_line(outcome="failed", evidence=None, reasons=("rejected",))
WITH_RETENTION = a_line(retained=(KEPT,))


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        pytest.param("complete", (a_line(), OPEN), id="open line"),
        pytest.param("complete", (FAILED,), id="failed line"),
        pytest.param("complete", (a_line(outcome="not_applicable"),), id="skipped"),
        pytest.param("complete", (a_line(outcome="unconfirmed"),), id="unconfirmed"),
        pytest.param("complete", (a_line(settled_at=None),), id="done but not settled"),
        pytest.param("complete", (a_line(), WITH_RETENTION), id="kept records"),
        pytest.param("complete_with_retention", (a_line(),), id="nothing kept"),
        pytest.param(
            "complete_with_retention", (WITH_RETENTION, OPEN), id="kept and open"
        ),
        pytest.param("partial", (), id="no lines at all"),
    ],
)
def test_a_result_that_its_lines_do_not_bear_cannot_be_said(
    result: str, lines: tuple[Line, ...]
) -> None:
    """Nothing is signed as complete while a line is open, failed or kept."""
    with pytest.raises(ValidationError):
        a_receipt(result=result, lines=lines)


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        pytest.param("complete", (a_line(),), id="all done"),
        pytest.param(
            "complete",
            (a_line(action=Action.LOCATE, outcome="found"), a_line()),
            id="found and done",
        ),
        pytest.param(
            "complete", (a_line(outcome="nothing_found"),), id="nothing found"
        ),
        pytest.param("complete_with_retention", (WITH_RETENTION,), id="kept"),
        pytest.param("partial", (a_line(), FAILED), id="failed"),
        pytest.param("partial", (WITH_RETENTION, FAILED), id="kept and failed"),
    ],
)
def test_a_result_that_its_lines_bear_is_said(
    result: str, lines: tuple[Line, ...]
) -> None:
    """The three results, each with lines that are true of it."""
    assert a_receipt(result=result, lines=lines).result == result


@pytest.mark.parametrize(
    ("kind", "answered_at"),
    [("final", None), ("supplement", None), ("interim", AT)],
)
def test_only_an_interim_statement_has_not_answered(
    kind: str, answered_at: datetime | None
) -> None:
    """The final receipt is the answer; an interim statement is not."""
    times = Times(
        received_at=AT,
        verified_at=AT,
        opened_at=AT,
        answered_at=answered_at,
        signed_at=AT,
    )

    with pytest.raises(ValidationError):
        a_receipt(kind=kind, result="partial", times=times)


def an_interim(**changes: Any) -> Receipt:  # noqa: ANN401
    """Describe an interim statement of one settled and one open line."""
    times = Times(received_at=AT, verified_at=AT, opened_at=AT, signed_at=AT)
    open_line = a_line(outcome="open", settled_at=None, expected_by=AT)
    good = {"kind": "interim", "result": "open", "lines": (a_line(), open_line)}
    return a_receipt(**{**good, "times": times, **changes})


@pytest.mark.parametrize("result", ["complete", "partial", "withdrawn"])
def test_an_interim_statement_has_no_result(result: str) -> None:
    """What is not over is not called anything but open."""
    assert an_interim().result == "open"

    with pytest.raises(ValidationError):
        an_interim(result=result, lines=(a_line(),))


def test_a_final_statement_has_no_open_line() -> None:
    """Nothing is left open by the answer, and the answer is never `open`."""
    with pytest.raises(ValidationError):
        a_receipt(result="partial", lines=(a_line(), OPEN))
    with pytest.raises(ValidationError):
        a_receipt(result="open")


@pytest.mark.parametrize("supersedes", [2, 3])
def test_a_statement_replaces_the_one_before_it(supersedes: int) -> None:
    """Numbers leave no room for a statement in between, or for one to come."""
    assert a_receipt(number=2, supersedes=1).supersedes == 1

    with pytest.raises(ValidationError):
        a_receipt(number=2, supersedes=supersedes)


def test_a_receipt_is_read_as_it_was_signed() -> None:
    """The bytes lead back to the same statement, and that to the same bytes."""
    receipt = a_receipt(result="complete_with_retention", lines=(WITH_RETENTION,))

    payload = receipt_bytes(receipt)

    assert read_receipt(payload) == receipt
    assert receipt_bytes(read_receipt(payload)) == payload


def test_equal_moments_have_equal_bytes() -> None:
    """The zone in which a caller thinks does not reach what is signed."""
    paris = AT.astimezone(timezone(timedelta(hours=1)))

    first = receipt_bytes(a_receipt())
    second = receipt_bytes(a_receipt(lines=(a_line(settled_at=paris),)))

    assert first == second
    assert b'"settled_at":"2026-11-16T10:00:00Z"' in first


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p: p.replace(b'":', b'": ', 1), id="blank"),
        pytest.param(lambda p: p + b"\n", id="line end"),
        pytest.param(lambda p: p.replace(b"HubSpot", b"\\u0048ubSpot"), id="escape"),
        pytest.param(lambda p: p.replace(b'"attempts":1', b'"attempts":1.0'), id="1.0"),
        pytest.param(
            lambda p: p.replace(b'"attempts":1', b'"attempts":"1"'), id="text"
        ),
        pytest.param(lambda p: p.replace(b'{"case', b'{"a":1,"case', 1), id="member"),
        pytest.param(lambda p: p[:-1], id="cut off"),
    ],
)
def test_another_spelling_is_no_receipt(change: Any) -> None:  # noqa: ANN401
    """One statement has one spelling."""
    payload = receipt_bytes(a_receipt())
    changed = change(payload)
    assert changed != payload

    with pytest.raises(ValueError, match=r".+"):
        read_receipt(changed)


@pytest.mark.parametrize(
    ("count", "bucket"),
    [
        (-1, None),
        (0, None),
        (1, "1"),
        (2, "2-5"),
        (5, "2-5"),
        (6, "6-20"),
        (20, "6-20"),
        (21, "21-100"),
        (100, "21-100"),
        (101, ">100"),
    ],
)
def test_small_counts_are_blurred(count: int, bucket: str | None) -> None:
    """An exact small count could point at one person."""
    assert count_bucket(count) == bucket


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("identifier_types", ("ada.moreau@example.com",)),
        ("account", "ada.moreau@example.com"),
        ("reasons", ("Ada asked us not to",)),
        ("record_classes", ("order of Ada",)),
        ("count", "3"),
        ("method", "by hand, ask Ada"),
        ("email", "ada.moreau@example.com"),
    ],
)
def test_a_line_has_no_room_for_the_person(member: str, value: object) -> None:
    """Codes and types fit; values and free text do not, nor into the error's text."""
    with pytest.raises(ValidationError) as caught:
        a_line(**{member: value})

    assert "ada" not in str(caught.value).lower()


def test_every_limit_is_explained() -> None:
    """A code that a receipt prints has a sentence for its readers."""
    assert set(LIMITS) == set(Limit)
    assert all(sentence.endswith(".") for sentence in LIMITS.values())


def test_the_schema_version_is_signed() -> None:
    """A reader knows by which schema to read, from inside the signature."""
    assert json.loads(receipt_bytes(a_receipt()))["schema_version"] == "1"
