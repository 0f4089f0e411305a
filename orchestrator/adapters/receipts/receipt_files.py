"""
Receipts as files: what a reader downloads, and what verifies it again.

`<id>.dsse.json` is the receipt.  The three files beside it are its parts, cut out so
that `openssl` alone can verify it; they prove nothing that the receipt does not.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from orchestrator.adapters.keys.files import (
    key_id_of,
    load_public_key,
    public_keys_in,
)
from orchestrator.adapters.keys.signing import (
    LARGEST_ENVELOPE,
    ReceiptRejected,
    read_envelope,
    verify_envelope,
)
from schemas.dsse import pae
from schemas.receipts import RECEIPT_MEDIA_TYPE, TEST_RECEIPT_MEDIA_TYPE

_IS_TEST = (
    "This is a TEST: it was signed for a test or a dry run and proves nothing of a"
    " person's data; --test verifies it as what it is."
)
_IS_REAL = "This was not signed for a test or a dry run; leave --test out."
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class ReceiptFiles:
    """Where the files of one receipt lie."""

    envelope: Path
    payload: Path
    pae: Path
    signature: Path


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """
    A receipt whose signature is good.

    `payload` are the signed bytes and `statement` the same, parsed; `digest` is the hex
    SHA-256 of the file, by which events and archives name it.
    """

    key_id: str
    digest: str
    payload: bytes
    statement: Mapping[str, object]


def write_receipt(directory: Path, receipt_id: str, envelope: bytes) -> ReceiptFiles:
    """
    Write one receipt and its parts into *directory*, whole or not at all each.

    Refuses what is not an envelope (`ReceiptRejected`) and an id that is no plain file
    name (`ValueError`).  It does not verify: only a public key that came to the reader
    by another way can.
    """
    if not _SAFE_ID.fullmatch(receipt_id):
        raise ValueError("A receipt id has letters, digits, - and _ only.")
    parts = read_envelope(envelope)
    files = ReceiptFiles(
        envelope=directory / f"{receipt_id}.dsse.json",
        payload=directory / f"{receipt_id}.payload.json",
        pae=directory / f"{receipt_id}.pae",
        signature=directory / f"{receipt_id}.sig",
    )
    directory.mkdir(parents=True, exist_ok=True)
    _write(files.payload, parts.payload)
    _write(files.pae, pae(parts.payload_type, parts.payload))
    _write(files.signature, parts.signature)
    _write(files.envelope, envelope)
    return files


def verify_file(
    path: Path, key_path: Path, *, as_test: bool = False
) -> VerifiedReceipt:
    """
    Verify the receipt in *path* with the PEM public key in *key_path*.

    A directory's keys are tried by the id that the receipt names: a controller's own
    folder of keys, or the public ones it handed out.
    A statement of a test or a dry run is genuine only *as_test*, and no other is then.
    Raises `ReceiptRejected` if the receipt is not what the key signed, `KeysError` if
    the key cannot be used and `OSError` if the receipt cannot be read.
    """
    keys = _keys_in(key_path, with_tests=as_test)
    with path.open("rb") as file:
        data = file.read(LARGEST_ENVELOPE + 1)
    envelope = read_envelope(data)
    key = keys.get(envelope.key_id)
    if key is None and key_path.is_dir():
        raise ReceiptRejected(
            "other_key",
            f"The receipt names the key {envelope.key_id}, which is none of those in"
            f" {key_path}; ask the controller for it.",
        )
    key = key or next(iter(keys.values()))
    is_test = envelope.payload_type == TEST_RECEIPT_MEDIA_TYPE
    if is_test is not as_test:
        raise ReceiptRejected("other_type", _IS_TEST if is_test else _IS_REAL)
    wanted = TEST_RECEIPT_MEDIA_TYPE if as_test else RECEIPT_MEDIA_TYPE
    payload = verify_envelope(data, key, wanted)
    return VerifiedReceipt(
        key_id=key_id_of(key),
        digest=sha256(data).hexdigest(),
        payload=payload,
        statement=_statement(payload),
    )


def _keys_in(path: Path, *, with_tests: bool) -> Mapping[str, Ed25519PublicKey]:
    """Return the public keys of a file or of a folder, by id; raises `KeysError`."""
    if path.is_dir():
        return public_keys_in(path, with_tests=with_tests)
    key = load_public_key(path)
    return {key_id_of(key): key}


def _statement(payload: bytes) -> Mapping[str, object]:
    try:
        statement = json.loads(payload)
    except (ValueError, RecursionError):
        statement = None
    if not isinstance(statement, dict):
        raise ReceiptRejected(
            "bad_payload",
            "The signature is good, but what it signs is not a statement; ask the "
            "controller who issued it.",
        )
    return cast("Mapping[str, object]", statement)


def _write(path: Path, content: bytes) -> None:
    """Replace a file in one step, so that nobody reads half of it."""
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
