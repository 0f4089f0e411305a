"""An example request, for `erasure request example` and for whoever writes a portal."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from schemas.requests import PrivacyRequest, Right


def example_file(
    rights: Collection[Right], *, request_id: str, event_id: str, at: datetime
) -> bytes:
    """
    Spell a request of an invented person as one CloudEvent in JSON format.

    Names and the time (aware) come from the caller, so that each example is new.
    """
    moment = at.isoformat(timespec="seconds")
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/portal/maison-exemple",
        "type": PrivacyRequest.TYPE,
        "time": moment,
        "datacontenttype": "application/json",
        "data": {
            "request_id": request_id,
            "controller": "maison-exemple",
            "rights": sorted(rights),
            "received_at": moment,
            "channel": "web",
            "jurisdiction": "FR",
            "locale": "fr-FR",
            "subject": {
                "customer_id": "C-1001",
                "identifiers": [
                    {"type": "email", "value": "ada.moreau@example.com"},
                    {"type": "phone", "value": "+33199000101"},
                ],
            },
            "verification": {
                "method": "login",
                "level": "substantial",
                "verified_at": moment,
            },
        },
    }
    return json.dumps(event, indent=2).encode() + b"\n"
