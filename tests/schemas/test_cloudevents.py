"""CloudEvents in binary mode: what the codec writes, reads and refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cloudevents import (
    MAX_HEADER_BYTES,
    MAX_VALUE_BYTES,
    Envelope,
    decode,
    encode,
)
from schemas.intake import Rejection, RejectionCode, SubmittedRequest, read_request
from tests.schemas.submissions import (
    DROP,
    EVENT_ID,
    REQUEST_ID,
    Headers,
    a_request,
    the_headers,
    the_value,
)

C = RejectionCode
VALUE = the_value(a_request())
TYPES = ("privacy.request.submitted.v1",)

ENVELOPES = st.builds(
    Envelope,
    id=st.from_regex(r"[A-Za-z0-9._:/+=-]{1,128}", fullmatch=True),
    source=st.from_regex(r"[A-Za-z0-9._~:/?#=%-]{1,256}", fullmatch=True),
    type=st.sampled_from(TYPES),
    time=st.none()
    | st.datetimes(
        min_value=datetime(2000, 1, 2),  # noqa: DTZ001 (hypothesis adds the zone)
        max_value=datetime(2099, 12, 30),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
    ),
    data=st.binary(max_size=200).map(lambda tail: b"{" + tail),
)


@given(ENVELOPES, st.text(max_size=40))
def test_what_is_encoded_is_decoded(envelope: Envelope, key: str) -> None:
    """No attribute and no byte of the data changes on the way."""
    message = encode(envelope, key)

    assert decode(message.headers, message.value, TYPES) == envelope
    assert message.key == key.encode()


def test_headers_are_spelled_as_the_binding_says() -> None:
    """Attributes are `ce_` headers, the content type is Kafka's own."""
    envelope = Envelope(
        "e-1", "/portal", TYPES[0], datetime(2026, 11, 16, tzinfo=UTC), b"{}"
    )

    message = encode(envelope, None)

    assert message.key is None
    assert message.headers == (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"e-1"),
        ("ce_source", b"/portal"),
        ("ce_type", b"privacy.request.submitted.v1"),
        ("ce_time", b"2026-11-16T00:00:00+00:00"),
        ("content-type", b"application/json"),
    )


def test_a_missing_time_stays_missing() -> None:
    """A time that nobody gave is not made up: digests and repeats depend on it."""
    event = decode(the_headers(), VALUE, TYPES)

    assert isinstance(event, Envelope)
    assert event.time is None


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(the_headers(ce_time=b"2026-11-16T10:05:00Z"), id="time"),
        pytest.param(the_headers(ce_subject=b"ada.moreau@example.com"), id="subject"),
        pytest.param(the_headers(ce_partitionkey=b"x"), id="extension"),
        pytest.param(
            (*the_headers(), ("traceparent", b"\xff"), ("traceparent", b"00")),
            id="headers of others",
        ),
        pytest.param(
            the_headers(content_type=b"Application/JSON; charset=UTF-8"), id="charset"
        ),
        pytest.param(tuple(reversed(the_headers())), id="other order"),
    ],
)
def test_headers_that_say_no_less_are_taken(headers: Headers) -> None:
    """Optional attributes, extensions and others' headers disturb nobody."""
    submitted = read_request(headers, VALUE)

    assert isinstance(submitted, SubmittedRequest)
    assert "ada" not in repr(submitted)


