"""
Two requests that nobody of ours sent, for somebody who asked for nothing.

One is whole and signed with a stranger's key.  Under the other stands the portal's own
signature, but of a copy: on the way somebody made an erasure of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import uuid5

from orchestrator.adapters.intake.signed_requests import RequestSigner
from orchestrator.adapters.keys.files import read_signing_key
from orchestrator.bootstrap.installation import Installation
from orchestrator.entrypoints.actions.publishing import signed_file
from orchestrator.entrypoints.demo.example_files import as_request, event_of_today
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.people import FORGED, SPACE
from orchestrator.ports.event_log import Message
from schemas.cloudevents import Message as Sent
from schemas.intake import RequestFile
from schemas.rejections import Rejection, RejectionCode
from schemas.signed_events import take_apart, write_signed
from schemas.topics import REQUESTS

CODES: Final = (RejectionCode.UNKNOWN_KEY, RejectionCode.BAD_SIGNATURE)


@dataclass(frozen=True, slots=True)
class Forgery:
    """A forged request: the name it goes by, and its record."""

    request: str
    message: Message


def forge(installation: Installation, folder: Folder) -> Sequence[Forgery]:
    """Return the forged requests, in the order of `CODES`."""
    now = installation.clock.now()
    strange = _asked("erasure", now)
    signed = _signed(strange, folder.stranger_key, installation, now)
    wished = _asked("access", now)
    altered = _altered(_signed(wished, folder.portal_key, installation, now))
    return [_forgery(strange, signed), _forgery(wished, altered)]


def publish_forged(forgeries: Sequence[Forgery], installation: Installation) -> None:
    """Write them to the topic, as somebody does who can write to it."""
    installation.publisher.publish([one.message for one in forgeries])


def _asked(right: str, now: datetime) -> RequestFile:
    """Return a request in the name of somebody who asked for nothing."""
    event = event_of_today("erasure", now)
    names = [str(uuid5(SPACE, f"forged {right} {what}")) for what in ("event", "wish")]
    event["id"], event["data"]["request_id"] = names
    event["data"]["rights"] = [right]
    event["data"]["subject"] = {
        "customer_id": FORGED.customer_id,
        "identifiers": [{"type": "email", "value": FORGED.email}],
    }
    return as_request(f"forged {right}", event)


def _signed(
    file: RequestFile, key: Path, installation: Installation, now: datetime
) -> Sent:
    signer = RequestSigner(read_signing_key(key))
    return signed_file(file, signer, installation.settings.audience, now)


def _altered(sent: Sent) -> Sent:
    """Ask for an erasure where a copy was signed for; the signature stays."""
    parts = take_apart(sent.value)
    assert not isinstance(parts, Rejection)  # noqa: S101 (we have just written it)
    payload = parts.payload.replace(b'"access"', b'"erasure"')
    return write_signed(replace(parts, payload=payload), sent.key)


def _forgery(file: RequestFile, sent: Sent) -> Forgery:
    message = Message(REQUESTS, sent.key or b"", sent.headers, sent.value)
    return Forgery(file.submitted.request.request_id, message)
