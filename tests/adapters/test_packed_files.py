"""What a person brings as a copy is packed as it is, under a plain name."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from orchestrator.adapters.package import PackageFile, build_package

CREATED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


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
