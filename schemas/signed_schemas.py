"""JSON Schemas of a signed request event: its envelope, what is signed, sealed data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.cloudevents import ALLOWED_ID, ALLOWED_SOURCE, CONTENT_TYPE
from schemas.fields import INSTANT_PATTERN
from schemas.sealed_members import IDENTIFYING, SUFFIX
from schemas.signed_events import AUDIENCE, AUDIENCE_PATTERN, EXPIRY, PAYLOAD_TYPE

_BASE64 = "^([A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$"
_COMPACT_JWE = r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}$"


def envelope() -> dict[str, Any]:
    """Describe the value of the record: a DSSE envelope with one signature."""
    signature = {
        "type": "object",
        "properties": {
            "keyid": {
                "type": "string",
                "description": "The hex SHA-256 of the raw public key; a hint.",
            },
            "sig": {
                "type": "string",
                "pattern": _BASE64,
                "description": "Ed25519 over the pre-authentication encoding.",
            },
        },
        "required": ["sig"],
        "additionalProperties": False,
    }
    return {
        "title": "SignedRequestEvent",
        "description": "The value of a record of privacy.requests (DSSE v1.0.2).",
        "type": "object",
        "properties": {
            "payload": {
                "type": "string",
                "pattern": _BASE64,
                "description": "Base64 of the bytes that are signed: the payload.",
            },
            "payloadType": {"const": PAYLOAD_TYPE},
            "signatures": {
                "type": "array",
                "items": signature,
                "minItems": 1,
                "maxItems": 1,
            },
        },
        "required": ["payload", "payloadType", "signatures"],
        "additionalProperties": False,
    }


def payload(types: Sequence[str]) -> dict[str, Any]:
    """Describe what is signed: a CloudEvent of one of *types* in JSON format."""
    moment = {"type": "string", "pattern": INSTANT_PATTERN}
    return {
        "title": "SignedPayload",
        "description": "The payload of the envelope: a whole CloudEvent 1.0 in JSON.",
        "type": "object",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "pattern": f"^{ALLOWED_ID.pattern}$"},
            "source": {"type": "string", "pattern": f"^{ALLOWED_SOURCE.pattern}$"},
            "type": {"enum": [*types]},
            "time": moment,
            AUDIENCE: {"type": "string", "pattern": AUDIENCE_PATTERN},
            EXPIRY: moment,
            "datacontenttype": {"const": CONTENT_TYPE},
            "data": {
                "type": "object",
                "description": "As the producer's schema of the type says, or as its"
                " sealed variant does.",
            },
        },
        "required": [
            *("specversion", "id", "source", "type", "time", AUDIENCE, EXPIRY, "data"),
        ],
        "additionalProperties": False,
    }


def sealed(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a producer's *schema* with members sealed; None if none identifies."""
    properties: Mapping[str, Any] = schema["properties"]
    if IDENTIFYING.isdisjoint(properties):
        return None
    return {
        **schema,
        "properties": {
            _sealed_name(name): _SEALED if name in IDENTIFYING else part
            for name, part in properties.items()
        },
        "required": [_sealed_name(name) for name in schema["required"]],
    }


_SEALED = {
    "type": "string",
    "pattern": _COMPACT_JWE,
    "description": "A compact JWE (ECDH-ES+A256KW with X25519, A256GCM) for our public"
    " key; its plaintext is the member's JSON.",
}


def _sealed_name(name: str) -> str:
    return f"{name}{SUFFIX}" if name in IDENTIFYING else name
