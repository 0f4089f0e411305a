"""A receipt has one spelling; every other file is rejected."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from orchestrator.adapters.keys.directory import KeysError, key_id_of
from orchestrator.adapters.keys.files import load_public_key
from orchestrator.adapters.keys.signing import (
    LARGEST_ENVELOPE,
    DsseSigner,
    ReceiptRejected,
    read_envelope,
    verify_envelope,
)
from schemas.dsse import pae
from schemas.receipts import RECEIPT_MEDIA_TYPE
from tests.support.signed_receipts import (
    KEY_ID,
    PAYLOAD,
    PUBLIC_KEY,
    SIGNING_KEY,
    a_public_key_file,
    a_receipt,
)

Change = Callable[[dict[str, Any]], object]


def respelled(change: Change) -> bytes:
    """Return the receipt with its parsed members changed, in our spelling."""
    document = json.loads(a_receipt())
    change(document)
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def rejection(data: bytes) -> str:
    """Return the code with which *data* is rejected."""
    with pytest.raises(ReceiptRejected) as refusal:
        verify_envelope(data, PUBLIC_KEY)
    assert str(refusal.value).endswith(".")
    return refusal.value.code


def test_signed_payload_comes_back() -> None:
    """The payload is returned byte for byte, whatever it holds."""
    for payload in (PAYLOAD, b"", bytes(range(256)), b'{ "a" : 1 }\n'):
        assert verify_envelope(a_receipt(payload), PUBLIC_KEY) == payload


def test_first_receipts_stay_valid() -> None:
    """The spelling of the first version is the spelling for ever."""
    issued = (
        b'{"payload":"eyJzdGF0ZW1lbnQiOjF9","payloadType":"application/vnd.erasure.'
        b'receipt.v1+json","signatures":[{"keyid":"56475aa75463474c0285df5dbf2bcab73da6'
        b'51358839e9b77481b2eab107708c","sig":"LoIabu9g9K+rEF1Wf0BCfww1lne2bImxcPaDq7x2'
        b'aEgmDA9fcv4Qq0GkBWcpktJvRkJGXX15DvGj3BNhJM2kBw=="}]}\n'
    )

    assert a_receipt() == issued
    assert verify_envelope(issued, PUBLIC_KEY) == PAYLOAD


def test_pae_is_that_of_the_specification() -> None:
    """The example of DSSE's protocol.md gives the same bytes."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_every_changed_bit_is_rejected() -> None:
    """No file that differs in one bit is accepted."""
    receipt = a_receipt()

    accepted = [
        position
        for position in range(len(receipt) * 8)
        if is_accepted(flipped(receipt, position))
    ]

    assert is_accepted(receipt)
    assert accepted == []


def test_every_lost_or_doubled_byte_is_rejected() -> None:
    """No file with a byte less or a byte twice is accepted."""
    receipt = a_receipt()

    for at in range(len(receipt)):
        assert not is_accepted(receipt[:at] + receipt[at + 1 :])
        assert not is_accepted(receipt[:at])
        # A byte doubled inside a run of equal ones is a longer run all the same.
        assert not is_accepted(receipt[:at] + receipt[at : at + 1] + receipt[at:])


def flipped(data: bytes, position: int) -> bytes:
    """Return *data* with one bit changed."""
    changed = bytearray(data)
    changed[position // 8] ^= 1 << position % 8
    return bytes(changed)


def is_accepted(data: bytes) -> bool:
    """Return whether *data* verifies."""
    try:
        verify_envelope(data, PUBLIC_KEY)
    except ReceiptRejected:
        return False
    return True


def reordered(receipt: bytes) -> bytes:
    """Return the receipt with its members in another order."""
    document = json.loads(receipt)
    turned = dict(reversed(document.items()))
    return json.dumps(turned, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize(
    "respell",
    [
        pytest.param(lambda file: file.rstrip(b"\n"), id="no-newline"),
        pytest.param(lambda file: file + b"\n", id="two-newlines"),
        pytest.param(lambda file: file.replace(b"\n", b"\r\n"), id="crlf"),
        pytest.param(lambda file: b" " + file, id="leading-space"),
        pytest.param(lambda file: file.replace(b":", b": "), id="spaces"),
        pytest.param(
            lambda file: json.dumps(json.loads(file), indent=2).encode() + b"\n",
            id="indented",
        ),
        pytest.param(reordered, id="other-order"),
        pytest.param(lambda file: file.replace(b"==", b""), id="unpadded"),
        pytest.param(
            lambda file: file.replace(b"9K+rE", b"9K-rE"),
            id="url-safe",
        ),
        pytest.param(lambda file: file.replace(b"kBw==", b"kBx=="), id="unused-bits"),
        pytest.param(
            lambda file: file.replace(b"eyJz", b"eyJz\\n"), id="line-in-base64"
        ),
        pytest.param(lambda file: file.replace(b"eyJ", b"\\u0065yJ"), id="escaped"),
        pytest.param(lambda file: file.replace(b"/vnd", b"\\/vnd"), id="escaped-slash"),
        pytest.param(
            lambda file: b'{"extra":1,' + file.removeprefix(b"{"), id="extra-member"
        ),
        pytest.param(
            lambda file: b'{"payload":"eyJ9",' + file.removeprefix(b"{"),
            id="repeated-member",
        ),
        pytest.param(
            lambda file: file.replace(b'{"keyid"', b'{"cert":"x","keyid"'),
            id="extra-in-signature",
        ),
        pytest.param(lambda file: b"\xef\xbb\xbf" + file, id="byte-order-mark"),
        pytest.param(lambda file: file.decode().encode("utf-16"), id="utf-16"),
    ],
)
def test_other_spelling_is_rejected(respell: Callable[[bytes], bytes]) -> None:
    """The same content in another spelling is not the receipt."""
    receipt = a_receipt()
    other = respell(receipt)

    assert other != receipt
    assert rejection(other) in {"not_canonical", "not_an_envelope"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(
            lambda d: d.update(payload=base64.b64encode(b"{}").decode()),
            "bad_signature",
            id="payload",
        ),
        pytest.param(
            lambda d: d.update(payloadType="text/plain"), "other_type", id="type"
        ),
        pytest.param(
            lambda d: d["signatures"][0].update(keyid="00" * 32), "other_key", id="key"
        ),
        pytest.param(
            lambda d: d["signatures"][0].update(keyid=KEY_ID.upper()),
            "other_key",
            id="key-in-capitals",
        ),
        pytest.param(
            lambda d: d["signatures"][0].update(
                sig=base64.b64encode(bytes(64)).decode()
            ),
            "bad_signature",
            id="signature",
        ),
        pytest.param(
            lambda d: d["signatures"][0].update(sig=""), "bad_signature", id="unsigned"
        ),
        pytest.param(
            lambda d: d["signatures"].append(d["signatures"][0]),
            "not_an_envelope",
            id="two-signatures",
        ),
        pytest.param(
            lambda d: d.update(signatures=[]), "not_an_envelope", id="no-signature"
        ),
        pytest.param(
            lambda d: d.update(signatures=d["signatures"][0]),
            "not_an_envelope",
            id="bare-signature",
        ),
        pytest.param(
            lambda d: d.update(payload=None), "not_an_envelope", id="no-payload"
        ),
        pytest.param(
            lambda d: d.update(payloadType="typ\ud800"),
            "not_an_envelope",
            id="half-a-character",
        ),
        pytest.param(lambda d: d.pop("payloadType"), "not_an_envelope", id="no-type"),
    ],
)
def test_changed_member_is_rejected(change: Change, code: str) -> None:
    """Each part of the envelope is checked, and the refusal says which one."""
    assert rejection(respelled(change)) == code


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no json", id="no-json"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[" * 200_000, id="deep"),
        pytest.param(b"9" * 10_000, id="long-number"),
        pytest.param(b"\xff\xfe", id="not-text"),
    ],
)
def test_what_is_no_envelope_is_rejected(data: bytes) -> None:
    """Any bytes at all are refused with a verdict, never with another error."""
    assert rejection(data) == "not_an_envelope"


