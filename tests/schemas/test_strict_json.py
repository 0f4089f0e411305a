"""One meaning and one spelling for each JSON value."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.strict_json import (
    MAX_DEPTH,
    StrictJsonError,
    canonical_json,
    parse_json,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53 - 1), 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_the_standards_own_example_is_spelled_as_it_says() -> None:
    """RFC 8785 section 3.2.2 and 3.2.3 give this value and these bytes."""
    text = rb"""{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3,
                  0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"""

    spelled = canonical_json(parse_json(text))

    assert spelled == (
        b'{"literals":[null,true,false],'
        b'"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_members_are_sorted_by_utf_16() -> None:
    """RFC 8785 section 3.2.3: an astral letter stands before U+FB33."""
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]

    spelled = canonical_json(dict.fromkeys(keys, 0))

    in_order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(spelled)) == in_order


@pytest.mark.parametrize(
    ("bits", "spelled"),
    [
        # RFC 8785 appendix B.
        ("0000000000000000", b"0"),
        ("8000000000000000", b"0"),
        ("0000000000000001", b"5e-324"),
        ("7fefffffffffffff", b"1.7976931348623157e+308"),
        ("4340000000000000", b"9007199254740992"),
        ("4430000000000000", b"295147905179352830000"),
        ("44b52d02c7e14af5", b"9.999999999999997e+22"),
        ("44b52d02c7e14af6", b"1e+23"),
        ("444b1ae4d6e2ef4e", b"999999999999999700000"),
        ("444b1ae4d6e2ef50", b"1e+21"),
        ("3eb0c6f7a0b5ed8c", b"9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", b"0.000001"),
        ("41b3de4355555553", b"333333333.3333332"),
        ("becbf647612f3696", b"-0.0000033333333333333333"),
    ],
)
def test_floats_are_spelled_as_ecmascript_does(bits: str, spelled: bytes) -> None:
    """The standard's sample numbers have the standard's spelling."""
    (number,) = struct.unpack(">d", bytes.fromhex(bits))

    assert canonical_json(number) == spelled


@given(VALUES)
def test_a_canonical_spelling_is_read_back(value: object) -> None:
    """The spelling loses nothing, and it is its own canonical spelling."""
    spelled = canonical_json(value)
    # As ECMAScript reads: every number is a double.
    again = json.loads(spelled, parse_int=float)

    assert again == value
    assert canonical_json(again) == spelled


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(float("nan"), id="NaN"),
        pytest.param(2**53, id="inexact integer"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param({"\udfff": 1}, id="surrogate as name"),
        pytest.param({1: 2}, id="number as name"),
        pytest.param({1, 2}, id="set"),
    ],
)
def test_what_has_no_canonical_spelling_is_refused(data: object) -> None:
    """Two readers could differ over it, so it is not written."""
    with pytest.raises(StrictJsonError):
        canonical_json(data)


def test_the_depth_limit_itself_is_allowed() -> None:
    """So many levels are read, one more is not."""
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(StrictJsonError):
        parse_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(value: bytes) -> None:
    """No input raises anything but the one error, whose text quotes nothing."""
    refusal: StrictJsonError | None = None
    parsed: object = None

    try:
        parsed = parse_json(value)
    except StrictJsonError as error:
        refusal = error

    if refusal is None:
        assert parsed == json.loads(value)
    else:
        assert refusal.__cause__ is None
        assert refusal.__suppress_context__