BAD = [
    *(
        pytest.param(
            the_headers(**{name: DROP}), VALUE, C.MISSING_HEADER, id=f"no {name}"
        )
        for name in ("ce_specversion", "ce_id", "ce_source", "ce_type")
    ),
    pytest.param(the_headers(ce_id=None), VALUE, C.MISSING_HEADER, id="null header"),
    pytest.param((), VALUE, C.UNSUPPORTED_CONTENT_TYPE, id="no headers"),
    pytest.param(
        the_headers(content_type=DROP), VALUE, C.UNSUPPORTED_CONTENT_TYPE, id="no type"
    ),
    pytest.param(
        the_headers(content_type=b"text/plain"),
        VALUE,
        C.UNSUPPORTED_CONTENT_TYPE,
        id="text",
    ),
    pytest.param(
        the_headers(content_type=b"application/json; charset=latin-1"),
        VALUE,
        C.UNSUPPORTED_CONTENT_TYPE,
        id="latin-1",
    ),
    pytest.param(
        (("content-type", b"application/cloudevents+json; charset=UTF-8"),),
        VALUE,
        C.BINARY_MODE_REQUIRED,
        id="structured",
    ),
    pytest.param(
        the_headers(content_type=b"Application/CloudEvents+avro"),
        VALUE,
        C.BINARY_MODE_REQUIRED,
        id="structured with ce_ headers",
    ),
    pytest.param(
        (("Content-Type", b"application/cloudevents+json"),),
        VALUE,
        C.BINARY_MODE_REQUIRED,
        id="structured in capitals",
    ),
    *(
        pytest.param((*the_headers(), extra), VALUE, C.MALFORMED_HEADER, id=str(extra))
        for extra in (
            ("ce_id", b"another"),
            ("CE_ID", b"another"),
            ("content-type", b"application/json"),
            ("ce_subject", b"\xff\xfe"),
        )
    ),
    *(
        pytest.param(
            the_headers(**{name: text}),
            VALUE,
            C.MALFORMED_HEADER,
            id=f"{name} {text!r}",
        )
        for name, text in (
            ("ce_specversion", b"0.3"),
            ("ce_specversion", b"1.0.2"),
            ("ce_id", b""),
            ("ce_id", b"ada.moreau@example.com"),
            ("ce_id", b"a" * 129),
            ("ce_source", b""),
            ("ce_source", b"mailto:ada.moreau@example.com"),
            ("ce_source", b"/a portal"),
            ("ce_time", b"yesterday"),
            ("ce_time", b"2026-11-16T10:05:00"),
            ("ce_time", b"2026-02-30T10:05:00Z"),
        )
    ),
    *(
        pytest.param(the_headers(ce_type=text), VALUE, code, id=text.decode())
        for text, code in (
            (b"privacy.request.submitted.v2", C.UNKNOWN_VERSION),
            (b"privacy.request.submitted.v10", C.UNKNOWN_VERSION),
            (b"privacy.request.submitted", C.UNKNOWN_TYPE),
            (b"privacy.request.withdrawn.v1", C.UNKNOWN_TYPE),
            (b"com.example.ada", C.UNKNOWN_TYPE),
        )
    ),
    pytest.param(the_headers(), None, C.NO_DATA, id="tombstone"),
    pytest.param(the_headers(), b"", C.MALFORMED_JSON, id="empty"),
    pytest.param(
        the_headers(), b"\x00\x00\x00\x00\x07" + VALUE, C.REGISTRY_FRAMING, id="magic 0"
    ),
    pytest.param(
        the_headers(), b"\x01" + b"g" * 16 + VALUE, C.REGISTRY_FRAMING, id="magic 1"
    ),
    pytest.param(
        the_headers(), b" " * (MAX_VALUE_BYTES + 1), C.TOO_LARGE, id="large value"
    ),
    pytest.param(
        (*the_headers(), ("x", b"x" * MAX_HEADER_BYTES)),
        VALUE,
        C.TOO_LARGE,
        id="large headers",
    ),
    *(
        pytest.param(the_headers(), value, C.MALFORMED_JSON, id=name)
        for name, value in (
            ("not JSON", b"erase ada"),
            ("cut off", VALUE[:-1]),
            ("two values", VALUE + VALUE),
            ("latin-1", '{"a": "é"}'.encode("latin-1")),
            ("byte order mark", b"\xef\xbb\xbf" + VALUE),
            ("UTF-16", VALUE.decode().encode("utf-16")),
            ("equal keys", b'{"rights": ["access"], "rights": ["erasure"]}'),
            ("NaN", b'{"a": NaN}'),
            ("infinity", b'{"a": -Infinity}'),
            ("too large a float", b'{"a": 1e999}'),
            ("too large an integer", b'{"a": 9007199254740992}'),
            ("very long integer", b'{"a": ' + b"9" * 5000 + b"}"),
            ("lone surrogate", b'{"a": "\\ud800"}'),
            ("surrogate as name", b'{"\\udfff": 1}'),
            ("deep", b'{"a":' + b"[" * 17 + b"]" * 17 + b"}"),
            ("very deep", b"[" * 100_000),
        )
    ),
]


@pytest.mark.parametrize(("headers", "value", "code"), BAD)
def test_a_record_that_is_no_request_is_named_by_a_code(
    headers: Headers, value: bytes | None, code: RejectionCode
) -> None:
    """Whatever arrives, the reader answers with a value."""
    rejection = read_request(headers, value)

    assert isinstance(rejection, Rejection)
    assert (rejection.code, rejection.pointer) == (code, "")
    assert "ada" not in repr(rejection).lower()


def test_a_value_of_exactly_the_limit_is_taken() -> None:
    """The limit itself is allowed."""
    value = VALUE + b" " * (MAX_VALUE_BYTES - len(VALUE))

    assert isinstance(read_request(the_headers(), value), SubmittedRequest)


def test_an_unreadable_event_is_named_by_its_random_id() -> None:
    """Without data to compare with, only a name that is random is repeated."""
    rejection = read_request(the_headers(), b"{")

    assert isinstance(rejection, Rejection)
    assert rejection.event_id == EVENT_ID
    assert (rejection.source, rejection.request_id) == (None, None)


def test_an_unreadable_event_with_a_speaking_id_is_not_named() -> None:
    """An id that could be a customer number stays out of the answer."""
    rejection = read_request(the_headers(ce_id=b"C-1001"), b"{")

    assert isinstance(rejection, Rejection)
    assert rejection.event_id is None


def test_a_readable_event_of_another_version_is_named() -> None:
    """The portal learns which request was refused even where we cannot read it all."""
    headers = the_headers(ce_type=b"privacy.request.submitted.v2")

    rejection = read_request(headers, VALUE)

    assert isinstance(rejection, Rejection)
    assert (rejection.request_id, rejection.event_id) == (REQUEST_ID, EVENT_ID)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ce_id": b"C-1001"}, id="id"),
        pytest.param({"ce_source": b"/customers/C-1001/requests"}, id="source"),
    ],
)
def test_a_name_that_tells_of_the_person_is_refused(changes: dict[str, bytes]) -> None:
    """Event names stand in tables and logs: an identifier may not be among them."""
    rejection = read_request(the_headers(**changes), VALUE)

    assert isinstance(rejection, Rejection)
    assert rejection.code is C.IDENTIFYING_NAME
    assert "C-1001" not in repr(rejection)