def test_huge_file_is_rejected_unread() -> None:
    """A file over the cap is refused before it is parsed."""
    assert rejection(b" " * (LARGEST_ENVELOPE + 1)) == "too_large"


def test_signer_makes_no_receipt_that_nobody_accepts() -> None:
    """What would exceed the cap is not signed in the first place."""
    with pytest.raises(ValueError, match="at most"):
        a_receipt(bytes(LARGEST_ENVELOPE))


def test_good_signature_of_another_type_is_rejected() -> None:
    """A signature over another kind of document does not pass for a statement."""
    other = a_receipt(payload_type="application/vnd.in-toto+json")

    assert rejection(other) == "other_type"
    assert verify_envelope(other, PUBLIC_KEY, "application/vnd.in-toto+json") == PAYLOAD


def test_receipt_of_another_key_is_rejected() -> None:
    """A receipt verifies with the key that signed it and with no other."""
    other = Ed25519PrivateKey.generate().public_key()

    with pytest.raises(ReceiptRejected) as refusal:
        verify_envelope(a_receipt(), other)

    assert refusal.value.code == "other_key"


def test_claiming_the_right_key_is_not_enough() -> None:
    """Who names our key but signs with another is caught by the signature."""
    forger = Ed25519PrivateKey.generate()
    forged = DsseSigner(forger, key_id_of(forger.public_key())).sign(
        RECEIPT_MEDIA_TYPE, PAYLOAD
    )
    claimed = forged.replace(key_id_of(forger.public_key()).encode(), KEY_ID.encode())

    assert rejection(claimed) == "bad_signature"


def test_signer_refuses_a_foreign_key_id() -> None:
    """A signer that would name the wrong key cannot be made."""
    with pytest.raises(ValueError, match="fingerprint"):
        DsseSigner(SIGNING_KEY, "00" * 32)


def test_repr_of_a_signer_hides_the_key() -> None:
    """The signing key does not show."""
    shown = repr(DsseSigner(SIGNING_KEY, KEY_ID))

    assert SIGNING_KEY.private_bytes_raw().hex()[:8] not in shown
    assert KEY_ID[:8] in shown


def test_envelope_is_read_without_a_key() -> None:
    """`read_envelope` gives the parts and checks the spelling only."""
    forged = respelled(lambda d: d.update(payload="e30="))

    assert read_envelope(forged).payload == b"{}"
    with pytest.raises(ReceiptRejected):
        read_envelope(forged.rstrip(b"\n"))


def test_public_key_is_read_from_pem(tmp_path: Path) -> None:
    """A PEM file gives the key whose fingerprint the receipt names."""
    assert key_id_of(load_public_key(a_public_key_file(tmp_path))) == KEY_ID


@pytest.mark.parametrize("content", [b"", b"no pem", None, "ec"])
def test_unusable_public_key_is_said(
    tmp_path: Path, content: bytes | str | None
) -> None:
    """A missing, broken or foreign public key is one sentence."""
    path = tmp_path / "public.pem"
    if content == "ec":
        public = generate_private_key(SECP256R1()).public_key()
        path.write_bytes(
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
    elif isinstance(content, bytes):
        path.write_bytes(content)

    with pytest.raises(KeysError, match="export-public"):
        load_public_key(path)
