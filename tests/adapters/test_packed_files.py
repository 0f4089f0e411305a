"""What stands in a package beside rows: files of people, and who got the data."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, date, datetime
from hashlib import sha256

import pytest

from orchestrator.adapters.copies.package import PackageFile, build_package
from schemas.recipients import Basis, Heard, RecipientHeard

CREATED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOST = RecipientHeard(
    recipient="mail",
    legal_name="Müller Mail Ltd",
    role="processor",
    country="IE",
    sub_processors=("Hosting Ltd",),
    data_categories=("contact details",),
    contract="DPA-2019-001",
    active_from=date(2019, 1, 1),
    basis=Basis.FOUND,
    told=Heard.NOT_OWED,
    accounts=("mail",),
)


@pytest.mark.parametrize(
    ("suffix", "name"),
    [
        ("pdf", "1-file.pdf"),
        ("", "1-file.bin"),
        ("PDF", "1-file.bin"),
        ("../x", "1-file.bin"),
        ("ada@example.com", "1-file.bin"),
        ("verylongsuffix", "1-file.bin"),
    ],
)
def test_file_is_packed_under_a_plain_name(suffix: str, name: str) -> None:
    """Whatever a person's file was called, its name in the package gives nothing."""
    pieces = [b"%PDF", bytes(range(256)) * 100]
    target = io.BytesIO()

    summary = build_package(
        "case-1", CREATED, [PackageFile("desk", suffix, pieces)], target.write
    )

    with zipfile.ZipFile(target) as archive:
        assert archive.read(f"desk/{name}") == b"".join(pieces)
    (listed,) = summary.files
    assert listed.sha256 == sha256(b"".join(pieces)).hexdigest()
    assert (listed.size, listed.rows) == (25_604, 1)


def test_package_names_who_got_the_data() -> None:
    """By name, with what concerns the person; the manifest has the file's digest."""
    target = io.BytesIO()

    build_package("case-1", CREATED, [], target.write, recipients=[HOST])

    with zipfile.ZipFile(target) as archive:
        content = archive.read("recipients.json")
        manifest = json.loads(archive.read("manifest.json"))
    assert json.loads(content) == {
        "format": "erasure-export-recipients/1",
        "recipients": [
            {
                "recipient": "mail",
                "legal_name": "Müller Mail Ltd",
                "role": "processor",
                "country": "IE",
                "sub_processors": ["Hosting Ltd"],
                "data_categories": ["contact details"],
                "active_from": "2019-01-01",
                "basis": "found",
                "accounts": ["mail"],
            }
        ],
    }
    assert manifest["recipients"] == {
        "path": "recipients.json",
        "sha256": sha256(content).hexdigest(),
        "size": len(content),
        "rows": 1,
    }
