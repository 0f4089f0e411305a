"""A rejection says nothing that the event said."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.case_events import RequestRejected, event_data
from schemas.fields import Closed
from schemas.intake import Rejection, read_request, read_request_file
from schemas.naming import identifies
from schemas.pointers import validate
from tests.schemas.submissions import (
    EVENT_ID,
    REQUEST_ID,
    a_request,
    a_subject,
    a_verification,
    the_headers,
)

MARK = "qzx"  # in none of our own words
CANARIES = st.text(max_size=20).map(lambda text: f"{MARK}{text}")
JSON = st.recursive(
    CANARIES | st.none() | st.integers(7_770_000, 7_779_999),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(CANARIES, inner, max_size=3)
    ),
    max_leaves=5,
)
A_WHOLE = a_request(
    subject=a_subject(),
    verification=a_verification(),
    scope={"accounts": ["crm"], "record_classes": ["order"]},
)


def places(
    node: object, path: tuple[str | int, ...] = ()
) -> list[tuple[str | int, ...]]:
    """List the path of every member and element in *node*."""
    match node:
        case dict():
            inner = [place for k, v in node.items() for place in places(v, (*path, k))]
        case list():
            inner = [p for i, v in enumerate(node) for p in places(v, (*path, i))]
        case _:
            inner = []
    return [path, *inner]


def planted(path: tuple[str | int, ...], name: str | None, value: object) -> Any:  # noqa: ANN401
    """Put *value* at *path* of a good request, or beside its members as *name*."""
    data: Any = copy.deepcopy(A_WHOLE)
    if not path and name is None:
        return value
    parent = data
    for step in path[:-1]:
        parent = parent[step]
    if name is None:
        parent[path[-1]] = value
    else:
        target = parent[path[-1]] if path else data
        if isinstance(target, dict):
            target[name] = value
        else:
            parent[path[-1]] = {name: value}
    return data


EVENTS = st.builds(
    planted, st.sampled_from(places(A_WHOLE)), st.none() | CANARIES, JSON
)
SPELLINGS: list[Callable[[Any], bytes]] = [
    lambda data: json.dumps(data).encode(),
    lambda data: json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"),
    lambda data: json.dumps(data).encode()[:-1],
    lambda data: json.dumps(data).encode("utf-16"),
]


def everything_said(rejection: Rejection) -> str:
    """Spell all that anybody sees of a rejection, but the request's own names."""
    told = RequestRejected.of(rejection)
    said = asdict(rejection) | {"event": event_data(told).decode()}
    text = repr(said) + repr(rejection) + repr(told)
    return text.replace(REQUEST_ID, "").replace(EVENT_ID, "")


@given(EVENTS, st.sampled_from(SPELLINGS), st.booleans())
def test_no_value_or_name_of_the_payload_stands_in_a_rejection(
    data: object,
    spell: Callable[[object], bytes],
    closed: bool,  # noqa: FBT001
) -> None:
    """Wherever a value is planted, in whatever spelling, it is not repeated."""
    read = read_request(the_headers(), spell(data), closed=closed)

    if isinstance(read, Rejection):
        said = everything_said(read)
        assert MARK not in said
        assert "777" not in said
        assert "ada" not in said.lower()
        assert "C-1001" not in said


@given(EVENTS)
def test_no_value_of_a_file_stands_in_a_rejection(data: object) -> None:
    """The file's reader keeps the same silence."""
    document = {
        "specversion": "1.0",
        "id": EVENT_ID,
        "source": "/portal/maison",
        "type": "privacy.request.submitted.v1",
        "data": data,
    }

    read = read_request_file(json.dumps(document).encode())

    if isinstance(read, Rejection):
        said = everything_said(read)
        assert MARK not in said
        assert "777" not in said
        assert "ada" not in said.lower()


def test_a_pointer_ends_where_the_schema_ends() -> None:
    """A step that the payload named is dropped, whatever shape the model has."""

    class Shelf(Closed):
        """A model whose member takes names from the payload."""

        by_name: dict[str, int]

    rejection = validate(Shelf, b'{"by_name": {"qzx": "x"}}', unknown="forbid")

    assert isinstance(rejection, Rejection)
    assert rejection.pointer == "/by_name"


HEADER_VALUES = st.binary(max_size=30).map(lambda tail: MARK.encode() + tail)
HEADERS = st.sampled_from(
    ["ce_specversion", "ce_type", "ce_time", "content_type", "ce_subject", "ce_qzx"]
)


@given(st.dictionaries(HEADERS, HEADER_VALUES, min_size=1))
def test_no_value_of_a_header_stands_in_a_rejection(changes: dict[str, bytes]) -> None:
    """A header's value is the portal's too; only event names may be repeated."""
    read = read_request(the_headers(**changes), json.dumps(a_request()).encode())

    if isinstance(read, Rejection):
        assert MARK not in everything_said(read)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_name_that_repeats_an_identifier_is_never_told(name: str, value: str) -> None:
    """Whatever name equals an identifier, the answer leaves it out."""
    data = a_request(request_id=value, subject={"customer_id": value}, channel=name)

    read = read_request(the_headers(), json.dumps(data).encode())

    assert isinstance(read, Rejection)
    assert read.request_id is None


@pytest.mark.parametrize(
    ("name", "value", "tells"),
    [
        ("ada", "ada@example.com", True),
        ("ada@example.com", "ada@example.com", True),
        ("req-ADA@example.com-1", "ada@example.com", True),
        ("33199000101", "+33199000101", True),
        ("dsr.33199000101", "+33199000101", True),
        ("1001", "1001", True),
        ("dsr-1001", "1001", False),
        ("6f0e0d3c-1001-4f2b-9a55-0c1d7a1e4b11", "1001", False),
        ("canada-4", "ada@example.com", False),
        ("anything", "", False),
        ("anything", "  ", False),
    ],
)
def test_a_telling_name_is_recognised(name: str, value: str, *, tells: bool) -> None:
    """Equality tells, and so does a long identifier as a word; chance does not."""
    assert identifies(name, [value]) is tells
