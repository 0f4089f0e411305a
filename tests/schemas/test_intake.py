"""What the reader of the portal's topic takes, and how it names what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, Identifier, IdentifierType
from schemas.intake import (
    REJECTION_CODES,
    REJECTIONS,
    Rejection,
    RejectionCode,
    SubmittedRequest,
    canonical_json,
    read_request,
)
from schemas.requests import Right, VerificationLevel
from tests.schemas.rows import BAD, GOOD
from tests.schemas.submissions import (
    EVENT_ID,
    REQUEST_ID,
    a_request,
    a_subject,
    a_verification,
    the_headers,
    the_value,
)

C = RejectionCode


def read(data: object, *, closed: bool = False) -> SubmittedRequest | Rejection:
    """Read *data* under good headers."""
    return read_request(the_headers(), the_value(data), closed=closed)


@pytest.mark.parametrize("data", GOOD)
def test_a_request_that_keeps_the_contract_is_read(data: dict[str, Any]) -> None:
    """What the schema allows is taken, by the closed reader too."""
    submitted = read(data, closed=True)

    assert isinstance(submitted, SubmittedRequest)
    assert submitted.request.request_id == data["request_id"]
    assert (submitted.source, submitted.event_id) == ("/portal/maison", EVENT_ID)
    assert submitted.content == canonical_json(data)


@pytest.mark.parametrize(("data", "code", "pointer"), BAD)
@pytest.mark.parametrize("closed", [False, True], ids=["tolerant", "closed"])
def test_a_broken_rule_is_named_by_code_and_place(
    data: object, code: RejectionCode, pointer: str, *, closed: bool
) -> None:
    """Each broken rule has its code, a pointer into the data, a rule and a hint."""
    rejection = read(data, closed=closed)

    assert isinstance(rejection, Rejection)
    assert (rejection.code, rejection.pointer) == (code, pointer)
    assert rejection.rule
    assert rejection.hint == REJECTION_CODES[code]


def test_a_rejection_names_the_request_and_the_event() -> None:
    """The portal learns which of its requests was refused."""
    rejection = read(a_request(channel="fax"))

    assert isinstance(rejection, Rejection)
    assert rejection.request_id == REQUEST_ID
    assert (rejection.source, rejection.event_id) == ("/portal/maison", EVENT_ID)


def test_a_rule_is_said_in_the_schemas_words() -> None:
    """The rule of a wrong value is what the schema says of that member."""
    rejection = read(a_request(received_at="today"))

    assert isinstance(rejection, Rejection)
    assert "RFC 3339 time, with offset" in rejection.rule


TOLERATED = [
    pytest.param(a_request(mood="curious"), "", id="request"),
    pytest.param(
        a_request(subject=a_subject(name="Ada Moreau")), "/subject", id="subject"
    ),
    pytest.param(
        a_request(verification=a_verification(by="clerk")),
        "/verification",
        id="verification",
    ),
    pytest.param(
        a_request(
            subject={"identifiers": [{"type": "customer_id", "value": "x", "y": 1}]}
        ),
        "/subject/identifiers/0",
        id="identifier",
    ),
]


@pytest.mark.parametrize(("data", "pointer"), TOLERATED)
def test_members_of_a_later_producer_are_ignored(
    data: dict[str, Any], pointer: str
) -> None:
    """A consumer that is older than its producer goes on working."""
    submitted = read(data)

    assert isinstance(submitted, SubmittedRequest), pointer


@pytest.mark.parametrize(("data", "pointer"), TOLERATED)
def test_a_producer_may_not_send_members_of_its_own(
    data: dict[str, Any], pointer: str
) -> None:
    """The closed reader points at the parent: the member's name is the payload's."""
    rejection = read(data, closed=True)

    assert isinstance(rejection, Rejection)
    assert (rejection.code, rejection.pointer) == (C.UNKNOWN_FIELD, pointer)


def test_unknown_members_are_counted() -> None:
    """How many members are wrong is all that is said of them."""
    rejection = read(a_request(canary=1, canary2=2), closed=True)

    assert isinstance(rejection, Rejection)
    assert rejection.rule == "The schema does not name 2 of the members here."
    assert "canary" not in repr(rejection)


def test_identifiers_are_normalised() -> None:
    """Connectors get one spelling of each identifier, each once, customer id first."""
    data = a_request(
        subject={
            "customer_id": " C-1001 ",
            "identifiers": [
                {"type": "email", "value": " Ada.MOREAU@Example.com\n"},
                {"type": "email", "value": "ada.moreau@example.com"},
                {"type": "phone", "value": "+33199000101 "},
                {"type": "customer_id", "value": "C-1001"},
                {"type": "klaviyo.profile_id", "value": "01HX"},
            ],
        }
    )

    submitted = read(data)

    assert isinstance(submitted, SubmittedRequest)
    assert submitted.request.subject.known() == (
        Identifier(CUSTOMER_ID, "C-1001"),
        Identifier(EMAIL, "ada.moreau@example.com"),
        Identifier(PHONE, "+33199000101"),
        Identifier(IdentifierType("klaviyo.profile_id"), "01HX"),
    )


def test_two_spellings_of_an_address_are_one() -> None:
    """A composed and a decomposed letter are the same letter (Unicode NFC)."""
    data = a_request(subject={"customer_id": "Zoe\u0308"})

    submitted = read(data)

    assert isinstance(submitted, SubmittedRequest)
    assert submitted.request.subject.customer_id == "Zo\u00eb"


def test_rights_come_as_a_set() -> None:
    """The order in which a portal names rights means nothing."""
    submitted = read(a_request(rights=["portability", "erasure", "access"]))

    assert isinstance(submitted, SubmittedRequest)
    assert submitted.request.rights == (
        Right.ACCESS,
        Right.ERASURE,
        Right.PORTABILITY,
    )


def test_equal_content_has_equal_canonical_bytes() -> None:
    """Neither the order of members nor blanks make another content."""
    data = a_request()
    turned = dict(reversed(data.items()))

    first = read_request(the_headers(), the_value(data))
    second = read_request(the_headers(), the_value(turned).replace(b": ", b":\n "))

    assert isinstance(first, SubmittedRequest)
    assert isinstance(second, SubmittedRequest)
    assert first.content == second.content


def test_changed_content_has_other_canonical_bytes() -> None:
    """A member that this version ignores still makes another content."""
    first, second = read(a_request()), read(a_request(later_member=1))

    assert isinstance(first, SubmittedRequest)
    assert isinstance(second, SubmittedRequest)
    assert first.content != second.content


def test_a_request_hides_its_person() -> None:
    """What is printed of a request, in a traceback say, identifies nobody."""
    submitted = read(a_request())

    assert "ada" not in repr(submitted).lower()
    assert "C-1001" not in repr(submitted)


@pytest.mark.parametrize(
    ("level", "minimum", "is_enough"),
    [
        ("low", "substantial", False),
        ("substantial", "substantial", True),
        ("high", "substantial", True),
        ("substantial", "high", False),
    ],
)
def test_levels_of_verification_are_ordered(
    level: str, minimum: str, *, is_enough: bool
) -> None:
    """A higher level satisfies a lower demand, never the other way."""
    assert VerificationLevel(level).reaches(VerificationLevel(minimum)) is is_enough


def test_a_request_is_refused_for_what_the_register_knows() -> None:
    """The shell rejects in the same words, with the names of the request."""
    submitted = read(a_request())
    assert isinstance(submitted, SubmittedRequest)

    rejection = submitted.reject(C.UNKNOWN_CONTROLLER, "/controller")

    assert rejection == Rejection(
        code=C.UNKNOWN_CONTROLLER,
        pointer="/controller",
        rule="The controller is in the register.",
        hint=REJECTION_CODES[C.UNKNOWN_CONTROLLER],
        request_id=REQUEST_ID,
        source="/portal/maison",
        event_id=EVENT_ID,
        received_at=submitted.request.received_at,
        jurisdiction=submitted.request.jurisdiction,
    )


def test_every_code_says_its_rule_and_what_to_do() -> None:
    """The documented table leaves no code out, and speaks in sentences."""
    assert set(REJECTIONS) == set(RejectionCode)
    for meaning in REJECTIONS.values():
        assert meaning.rule.endswith(".")
        assert meaning.hint.endswith(".")


def test_national_number_is_told_how_to_be_written() -> None:
    """The place is named, the value is not, and the hint shows the spelling wanted."""
    spelled = [{"type": "phone", "value": "01 99 00 01 02"}]

    found = read(a_request(subject={"identifiers": spelled}))

    assert isinstance(found, Rejection)
    assert found.pointer == "/subject/identifiers/0/value"
    assert "+442079460123" in found.hint
    assert "0102" not in f"{found}".replace(" ", "")
