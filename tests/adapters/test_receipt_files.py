"""Downloaded receipts verify with other people's tools, and no change of them does."""

from __future__ import annotations

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key

from orchestrator.adapters.keys.directory import KeysError
from orchestrator.adapters.keys.signing import ReceiptRejected
from orchestrator.adapters.receipts.receipt_files import (
    ReceiptFiles,
    verify_file,
    write_receipt,
)
from schemas.dsse import pae
from schemas.receipts import RECEIPT_MEDIA_TYPE, TEST_RECEIPT_MEDIA_TYPE
from tests.support.signed_receipts import (
    KEY_ID,
    PAYLOAD,
    PUBLIC_KEY,
    a_public_key_file,
    a_receipt,
)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Return the public key in PEM form."""
    return a_public_key_file(tmp_path)


@pytest.fixture
def files(tmp_path: Path) -> ReceiptFiles:
    """Return the files of one downloaded receipt."""
    return write_receipt(tmp_path / "receipts", "r-1", a_receipt())


# --- our own command ---------------------------------------------------------


def test_statement_of_a_test_is_taken_for_a_test_only(
    tmp_path: Path, key_file: Path
) -> None:
    """Even under the same key neither kind passes for the other."""
    test = a_receipt(payload_type=TEST_RECEIPT_MEDIA_TYPE)
    test_file = write_receipt(tmp_path / "tests", "r-1", test).envelope
    real_file = write_receipt(tmp_path / "reals", "r-1", a_receipt()).envelope

    assert verify_file(test_file, key_file, as_test=True).payload == PAYLOAD
    with pytest.raises(ReceiptRejected, match="This is a TEST"):
        verify_file(test_file, key_file)
    with pytest.raises(ReceiptRejected, match="not signed for a test"):
        verify_file(real_file, key_file, as_test=True)


def test_downloaded_receipt_verifies(files: ReceiptFiles, key_file: Path) -> None:
    """The file that was written is the receipt, and its parts are its parts."""
    verified = verify_file(files.envelope, key_file)

    assert verified.statement == {"statement": 1}
    assert verified.payload == PAYLOAD == files.payload.read_bytes()
    assert verified.key_id == KEY_ID
    assert verified.digest == sha256(files.envelope.read_bytes()).hexdigest()
    assert files.envelope.read_bytes() == a_receipt()


def test_receipt_is_written_under_its_id(files: ReceiptFiles) -> None:
    """The four files carry the receipt's id and leave nothing unfinished behind."""
    names = {path.name for path in files.envelope.parent.iterdir()}

    assert names == {"r-1.dsse.json", "r-1.payload.json", "r-1.pae", "r-1.sig"}


def test_receipt_can_be_downloaded_again(files: ReceiptFiles, key_file: Path) -> None:
    """A second download replaces the files of the first."""
    files.envelope.write_bytes(b"damaged")

    again = write_receipt(files.envelope.parent, "r-1", a_receipt())

    assert again == files
    assert verify_file(files.envelope, key_file).payload == PAYLOAD


@pytest.mark.parametrize("receipt_id", ["", "../r-1", "a/b", ".hidden", "r 1", "r\x00"])
def test_receipt_id_is_a_plain_name(tmp_path: Path, receipt_id: str) -> None:
    """No id can name a file outside the directory."""
    with pytest.raises(ValueError, match="receipt id"):
        write_receipt(tmp_path / "receipts", receipt_id, a_receipt())


def test_damaged_receipt_is_not_written(tmp_path: Path) -> None:
    """What is no envelope leaves no files."""
    with pytest.raises(ReceiptRejected):
        write_receipt(tmp_path / "receipts", "r-1", a_receipt()[:-1])

    assert not (tmp_path / "receipts").exists()


@pytest.mark.parametrize("payload", [b"no json", b"[]", b"[" * 100_000, b"\xff"])
def test_signed_payload_must_be_a_statement(
    tmp_path: Path, key_file: Path, payload: bytes
) -> None:
    """A good signature over something else is not a verified receipt."""
    written = write_receipt(tmp_path / "receipts", "r-1", a_receipt(payload))

    with pytest.raises(ReceiptRejected) as refusal:
        verify_file(written.envelope, key_file)

    assert refusal.value.code == "bad_payload"


def test_absent_key_is_said(files: ReceiptFiles, tmp_path: Path) -> None:
    """A key that is not there is a wrong set-up, not a rejected receipt."""
    with pytest.raises(KeysError, match="cannot be read"):
        verify_file(files.envelope, tmp_path / "nowhere.pem")


