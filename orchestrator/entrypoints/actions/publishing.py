"""Sign request files as a publisher of the register does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from orchestrator.adapters.intake.signed_requests import RequestSigner
from orchestrator.adapters.keys.files import read_signing_key
from orchestrator.bootstrap.installation import Installation
from orchestrator.errors import SetUpError
from orchestrator.ports.event_log import Message
from orchestrator.settings import Unsigned
from schemas.cloudevents import Envelope
from schemas.cloudevents import Message as Sent
from schemas.intake import RequestFile
from schemas.rejections import Rejection
from schemas.requests import PrivacyRequest
from schemas.sealed_members import seal_members
from schemas.signed_events import (
    SIGNED_CONTENT_TYPE,
    SignedEvent,
    names_in,
    take_apart,
)
from schemas.strict_json import StrictJsonError, parse_json
from schemas.topics import REQUESTS

Seal = Callable[[bytes], str]


def signed_file(
    file: RequestFile,
    signer: RequestSigner,
    audience: str,
    at: datetime,
    seal: Seal | None = None,
) -> Sent:
    """Return the record of a file, said now; with *seal* nobody is named in clear."""
    submitted = file.submitted
    data = (
        file.message.value if seal is None else seal_members(file.message.value, seal)
    )
    envelope = Envelope(
        submitted.event_id, submitted.source, PrivacyRequest.TYPE, at, data
    )
    return signer.sign(SignedEvent.of(envelope, audience, at), file.message.key)


def publish(
    files: Sequence[RequestFile], parts: Installation, key: Path | None = None
) -> Sequence[bool]:
    """Publish *files* as the portal does; tells of each whether it is acknowledged."""
    made = _as_published(files, parts, key)
    messages = [Message(REQUESTS, m.key or b"", m.headers, m.value) for m in made]
    return parts.publisher.publish(messages)


def publish_values(values: Sequence[bytes], parts: Installation) -> Sequence[bool]:
    """Publish what somebody else signed, as it is; tells of each like `publish`."""
    headers = (("content-type", SIGNED_CONTENT_TYPE.encode()),)
    return parts.publisher.publish(
        [Message(REQUESTS, _record_key(one), headers, one) for one in values]
    )


def _record_key(value: bytes) -> bytes:
    """Return the request_id that a value speaks of; nothing where it names none."""
    parts = take_apart(value)
    if isinstance(parts, Rejection):
        return b""
    try:
        data = parse_json(names_in(parts.payload)[1])
    except StrictJsonError:
        return b""
    name = data.get("request_id") if isinstance(data, dict) else None
    return name.encode() if isinstance(name, str) else b""


def _as_published(
    files: Sequence[RequestFile], parts: Installation, key: Path | None
) -> Sequence[Sent]:
    """
    Return the records of *files*, signed with *key* or the configured one.

    Raises `SetUpError` where they would only be refused.
    """
    path = key or parts.settings.request_key
    if path is None:
        if parts.settings.unsigned_requests is Unsigned.TAKE:
            return [one.message for one in files]
        raise SetUpError(
            "Request events must be signed: give --key or ERASURE_REQUEST_KEY the"
            " private key (PEM) of a publisher in the register; docs/portal.md says how"
            " to make one."
        )
    signer = RequestSigner(read_signing_key(path))
    publishers = parts.register.publishers.values()
    if not any(signer.key_id == key.id for it in publishers for key in it.keys):
        raise SetUpError(
            f"No publisher of the register has the public key of {path}; add it to the"
            " keys of one under [publishers.NAME]."
        )
    now = parts.clock.now()
    return [signed_file(one, signer, parts.settings.audience, now) for one in files]
