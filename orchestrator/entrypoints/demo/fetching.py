"""Bring receipts, events and copies out, and verify them in the demo's folder."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from orchestrator.adapters.keys.signing import ReceiptRejected, read_envelope
from orchestrator.adapters.receipts.receipt_files import (
    ReceiptFiles,
    verify_file,
    write_receipt,
)
from orchestrator.adapters.vault.sealed_chunks import open_chunks
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.cases import Case, ExportStatus
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.ports.event_log import Record
from schemas.case_events import CASE_ANSWERED, CaseEvent, read_case_event
from schemas.receipts import RECEIPT_SEALED, Receipt, read_receipt
from schemas.topics import CASE_EVENTS, RECEIPTS

_PATIENCE: Final = 5.0  # seconds for the last event to reach its topic
_TYPE: Final = "ce_type"
_FIRST_WITH_RAWIN: Final = 3  # openssl 3 signs and verifies raw messages


@dataclass(frozen=True, slots=True)
class FetchedReceipt:
    """
    A receipt as a file; `by_openssl` is unknown where there is no openssl 3.

    `refusal` says why our own verifier does not take it.
    """

    receipt: Receipt
    files: ReceiptFiles
    refusal: str | None
    by_openssl: bool | None


@dataclass(frozen=True, slots=True)
class Copy:
    """A person's copy, decrypted; `entries` are the sizes of its files by name."""

    request: str
    path: Path
    digest: str
    entries: Mapping[str, int]
    is_whole: bool
    text: str


def fetch_receipts(
    installation: Installation, folder: Folder, wanted: int
) -> Sequence[FetchedReceipt]:
    """Write every receipt on the receipts' topic as files, oldest first."""
    openssl = find_openssl()
    return [
        _fetched(record.value, folder, openssl)
        for record in _records(installation, RECEIPTS, RECEIPT_SEALED, wanted)
        if record.value is not None and _type_of(record) == RECEIPT_SEALED
    ]


def fetch_events(installation: Installation, wanted: int) -> Sequence[CaseEvent]:
    """Read what the portal was told, oldest first."""
    return [
        read_case_event(_type_of(record), record.value or b"")
        for record in _records(installation, CASE_EVENTS, CASE_ANSWERED, wanted)
    ]


def fetch_copies(
    installation: Installation, folder: Folder, cases: Sequence[Case]
) -> Sequence[Copy]:
    """Write every case's sealed copy as a ZIP file."""
    sealed = [case for case in cases if case.export is ExportStatus.SEALED]
    return [_copy(installation, folder, case) for case in sealed]


def find_openssl() -> str | None:
    """Return the path of an openssl that can verify Ed25519 signatures of messages."""
    path = shutil.which("openssl")
    if path is None:
        return None
    said = subprocess.run(  # noqa: S603 (a fixed command)
        [path, "version"], capture_output=True, text=True, check=False
    ).stdout
    name, _, version = said.partition(" ")
    major = version.partition(".")[0]
    is_new = major.isdecimal() and int(major) >= _FIRST_WITH_RAWIN
    return path if name == "OpenSSL" and is_new else None


def openssl_arguments(files: ReceiptFiles, public_key: Path) -> Sequence[str]:
    """Return the arguments with which openssl verifies one receipt."""
    key, signed, signature = map(str, (public_key, files.pae, files.signature))
    checking = ("pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin")
    return (*checking, "-in", signed, "-sigfile", signature)


def _records(
    installation: Installation, topic: str, type_: str, wanted: int
) -> Sequence[Record]:
    """Read a topic as its readers do, until *wanted* events of a type are there."""
    consumer = installation.embedded_log.consumer([topic], lambda _: {})
    end = installation.clock.monotonic() + _PATIENCE
    found: list[Record] = []
    while installation.clock.monotonic() < end:
        found += consumer.poll(0.2)
        if sum(_type_of(one) == type_ for one in found) >= wanted:
            break
    return found


def _type_of(record: Record) -> str:
    """Return the type of the event that a record carries."""
    return dict(record.headers).get(_TYPE, b"").decode()


def _fetched(envelope: bytes, folder: Folder, openssl: str | None) -> FetchedReceipt:
    receipt = read_receipt(read_envelope(envelope).payload)
    files = write_receipt(folder.receipts, receipt.statement_id, envelope)
    refusal = None
    try:
        verify_file(files.envelope, folder.public_key)
    except ReceiptRejected as rejected:
        refusal = str(rejected)
    return FetchedReceipt(receipt, files, refusal, _by_openssl(openssl, files, folder))


def _by_openssl(path: str | None, files: ReceiptFiles, folder: Folder) -> bool | None:
    if path is None:
        return None
    done = subprocess.run(  # noqa: S603 (a fixed command on files we wrote)
        [path, *openssl_arguments(files, folder.public_key)],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _copy(installation: Installation, folder: Folder, case: Case) -> Copy:
    opened = installation.vault.open([case.id], "export", [])
    (package,) = installation.artifacts.complete(case.id, "package")
    key = opened.keys[case.id]
    pieces = open_chunks(key, package.id, installation.artifacts.get(package.id))
    content = b"".join(pieces)
    path = folder.copies / f"{case.id}.zip"
    path.write_bytes(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    return Copy(
        request=case.request_id,
        path=path,
        digest=sha256(content).hexdigest(),
        entries={name: len(held) for name, held in entries.items()},
        is_whole=_keeps_its_manifest(entries),
        text="\n".join(held.decode() for held in entries.values()),
    )


def _keeps_its_manifest(entries: Mapping[str, bytes]) -> bool:
    """Tell whether the package holds exactly the files its manifest names."""
    manifest = json.loads(entries["manifest.json"])
    listed = [*manifest["files"], manifest["recipients"]]
    named = {one["path"]: one["sha256"] for one in listed}
    held = {
        name: sha256(content).hexdigest()
        for name, content in entries.items()
        if name != "manifest.json"
    }
    return named == held