# --- openssl -------------------------------------------------------------------


def openssl_accepts(files: ReceiptFiles, key_file: Path) -> bool:
    """Run the documented command; returns its verdict."""
    openssl = shutil.which("openssl")
    assert openssl, "Install openssl 3: this test compares receipts with it."
    verdict = subprocess.run(
        [
            *(openssl, "pkeyutl", "-verify", "-pubin", "-inkey", key_file, "-rawin"),
            *("-in", files.pae, "-sigfile", files.signature),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    # Exactly one of the two verdicts, so that a wrong command is not a rejection.
    said = {
        "Signature Verified Successfully\n": True,
        "Signature Verification Failure\n": False,
    }
    accepted = said[verdict.stdout]
    assert (verdict.returncode == 0) == accepted
    return accepted


def test_openssl_verifies_a_download(files: ReceiptFiles, key_file: Path) -> None:
    """The documented openssl command accepts the downloaded files."""
    assert openssl_accepts(files, key_file)


@pytest.mark.parametrize(
    ("payload_type", "payload"),
    [
        pytest.param(RECEIPT_MEDIA_TYPE, PAYLOAD.replace(b"1", b"2"), id="payload"),
        pytest.param(RECEIPT_MEDIA_TYPE.replace("v1", "v2"), PAYLOAD, id="type"),
        pytest.param(RECEIPT_MEDIA_TYPE, PAYLOAD + b" ", id="longer-payload"),
    ],
)
def test_openssl_rejects_other_signed_bytes(
    files: ReceiptFiles, key_file: Path, payload_type: str, payload: bytes
) -> None:
    """A changed payload or type does not verify with openssl."""
    files.pae.write_bytes(pae(payload_type, payload))

    assert not openssl_accepts(files, key_file)


def test_openssl_rejects_another_signature(files: ReceiptFiles, key_file: Path) -> None:
    """A changed signature does not verify with openssl."""
    issued = files.signature.read_bytes()

    for at in (0, 31, 32, 63):
        signature = bytearray(issued)
        signature[at] ^= 1
        files.signature.write_bytes(signature)
        assert not openssl_accepts(files, key_file)


# --- securesystemslib ------------------------------------------------------------


def others_accept(envelope: bytes) -> bool:
    """Ask an independent DSSE implementation; returns its verdict."""
    key = Key.from_dict(
        KEY_ID,
        {
            "keytype": "ed25519",
            "scheme": "ed25519",
            "keyval": {"public": PUBLIC_KEY.public_bytes_raw().hex()},
        },
    )
    try:
        accepted = Envelope.from_dict(json.loads(envelope)).verify([key], 1)
    except VerificationError:
        return False
    return set(accepted) == {KEY_ID}


def test_others_verify_a_receipt(files: ReceiptFiles) -> None:
    """An independent DSSE implementation reads and accepts the file."""
    data = files.envelope.read_bytes()

    assert others_accept(data)
    assert Envelope.from_dict(json.loads(data)).payload == PAYLOAD


def test_others_reject_every_changed_bit_of_the_decoded_parts() -> None:
    """Payload, type and signature: no single-bit change of them is accepted."""
    receipt = json.loads(a_receipt())
    whole = Envelope.from_dict(json.loads(a_receipt()))
    signature = bytes.fromhex(whole.signatures[KEY_ID].signature)

    for payload in changes_of(PAYLOAD):
        assert not others_accept(with_parts(receipt, payload=payload))
    for sig in changes_of(signature):
        assert not others_accept(with_parts(receipt, sig=sig))
    for kind in changes_of(RECEIPT_MEDIA_TYPE.encode()):
        changed = kind.decode("latin-1")
        assert not others_accept(with_parts(receipt, payload_type=changed))


def changes_of(raw: bytes) -> list[bytes]:
    """Return every copy of *raw* that differs in one bit."""
    copies = []
    for position in range(len(raw) * 8):
        copy = bytearray(raw)
        copy[position // 8] ^= 1 << position % 8
        copies.append(bytes(copy))
    return copies


def with_parts(
    receipt: dict[str, object],
    *,
    payload: bytes | None = None,
    payload_type: str = RECEIPT_MEDIA_TYPE,
    sig: bytes | None = None,
) -> bytes:
    """Return an envelope in which one decoded part is another."""
    whole = Envelope.from_dict(json.loads(json.dumps(receipt)))
    if payload is not None:
        whole.payload = payload
    if sig is not None:
        whole.signatures[KEY_ID].signature = sig.hex()
    whole.payload_type = payload_type
    return json.dumps(whole.to_dict()).encode()
