"""The portal of every test: its keys, its place in the register, what it signs."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from orchestrator.adapters.clock import SystemClock
from orchestrator.adapters.intake.signed_requests import RequestSigner
from orchestrator.ports.event_log import Message
from schemas.signed_events import AUDIENCE, EXPIRY, USUALLY_VALID
from schemas.topics import REQUESTS

KEY: Final = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
SIGNER: Final = RequestSigner(KEY)
OURS: Final = "erasure-orchestrator"
PUBLIC: Final = b64encode(KEY.public_key().public_bytes_raw()).decode("ascii")
PEM: Final = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

_OF_THE_EVENT = (
    "content-type",
    *(f"ce_{one}" for one in ("specversion", "id", "source", "type", "time")),
)

PUBLISHER: Final = f"""
[publishers.portal]
sources = ["/portal/test", "/portal/maison-exemple", "/shop"]
controllers = ["maison-exemple"]
rights = ["erasure", "access", "portability"]
keys = [{{ public_key = "{PUBLIC}" }}]
"""


def signed(message: Message, at: datetime | None = None) -> Message:
    """
    Sign a message in binary mode as the portal; others go on as they are.

    Data that are no JSON are signed as they are, inside an event that is none either.
    """
    said = {n: text.decode() for n, text in message.headers if n.startswith("ce_")}
    is_event = message.topic == REQUESTS and "ce_id" in said
    if not is_event or message.value is None:
        return message
    now = at or SystemClock().now()
    attributes = {name[3:]: text for name, text in said.items()} | {
        "time": now.isoformat(),
        AUDIENCE: OURS,
        EXPIRY: (now + USUALLY_VALID).isoformat(),
    }
    head = json.dumps(attributes).removesuffix("}").encode()
    payload = head + b', "data": ' + message.value + b"}"
    made = SIGNER.sign_bytes(payload, message.key)
    others = [
        one
        for one in message.headers
        if one[0][:3] != "ce_" and one[0] != "content-type"
    ]
    headers = (*made.headers, *others)
    return Message(message.topic, message.key, headers, made.value)
