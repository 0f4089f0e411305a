"""Rows of request data: what is taken, and what is refused with which code."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.rejections import RejectionCode
from tests.schemas.submissions import DROP, a_request, a_subject, a_verification


def identifier(type_: str, value: str) -> dict[str, Any]:
    """Describe a subject with one identifier."""
    return {"identifiers": [{"type": type_, "value": value}]}


GOOD = [
    pytest.param(a_request(), id="erasure"),
    pytest.param(a_request(rights=["access"]), id="access"),
    pytest.param(a_request(rights=["portability", "erasure"]), id="two rights"),
    pytest.param(a_request(request_id="a"), id="shortest request id"),
    pytest.param(a_request(request_id="A.b_c-9" * 9), id="long request id"),
    pytest.param(a_request(received_at="2026-11-16T10:58:12Z"), id="UTC"),
    pytest.param(a_request(received_at="2026-11-16T10:58:12.5+00:00"), id="fraction"),
    pytest.param(a_request(received_at="2026-11-16T10:58:12-08:00"), id="west"),
    pytest.param(a_request(jurisdiction="US-CA"), id="subdivision"),
    pytest.param(a_request(locale="de"), id="language alone"),
    pytest.param(a_request(locale="zh-Hant-TW"), id="script"),
    pytest.param(a_request(locale="es-419"), id="region by number"),
    pytest.param(a_request(subject={"customer_id": "C-1"}), id="customer id alone"),
    pytest.param(a_request(subject=a_subject(customer_id=None)), id="null customer id"),
    pytest.param(
        a_request(subject=identifier("phone", "+33199000101")), id="telephone"
    ),
    pytest.param(
        a_request(subject=identifier("mixpanel.distinct_id", "$device:1")),
        id="a processor's own",
    ),
    pytest.param(a_request(scope=None), id="null scope"),
    pytest.param(a_request(scope={"accounts": ["hubspot-eu"]}), id="scope"),
    pytest.param(
        a_request(scope={"record_classes": ["custom_object"]}), id="scope by class"
    ),
    pytest.param(
        a_request(verification=a_verification(method="in_person", level="high")),
        id="in person",
    ),
]


C = RejectionCode
# (data, code, pointer): the pointer says where, in names of the schema.
BAD = [
    pytest.param([], C.INVALID_VALUE, "", id="array"),
    pytest.param("text", C.INVALID_VALUE, "", id="text"),
    pytest.param(None, C.INVALID_VALUE, "", id="null data"),
    *(
        pytest.param(a_request(**{name: DROP}), code, f"/{name}", id=f"no {name}")
        for name in a_request()
        for code in [C.NOT_VERIFIED if name == "verification" else C.MISSING_FIELD]
    ),
    *(
        pytest.param(
            a_request(verification=a_verification(**{name: DROP})),
            C.MISSING_FIELD,
            f"/verification/{name}",
            id=f"no verification {name}",
        )
        for name in a_verification()
    ),
    pytest.param(
        a_request(verification=None), C.NOT_VERIFIED, "/verification", id="not verified"
    ),
    pytest.param(
        a_request(verification=True), C.NOT_VERIFIED, "/verification", id="verified yes"
    ),
    pytest.param(
        a_request(verification=a_verification(level="none")),
        C.INVALID_VALUE,
        "/verification/level",
        id="unknown level",
    ),
    pytest.param(
        a_request(verification=a_verification(method="a-letter-from-ada")),
        C.INVALID_VALUE,
        "/verification/method",
        id="unknown method",
    ),
    pytest.param(
        a_request(verification=a_verification(verified_at="2026-11-16T11:04:40")),
        C.OFFSET_MISSING,
        "/verification/verified_at",
        id="naive verification",
    ),
    pytest.param(
        a_request(request_id=""), C.INVALID_VALUE, "/request_id", id="empty request id"
    ),
    pytest.param(
        a_request(request_id="a" * 65), C.INVALID_VALUE, "/request_id", id="long id"
    ),
    pytest.param(
        a_request(request_id="a b"), C.INVALID_VALUE, "/request_id", id="blank in id"
    ),
    pytest.param(
        a_request(request_id="a\n"), C.INVALID_VALUE, "/request_id", id="line end"
    ),
    pytest.param(
        a_request(request_id=7), C.INVALID_VALUE, "/request_id", id="number as id"
    ),
    pytest.param(
        a_request(request_id="C-1001"),
        C.IDENTIFYING_NAME,
        "/request_id",
        id="request id is the customer id",
    ),
    pytest.param(
        a_request(request_id="ADA.moreau"),
        C.IDENTIFYING_NAME,
        "/request_id",
        id="request id is in the address",
    ),
    pytest.param(
        a_request(request_id="dsr-C-1001-2"),
        C.IDENTIFYING_NAME,
        "/request_id",
        id="request id holds the customer id",
    ),
    pytest.param(
        a_request(
            request_id="33199000101", subject=identifier("phone", "+33199000101")
        ),
        C.IDENTIFYING_NAME,
        "/request_id",
        id="request id is the telephone number",
    ),
    pytest.param(
        a_request(controller="Maison Exemple"),
        C.INVALID_VALUE,
        "/controller",
        id="controller is no slug",
    ),
    pytest.param(a_request(rights=[]), C.INVALID_VALUE, "/rights", id="no rights"),
    pytest.param(
        a_request(rights="erasure"), C.INVALID_VALUE, "/rights", id="rights as text"
    ),
    pytest.param(
        a_request(rights=["erasure", "erasure"]),
        C.INVALID_VALUE,
        "/rights",
        id="right twice",
    ),
    *(
        pytest.param(
            a_request(rights=["erasure", right]),
            C.RIGHT_NOT_SUPPORTED,
            "/rights/1",
            id=right,
        )
        for right in (
            "rectification",
            "restriction",
            "objection",
            "consent_withdrawal",
        )
    ),
    pytest.param(
        a_request(rights=["deletion"]), C.UNKNOWN_RIGHT, "/rights/0", id="other word"
    ),
    pytest.param(
        a_request(rights=["Erasure"]), C.UNKNOWN_RIGHT, "/rights/0", id="capital letter"
    ),
    pytest.param(
        a_request(rights=[None]), C.UNKNOWN_RIGHT, "/rights/0", id="null right"
    ),
    *(
        pytest.param(a_request(received_at=text), code, "/received_at", id=str(text))
        for text, code in (
            ("2026-11-16T10:58:12", C.OFFSET_MISSING),
            ("2026-11-16", C.INVALID_VALUE),
            ("2026-11-16 10:58:12Z", C.INVALID_VALUE),
            ("2026-W47-1T10:58:12Z", C.INVALID_VALUE),
            ("2026-02-30T10:58:12Z", C.INVALID_VALUE),
            ("2026-11-16T10:58:60Z", C.INVALID_VALUE),
            ("2026-11-16T10:58:12+25:00", C.INVALID_VALUE),
            ("2026-11-16T10:58:12Z\n", C.INVALID_VALUE),
            ("0001-01-01T00:00:00+14:00", C.INVALID_VALUE),
            ("9999-12-31T23:59:59-14:00", C.INVALID_VALUE),
            ("", C.INVALID_VALUE),
            (1_763_287_092, C.INVALID_VALUE),
        )
    ),
    pytest.param(
        a_request(channel="fax"), C.INVALID_VALUE, "/channel", id="unknown channel"
    ),
    pytest.param(
        a_request(jurisdiction="fr"), C.INVALID_VALUE, "/jurisdiction", id="lower case"
    ),
    pytest.param(
        a_request(jurisdiction="France"), C.INVALID_VALUE, "/jurisdiction", id="country"
    ),
    pytest.param(
        a_request(locale="fr_FR"), C.INVALID_VALUE, "/locale", id="underscore"
    ),
    pytest.param(a_request(subject={}), C.NO_IDENTIFIER, "/subject", id="nobody"),
    pytest.param(
        a_request(subject={"identifiers": []}), C.NO_IDENTIFIER, "/subject", id="none"
    ),
    pytest.param(
        a_request(subject=None), C.INVALID_VALUE, "/subject", id="null subject"
    ),
    pytest.param(
        a_request(subject={"customer_id": "  "}),
        C.INVALID_IDENTIFIER,
        "/subject/customer_id",
        id="blank customer id",
    ),
    pytest.param(
        a_request(subject={"customer_id": 1001}),
        C.INVALID_VALUE,
        "/subject/customer_id",
        id="number as customer id",
    ),
    *(
        pytest.param(
            a_request(subject=identifier(type_, value)),
            C.INVALID_IDENTIFIER,
            "/subject/identifiers/0/value",
            id=f"{type_} {value!r}",
        )
        for type_, value in (
            ("email", "ada"),
            ("email", "@example.com"),
            ("email", "ada@localhost"),
            ("email", "ada moreau@example.com"),
            ("email", "ada@example.com, bo@example.com"),
            ("email", "ada@example."),
            ("email", "a" * 65 + "@example.com"),
            ("email", "ada\u200b@example.com"),
            ("email", "ada@exam\u202eple.com"),
            ("phone", "0199000101"),
            ("phone", "+33 1 99 00 01 01"),
            ("phone", "+0199000101"),
            ("phone", "+1234567890123456"),
            ("phone", "+\uff13\uff13199000101"),
            ("customer_id", "\t"),
            ("customer_id", "a\x00b"),
        )
    ),
    *(
        pytest.param(
            a_request(subject=identifier(type_, "x")),
            C.UNKNOWN_IDENTIFIER_TYPE,
            "/subject/identifiers/0/type",
            id=f"type {type_!r}",
        )
        for type_ in ("mail", "passport", "HubSpot.id", "a.b.c", ".id", "")
    ),
    pytest.param(
        a_request(subject=identifier("email", "")),
        C.INVALID_VALUE,
        "/subject/identifiers/0/value",
        id="empty value",
    ),
    pytest.param(
        a_request(subject=identifier("customer_id", "a" * 257)),
        C.INVALID_VALUE,
        "/subject/identifiers/0/value",
        id="long value",
    ),
    pytest.param(
        a_request(
            subject={"identifiers": [{"type": "customer_id", "value": "x"}] * 51}
        ),
        C.INVALID_VALUE,
        "/subject/identifiers",
        id="too many identifiers",
    ),
    pytest.param(
        a_request(scope={}), C.INVALID_VALUE, "/scope", id="scope without a limit"
    ),
    pytest.param(
        a_request(scope={"accounts": []}), C.INVALID_VALUE, "/scope/accounts", id="none"
    ),
    pytest.param(
        a_request(scope={"accounts": ["HubSpot"]}),
        C.INVALID_VALUE,
        "/scope/accounts/0",
        id="account is no slug",
    ),
    pytest.param(
        a_request(scope={"countries": ["FR"]}),
        C.UNKNOWN_FIELD,
        "/scope",
        id="limit we do not know",
    ),
]
