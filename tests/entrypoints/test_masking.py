"""What is masked tells two people apart and names neither."""

from __future__ import annotations

import json

import pytest

from orchestrator.entrypoints.printing.masking import (
    masked_email,
    masked_identifier,
    masked_json,
    masked_phone,
    masked_text,
    masked_word,
)
from schemas.connecting import EMAIL, PHONE, Identifier, IdentifierType


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("ada.moreau@example.com", "a***@e***.com", id="usual"),
        pytest.param("a@b.fr", "a***@b***.fr", id="short"),
        pytest.param("ada@mail.example.co.uk", "a***@m***.uk", id="long host"),
        pytest.param("ada@localhost", "a***@l***", id="no dot"),
        pytest.param('"ada moreau"@example.com', '"***', id="quoted"),
        pytest.param("ada@@example.com", "a***", id="no address"),
        pytest.param("", "***", id="empty"),
    ],
)
def test_email_keeps_first_letters_and_the_last_label(value: str, shown: str) -> None:
    """`a***@e***.com` is all that a person sees."""
    assert masked_email(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("+33199000101", "+33*******01", id="E.164"),
        pytest.param("+33 1 99 00 01 01", "+33*******01", id="with blanks"),
        pytest.param("0199000101", "********01", id="national"),
        pytest.param("+33123", "+***", id="too short to mask"),
        pytest.param("112", "***", id="very short"),
    ],
)
def test_phone_keeps_the_country_and_two_digits(value: str, shown: str) -> None:
    """Enough to tell a French number from another one."""
    assert masked_phone(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("C-1001", "C***", id="word"),
        pytest.param("abc", "***", id="short word"),
        pytest.param("\x1b[31mred", "***", id="control character"),
    ],
)
def test_word_keeps_its_first_character(value: str, shown: str) -> None:
    """Unless that would be most of it, or would move the terminal."""
    assert masked_word(value) == shown


@pytest.mark.parametrize(
    ("identifier", "shown"),
    [
        pytest.param(Identifier(EMAIL, "ada@example.com"), "email: a***@e***.com"),
        pytest.param(Identifier(PHONE, "+33199000101"), "phone: +33*******01"),
        pytest.param(
            Identifier(IdentifierType("mixpanel.distinct_id"), "mp-00011"),
            "mixpanel.distinct_id: m***",
        ),
    ],
)
def test_identifier_is_masked_by_its_type(identifier: Identifier, shown: str) -> None:
    """The type is ours and is shown."""
    assert masked_identifier(identifier) == shown


def test_text_is_masked_word_by_word() -> None:
    """A label may be a name with an address."""
    assert masked_text("Ada Moreau <ada@example.com>") == "*** M*** a***@e***.com"


def test_json_keeps_names_that_are_known() -> None:
    """Its shape is shown, never a value, and no member that we do not know."""
    value = b'{"email": "ada@example.com", "ada": [1, true, null, {"email": "x"}]}'

    shown = json.loads(masked_json(value, frozenset({"email"})))

    assert shown == {
        "email": "(text, 15 characters)",
        "(unknown member 2)": [
            *("(number)", "(true, false or null)", "(true, false or null)"),
            {"email": "(text, 1 characters)"},
        ],
    }


@pytest.mark.parametrize(
    "value",
    [pytest.param(b"Ada", id="text"), pytest.param(b"[" * 100_000, id="too deep")],
)
def test_what_is_no_json_shows_only_its_size(value: bytes) -> None:
    """Nothing of it is repeated."""
    assert masked_json(value, frozenset()) == f"(no JSON, {len(value)} bytes)"
