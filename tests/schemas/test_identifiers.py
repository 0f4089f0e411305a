"""Each identifier has one spelling, or is refused without its value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, Identifier, IdentifierType
from schemas.identifiers import (
    NotOfItsTypeError,
    normalised,
    recovered,
    sha256_of,
)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (EMAIL, " Ada.MOREAU@Example.COM\n", "ada.moreau@example.com"),
        (EMAIL, "ade\u0301le@example.com", "ad\u00e9le@example.com"),
        (EMAIL, "ada+shop@example.com", "ada+shop@example.com"),
        (PHONE, " +33199000101 ", "+33199000101"),
        (CUSTOMER_ID, " Cust-1/A ", "Cust-1/A"),
        ("mixpanel.distinct_id", "ABCdef", "ABCdef"),
    ],
)
def test_portals_value_has_one_spelling(type_: str, value: str, expected: str) -> None:
    """Case and blanks of addresses go; ids of systems stay as they are."""
    assert normalised(type_, value) == expected


@pytest.mark.parametrize(
    ("value", "country", "expected"),
    [
        ("+33 1 99 00 01 01", None, "+33199000101"),
        ("+33 (0)1 99.00-01/01", None, "+33199000101"),
        ("tel:+33-1-99-00-01-01", None, "+33199000101"),
        ("01 99 00 01 01", "FR", "+33199000101"),
        ("0033 1 99 00 01 01", "FR", "+33199000101"),
        ("(555) 010-4477", "US", "+15550104477"),
    ],
)
def test_processors_number_becomes_e164(
    value: str, country: str | None, expected: str
) -> None:
    """People write numbers in many ways; searches take one."""
    assert recovered(Identifier(PHONE, value), country).value == expected


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        pytest.param(PHONE, "01 99 00 01 01", id="no country is known"),
        pytest.param(PHONE, "+33199000101 ext. 5", id="an extension"),
        pytest.param(PHONE, "+999 12", id="no such country"),
        pytest.param(PHONE, "+33 1", id="too short"),
        pytest.param(PHONE, "call me", id="no number"),
        pytest.param(PHONE, "+3319900010" * 30, id="far too long"),
        pytest.param(EMAIL, "n/a", id="no address"),
        pytest.param(EMAIL, "ada\u200b@example.com", id="an invisible sign"),
        pytest.param(EMAIL, "a@b@example.com", id="two at signs"),
        pytest.param(CUSTOMER_ID, " ", id="blank"),
        pytest.param(CUSTOMER_ID, "a\x00b", id="a control"),
    ],
)
def test_unusable_value_is_refused_without_quoting_it(type_: str, value: str) -> None:
    """It would find strangers or nobody; the message names the type only."""
    with pytest.raises(NotOfItsTypeError) as caught:
        recovered(Identifier(IdentifierType(type_), value))

    assert str(caught.value) == f"The value is not of the type {type_}."


@given(st.sampled_from([EMAIL, PHONE, CUSTOMER_ID]), st.text(max_size=80))
def test_any_text_is_spelled_once_or_refused(type_: str, value: str) -> None:
    """What came out goes in again unchanged, whatever came in."""
    try:
        once = recovered(Identifier(IdentifierType(type_), value))
    except NotOfItsTypeError:
        return

    assert recovered(once) == once


def test_hash_is_of_the_trimmed_lower_case() -> None:
    """Iterable hashes this spelling (its page, 2026-11)."""
    folded = "ada@example.com"

    assert sha256_of(" Ada@Example.com ") == sha256_of(folded)
    assert sha256_of(folded) == (
        "b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("Zo\u00e9@B\u00dcCHER.example", "zo\u00e9@b\u00fccher.example"),
        pytest.param("zoe\u0301@bu\u0308cher.example", "zo\u00e9@b\u00fccher.example"),
        pytest.param(
            "Zo\u00e9@XN--BCHER-KVA.example", "zo\u00e9@xn--bcher-kva.example"
        ),
    ],
    ids=["case", "composed", "a-label"],
)
def test_international_address_is_folded_and_composed(
    value: str, expected: str
) -> None:
    """A domain stays in the spelling that was sent: systems hold either."""
    assert normalised(EMAIL, value) == expected
