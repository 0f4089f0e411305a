"""
Records of the requests topic that must not be taken, by what is wrong with them.

Here are two publishers as well: the portal, which may say everything of one house, and
the chat, which may only ask for access.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestrator.adapters.intake.signed_requests import RequestSigner
from orchestrator.adapters.register.publishers import PublisherTable
from schemas.cloudevents import MAX_VALUE_BYTES
from schemas.dsse import pae
from schemas.signed_events import PAYLOAD_TYPE
from tests.schemas.submissions import DROP, EVENT_ID, a_request

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE = "privacy.example.com"
PORTAL, CHAT, STRANGER = (
    Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3)
)
RETIRED = Ed25519PrivateKey.from_private_bytes(b"4" * 32)
DSSE = ("content-type", b"application/vnd.dsse+json")
Headers = tuple[tuple[str, bytes], ...]
Sent = tuple[Headers, bytes | None]


def _key(key: Ed25519PrivateKey, **days: date) -> dict[str, object]:
    raw = b64encode(key.public_key().public_bytes_raw()).decode()
    return {"public_key": raw, **days}


def publishers(**changes: object) -> Mapping[str, PublisherTable]:
    """The portal may say everything of one house; the chat may only ask for access."""
    portal = {
        "keys": [
            _key(PORTAL, valid_from=date(2026, 11, 1)),
            _key(RETIRED, valid_to=date(2026, 11, 22)),
        ],
        "sources": ["/portal/maison"],
        "controllers": ["maison-exemple"],
        "rights": ["erasure", "access", "portability"],
        **changes,
    }
    chat = {
        "keys": [_key(CHAT)],
        "sources": ["/chat"],
        "controllers": ["maison-exemple"],
        "rights": ["access"],
    }
    return {
        "portal": PublisherTable.model_validate(portal),
        "chat": PublisherTable.model_validate(chat),
    }


def an_event(**changes: object) -> dict[str, Any]:
    """Describe a request event, good unless told otherwise."""
    event = {
        "specversion": "1.0",
        "id": EVENT_ID,
        "source": "/portal/maison",
        "type": "privacy.request.submitted.v1",
        "time": NOW.isoformat(),
        "audience": HERE,
        "expirytime": (NOW + timedelta(days=7)).isoformat(),
        "data": a_request(),
    }
    return {k: v for k, v in {**event, **changes}.items() if v is not DROP}


def event_bytes(**changes: object) -> bytes:
    """Spell `an_event` as a publisher might."""
    return json.dumps(an_event(**changes)).encode()


def sign(
    payload: bytes, key: Ed25519PrivateKey = PORTAL, *headers: tuple[str, bytes]
) -> Sent:
    """Return the record of these very bytes, signed."""
    sent = RequestSigner(key).sign_bytes(payload, None)
    return (*sent.headers, *headers), sent.value


def an_envelope(**changes: object) -> Sent:
    """Return a good envelope with members of it changed."""
    document = json.loads(sign(event_bytes())[1] or b"")
    return (DSSE,), json.dumps({**document, **changes}).encode()


def _flipped(value: bytes | None) -> bytes:
    """Change one bit of what was signed."""
    document = json.loads(value or b"")
    payload = bytearray(b64decode(document["payload"]))
    payload[-2] ^= 1
    return json.dumps({**document, "payload": b64encode(payload).decode()}).encode()


def _signed_as(payload_type: str, named: str) -> Sent:
    """Sign under one type and say another."""
    payload = event_bytes()
    signature = PORTAL.sign(pae(payload_type, payload))
    keyid = RequestSigner(PORTAL).key_id
    return an_envelope(
        payloadType=named,
        signatures=[{"keyid": keyid, "sig": b64encode(signature).decode()}],
    )


def nested(depth: int) -> bytes:
    """Spell an object so many levels deep."""
    return b'{"a":' * depth + b"1" + b"}" * depth


_GOOD_SIGNATURE = json.loads(sign(event_bytes())[1] or b"")["signatures"][0]

# What nobody of ours signed: (record, code).
UNVERIFIED: Mapping[str, tuple[Callable[[], Sent], str]] = {
    "unsigned binary": (
        lambda: (
            (
                ("ce_specversion", b"1.0"),
                ("ce_id", EVENT_ID.encode()),
                ("ce_source", b"/portal/maison"),
                ("ce_type", b"privacy.request.submitted.v1"),
                ("content-type", b"application/json"),
            ),
            json.dumps(a_request()).encode(),
        ),
        "not_signed",
    ),
    "unsigned structured": (
        lambda: ((("content-type", b"application/cloudevents+json"),), event_bytes()),
        "not_signed",
    ),
    "no headers": (lambda: ((), event_bytes()), "not_signed"),
    "no data": (lambda: ((DSSE,), None), "no_data"),
    "forged": (lambda: sign(event_bytes(), STRANGER), "unknown_key"),
    "forged under our name": (
        lambda: an_envelope(
            signatures=[
                {
                    "keyid": RequestSigner(PORTAL).key_id,
                    "sig": b64encode(
                        STRANGER.sign(pae(PAYLOAD_TYPE, event_bytes()))
                    ).decode(),
                }
            ]
        ),
        "bad_signature",
    ),
    "under the name of another key of ours": (
        lambda: an_envelope(
            signatures=[
                {**_GOOD_SIGNATURE, "keyid": RequestSigner(RETIRED).key_id},
            ]
        ),
        "other_key_signed",
    ),
    "altered": (lambda: ((DSSE,), _flipped(sign(event_bytes())[1])), "bad_signature"),
    "payload of another": (
        lambda: an_envelope(payload=b64encode(event_bytes(id="x")).decode()),
        "bad_signature",
    ),
    "key out of validity": (lambda: sign(event_bytes(), RETIRED), "key_not_valid"),
    "payload type swapped": (
        lambda: an_envelope(payloadType="application/json"),
        "other_payload_type",
    ),
    "signed as another type": (
        lambda: _signed_as("application/json", PAYLOAD_TYPE),
        "other_bytes_signed",
    ),
    "type of another document": (
        lambda: _signed_as(*["application/vnd.erasure.answer.v1+json"] * 2),
        "other_payload_type",
    ),
    "payload signed without its type": (
        lambda: an_envelope(
            signatures=[
                {
                    "keyid": RequestSigner(PORTAL).key_id,
                    "sig": b64encode(PORTAL.sign(event_bytes())).decode(),
                }
            ]
        ),
        "other_bytes_signed",
    ),
    "algorithm swapped": (
        lambda: an_envelope(signatures=[{**_GOOD_SIGNATURE, "sig": "", "alg": "none"}]),
        "bad_signature",
    ),
    "signature of another length": (
        lambda: an_envelope(
            signatures=[{**_GOOD_SIGNATURE, "sig": b64encode(bytes(256)).decode()}]
        ),
        "bad_signature",
    ),
    "no signature": (lambda: an_envelope(signatures=[]), "not_an_envelope"),
    "two signatures": (
        lambda: an_envelope(signatures=[_GOOD_SIGNATURE] * 2),
        "not_an_envelope",
    ),
    "no envelope": (lambda: ((DSSE,), event_bytes()), "not_an_envelope"),
    "no base64": (lambda: an_envelope(payload="ß"), "not_an_envelope"),
    "numbers for texts": (
        lambda: an_envelope(payload=1, payloadType=2, signatures=3),
        "not_an_envelope",
    ),
    "duplicate key in the envelope": (
        lambda: (
            (DSSE,),
            (sign(event_bytes())[1] or b"").replace(b"{", b'{"payloadType":"x",', 1),
        ),
        "not_an_envelope",
    ),
    "deeply nested envelope": (
        lambda: ((DSSE,), nested(30_000)),
        "not_an_envelope",
    ),
    "envelope not UTF-8": (lambda: ((DSSE,), b"\xff\xfe{"), "not_an_envelope"),
    "registry frame": (
        lambda: ((DSSE,), b"\x00\x00\x00\x00\x01" + (sign(event_bytes())[1] or b"")),
        "not_an_envelope",
    ),
    "oversized": (
        lambda: ((DSSE,), (sign(event_bytes())[1] or b"") + b" " * MAX_VALUE_BYTES),
        "too_large",
    ),
    "header twice": (
        lambda: ((DSSE, DSSE), sign(event_bytes())[1]),
        "malformed_header",
    ),
    "unread payload, forged": (lambda: sign(b"{", STRANGER), "unknown_key"),
    "bomb, forged": (lambda: sign(nested(5_000), STRANGER), "unknown_key"),
}

# What a publisher signed and may not say: (record, code).
VERIFIED: Mapping[str, tuple[Callable[[], Sent], str]] = {
    "not yet valid": (
        lambda: sign(event_bytes(time=(NOW + timedelta(minutes=6)).isoformat())),
        "not_yet_valid",
    ),
    "valid for ever": (
        lambda: sign(event_bytes(expirytime="2099-01-01T00:00:00Z")),
        "valid_too_long",
    ),
    "expires before its time": (
        lambda: sign(event_bytes(expirytime=(NOW - timedelta(days=1)).isoformat())),
        "valid_too_long",
    ),
    "without expiry": (lambda: sign(event_bytes(expirytime=DROP)), "missing_header"),
    "without time": (lambda: sign(event_bytes(time=DROP)), "missing_header"),
    "without audience": (lambda: sign(event_bytes(audience=DROP)), "missing_header"),
    "expiry is no time": (
        lambda: sign(event_bytes(expirytime="soon")),
        "malformed_header",
    ),
    "wrong audience": (
        lambda: sign(event_bytes(audience="staging.example.com")),
        "other_audience",
    ),
    "wrong source": (lambda: sign(event_bytes(source="/chat")), "source_not_allowed"),
    "wrong right": (
        lambda: sign(event_bytes(source="/chat"), CHAT),
        "right_not_allowed",
    ),
    "wrong controller": (
        lambda: sign(event_bytes(data=a_request(controller="autre-maison"))),
        "controller_not_allowed",
    ),
    "unknown type": (
        lambda: sign(event_bytes(type="privacy.case.closed.v1")),
        "unknown_type",
    ),
    "header mismatch": (
        lambda: sign(event_bytes(), PORTAL, ("ce_id", b"another")),
        "header_differs",
    ),
    "header of nothing signed": (
        lambda: sign(event_bytes(), PORTAL, ("ce_subject", b"x")),
        "header_differs",
    ),
    "signed twice": (
        lambda: sign(sign(event_bytes())[1] or b""),
        "missing_header",
    ),
    "signed nonsense": (lambda: sign(b"{"), "malformed_json"),
    "signed text": (lambda: sign(b'"text"'), "invalid_value"),
    "signed not UTF-8": (lambda: sign(b'{"id":"\xff"}'), "malformed_json"),
    "signed duplicate key": (
        lambda: sign(event_bytes().replace(b"{", b'{"id":"x",', 1)),
        "malformed_json",
    ),
    "signed bomb": (lambda: sign(nested(5_000)), "malformed_json"),
    "without data": (lambda: sign(event_bytes(data=DROP)), "no_data"),
    "other content": (
        lambda: sign(event_bytes(datacontenttype="text/plain")),
        "unsupported_content_type",
    ),
    "bad request": (
        lambda: sign(event_bytes(data=a_request(rights=[]))),
        "invalid_value",
    ),
    "sealed to another": (
        lambda: sign(event_bytes(data=a_request(subject=DROP, subject_sealed="x.y"))),
        "does_not_open",
    ),
    "sealed and clear": (
        lambda: sign(event_bytes(data=a_request(subject_sealed="{}"))),
        "does_not_open",
    ),
}
