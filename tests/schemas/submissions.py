"""Builders of request events, good unless told otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

Headers = tuple[tuple[str, bytes | None], ...]
DROP: Final = object()  # as a value: leave the member out

REQUEST_ID = "6f0e0d3c-8f5a-4f2b-9a55-0c1d7a1e4b11"
EVENT_ID = "0b7f7c58-6df0-4a1e-8f0e-2f5a2f1f9c22"


def a_subject(**changes: object) -> dict[str, Any]:
    """Describe a person with a customer id and an e-mail address."""
    subject = {
        "customer_id": "C-1001",
        "identifiers": [{"type": "email", "value": "ada.moreau@example.com"}],
    }
    return _changed(subject, changes)


def a_verification(**changes: object) -> dict[str, Any]:
    """Describe a verification at the usual level."""
    verification = {
        "method": "login",
        "level": "substantial",
        "verified_at": "2026-11-16T11:04:40+01:00",
    }
    return _changed(verification, changes)


def a_request(**changes: object) -> dict[str, Any]:
    """Describe an erasure request."""
    request = {
        "request_id": REQUEST_ID,
        "controller": "maison-exemple",
        "rights": ["erasure"],
        "received_at": "2026-11-16T10:58:12+01:00",
        "channel": "web",
        "jurisdiction": "FR",
        "locale": "fr-FR",
        "subject": a_subject(),
        "verification": a_verification(),
    }
    return _changed(request, changes)


def the_headers(**changes: object) -> Headers:
    """Build the headers of a request event; `content_type` stands for content-type."""
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": EVENT_ID.encode(),
        "ce_source": b"/portal/maison",
        "ce_type": b"privacy.request.submitted.v1",
        "content_type": b"application/json",
    }
    changed = _changed(headers, changes)
    return tuple(
        (k.replace("content_type", "content-type"), changed[k]) for k in changed
    )


def the_value(data: object) -> bytes:
    """Spell the data of an event."""
    return json.dumps(data).encode()


def _changed(good: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Apply *changes*; DROP leaves a member out."""
    return {k: v for k, v in {**good, **changes}.items() if v is not DROP}
