"""A signature that does not hold says which mistake it shows, and stays refused."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestrator.adapters.intake.signed_requests import SignedRequests
from orchestrator.adapters.keys.files import key_id_of
from orchestrator.ports import SaidEvent
from schemas.dsse import pae
from schemas.rejections import Rejection
from schemas.signed_events import PAYLOAD_TYPE
from tests.adapters.hostile_events import (
    HERE,
    NOW,
    PORTAL,
    STRANGER,
    an_envelope,
    event_bytes,
    publishers,
    sign,
)

PAYLOAD = event_bytes(data={"name": "Zoe"}).replace(b"Zoe", "Zoë".encode())
_B64 = b64encode(PAYLOAD)


def _read(
    signed: Callable[[bytes], bytes],
    key: Ed25519PrivateKey = PORTAL,
    keyid: str | None = None,
) -> SaidEvent:
    """Send the payload with a signature over other bytes, under the portal's name."""
    named = key_id_of(PORTAL.public_key()) if keyid is None else keyid
    signature = b64encode(key.sign(signed(PAYLOAD))).decode()
    sent = an_envelope(
        payload=_B64.decode(), signatures=[{"keyid": named, "sig": signature}]
    )
    reader = SignedRequests(publishers(), HERE, str.encode)
    return reader.read(*sent, NOW)


def _refused(said: SaidEvent) -> Rejection:
    assert isinstance(said.what, Rejection)
    return said.what


@pytest.mark.parametrize("keyid", [pytest.param(None, id="named"), pytest.param("")])
@pytest.mark.parametrize(
    ("signed", "hint"),
    [
        pytest.param(lambda it: it, "The payload alone", id="no PAE"),
        pytest.param(b64encode, "base64 was signed", id="base64"),
        pytest.param(
            lambda it: pae(PAYLOAD_TYPE, b64encode(it)), "base64 was enc", id="PAE b64"
        ),
        pytest.param(
            lambda it: pae("application/json", it), '"application/json"', id="type"
        ),
        pytest.param(lambda it: pae("", it), "an empty one", id="no type"),
        pytest.param(
            lambda it: (
                b"DSSEv1 28 %b %d %b" % (PAYLOAD_TYPE.encode(), len(it.decode()), it)
            ),
            "count bytes",
            id="characters",
        ),
    ],
)
def test_signature_over_other_bytes_says_which(
    signed: Callable[[bytes], bytes], hint: str, keyid: str | None
) -> None:
    """The hint begins with what was done, and ends with what to sign."""
    said = _read(signed, keyid=keyid)

    found = _refused(said)
    assert found.code == "other_bytes_signed"
    assert hint in found.hint
    assert "DSSEv1 28 application/cloudevents+json" in found.hint
    assert (found.event_id, found.request_id) == (None, None)
    assert said.signed == PAYLOAD


def test_hint_shows_the_true_beginning_of_what_is_signed() -> None:
    """Whoever copies it from the hint signs the right bytes."""
    hint = _refused(_read(lambda it: it)).hint

    assert pae(PAYLOAD_TYPE, b"").decode().removesuffix("0 ") in hint.replace('"', " ")


def test_stranger_learns_no_more_than_that_it_does_not_hold() -> None:
    """A strange key and an altered payload look alike: only the portal can know."""
    strange = _read(lambda it: pae(PAYLOAD_TYPE, it), STRANGER)
    raw = _read(lambda it: it, STRANGER)

    assert [_refused(one).code for one in (strange, raw)] == ["bad_signature"] * 2
    assert not strange.is_heard
    assert not raw.is_heard


def test_signature_that_is_no_ed25519_says_so() -> None:
    """ECDSA and RSA make other lengths; so does hex instead of base64."""
    keyid = key_id_of(PORTAL.public_key())
    sent = an_envelope(
        signatures=[{"keyid": keyid, "sig": b64encode(bytes(71)).decode()}]
    )

    reader = SignedRequests(publishers(), HERE, str.encode)

    assert "64 bytes" in _refused(reader.read(*sent, NOW)).rule


def test_payload_without_encoding_is_never_taken() -> None:
    """What is diagnosed is refused, also where the event itself is good."""
    good = event_bytes()
    signature = b64encode(PORTAL.sign(good)).decode()
    keyid = key_id_of(PORTAL.public_key())
    sent = an_envelope(signatures=[{"keyid": keyid, "sig": signature}])
    reader = SignedRequests(publishers(), HERE, str.encode)

    assert _refused(reader.read(*sent, NOW)).code == "other_bytes_signed"
    assert not isinstance(reader.read(*sign(good), NOW).what, Rejection)
