"""The commands in docs/receipts.md do what the page says."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.adapters.receipts.receipt_files import write_receipt
from schemas.dsse import pae
from schemas.receipts import RECEIPT_MEDIA_TYPE
from tests.support.signed_receipts import (
    KEY_ID,
    PAYLOAD,
    a_public_key_file,
    a_receipt,
)

PAGE = Path(__file__).parents[2] / "docs" / "receipts.md"
CHANGED = b'{"statement":2}'


def blocks(language: str) -> list[str]:
    """Return the code blocks of the page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """Return a directory with a downloaded receipt `ID` and `public.pem`."""
    write_receipt(tmp_path, "ID", a_receipt())
    a_public_key_file(tmp_path)
    return tmp_path


def run(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run one documented command where the download lies."""
    return subprocess.run(
        command, cwd=directory, check=False, capture_output=True, text=True
    )


def test_page_shows_every_way() -> None:
    """The tests below have something to run."""
    assert len(blocks("sh")) == 4
    assert len(blocks("python")) == 2


def test_fingerprint_command_gives_the_key_id(download: Path) -> None:
    """The fingerprint of the PEM file is the key id in the receipt."""
    said = run(download, "sh", "-c", blocks("sh")[0])

    assert said.stdout.split()[0] == KEY_ID


def test_openssl_command_accepts_and_rejects(download: Path) -> None:
    """The openssl command accepts the download and refuses another payload."""
    verified = run(download, "sh", "-c", blocks("sh")[1])
    (download / "ID.pae").write_bytes(pae(RECEIPT_MEDIA_TYPE, CHANGED))
    refused = run(download, "sh", "-c", blocks("sh")[1])

    assert verified.stdout == "Signature Verified Successfully\n"
    assert (verified.returncode, refused.returncode) == (0, 1)


def test_comparing_command_notices_another_payload(download: Path) -> None:
    """A payload file that was not signed is noticed."""
    same = run(download, "sh", "-c", blocks("sh")[2])
    (download / "ID.payload.json").write_bytes(CHANGED)
    other = run(download, "sh", "-c", blocks("sh")[2])

    assert (same.returncode, other.returncode) == (0, 1)


@pytest.mark.parametrize(
    ("block", "verdict"),
    [
        pytest.param(0, "VerificationError", id="securesystemslib"),
        pytest.param(1, "InvalidSignature", id="cryptography"),
    ],
)
def test_python_block_accepts_and_rejects(
    download: Path, block: int, verdict: str
) -> None:
    """Each Python block prints the statement, and refuses another payload."""
    program = blocks("python")[block]
    verified = run(download, sys.executable, "-c", program)
    envelope = json.loads(a_receipt())
    envelope["payload"] = base64.b64encode(CHANGED).decode()
    (download / "ID.dsse.json").write_text(json.dumps(envelope))
    refused = run(download, sys.executable, "-c", program)

    assert verified.stdout == PAYLOAD.decode() + "\n"
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert verdict in refused.stderr


def test_shown_prefix_is_what_is_signed(download: Path) -> None:
    """The page quotes the beginning of the signed bytes as they are."""
    (quoted,) = re.findall(r"begins with `(DSSEv1 [^`]*)`", PAGE.read_text())

    assert (download / "ID.pae").read_text().startswith(quoted)
