"""The export package is whole, safe to unpack, and built in little memory."""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import psutil
import pytest
from pydantic import SecretBytes

from connectors.commercetools.kinds import KINDS
from orchestrator.adapters.copies.package import (
    CATEGORIES,
    ExportedRow,
    PackageError,
    PackagePart,
    PackageSummary,
    RowOfAnotherPerson,
    assert_bound,
    build_package,
)
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.adapters.vault.sealed_chunks import ChunkSealer, open_chunks
from schemas.connecting import Provenance

CREATED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LABELS = ("recipients.json", "manifest.json")
WORDS = frozenset({"profile", "events", "orders"})


def a_row(
    category: str = "profile",
    provenance: Provenance = Provenance.PROVIDED,
    *,
    third_party: bool = False,
    **data: object,
) -> ExportedRow:
    """Return one row."""
    return ExportedRow(category, provenance, third_party, data or {"n": 1})


def a_part(*rows: ExportedRow, account: str = "klaviyo-eu") -> PackagePart:
    """Return the rows of one account."""
    return PackagePart(account, rows, WORDS)


def built(*parts: PackagePart) -> tuple[bytes, PackageSummary]:
    """Return the ZIP of *parts* and what was said about it."""
    target = io.BytesIO()
    summary = build_package("case-1", CREATED, parts, target.write)
    return target.getvalue(), summary


def unpacked(package: bytes) -> dict[str, Any]:
    """Return every file of the ZIP, parsed."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert archive.testzip() is None
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_rows_come_back_by_account_category_and_provenance() -> None:
    """Each file holds the rows of one account, category and provenance, in order."""
    package, _ = built(
        a_part(
            a_row("profile", name="Ada"),
            a_row("events", Provenance.OBSERVED, at=1),
            a_row("events", Provenance.INFERRED, score=0.5),
            a_row("events", Provenance.OBSERVED, third_party=True, at=2),
        ),
        a_part(a_row("orders", total=3), account="shop"),
    )

    files = unpacked(package)

    assert list(files) == [
        "klaviyo-eu/1-events.json",
        "klaviyo-eu/2-events.json",
        "klaviyo-eu/3-profile.json",
        "shop/1-orders.json",
        *LABELS,
    ]
    assert files["klaviyo-eu/2-events.json"] == {
        "format": "erasure-export-rows/1",
        "account": "klaviyo-eu",
        "category": "events",
        "provenance": "observed",
        "rows": [
            {"third_party": False, "data": {"at": 1}},
            {"third_party": True, "data": {"at": 2}},
        ],
    }
    assert files["klaviyo-eu/1-events.json"]["provenance"] == "inferred"
    assert files["shop/1-orders.json"]["rows"][0]["data"] == {"total": 3}


def test_manifest_lists_every_file_with_its_digest() -> None:
    """Whoever has the manifest can check each file, and sees empty accounts too."""
    package, summary = built(
        a_part(a_row(), a_row("events", Provenance.OBSERVED, third_party=True)),
        a_part(account="empty"),
    )
    manifest = unpacked(package)["manifest.json"]

    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        names = [name for name in archive.namelist() if name not in LABELS]
        contents = {name: archive.read(name) for name in names}

    assert manifest["case"] == "case-1"
    assert manifest["created_at"] == "2026-11-20T12:00:00Z"
    assert manifest["accounts"] == [
        {"account": "klaviyo-eu", "outcome": "exported", "reasons": [], "rows": 2},
        {"account": "empty", "outcome": "exported", "reasons": [], "rows": 0},
    ]
    assert {f["path"]: (f["sha256"], f["size"]) for f in manifest["files"]} == {
        path: (sha256(raw).hexdigest(), len(raw)) for path, raw in contents.items()
    }
    assert manifest["files"][0] == {
        "path": "klaviyo-eu/1-events.json",
        "sha256": summary.files[0].sha256,
        "size": summary.files[0].size,
        "account": "klaviyo-eu",
        "category": "events",
        "provenance": "observed",
        "rows": 1,
        "third_party_rows": 1,
    }


def test_summary_describes_the_whole_file() -> None:
    """The summary's digest and size are those of the ZIP itself."""
    package, summary = built(a_part(a_row()))

    assert summary.sha256 == sha256(package).hexdigest()
    assert summary.size == len(package)
    assert [file.path for file in summary.files] == ["klaviyo-eu/1-profile.json"]


def test_equal_rows_give_equal_bytes() -> None:
    """A package that is built again is the same file: no clock enters it."""
    part = a_part(a_row(name="Ada"), a_row("events"))

    assert built(part)[0] == built(part)[0]


def test_time_is_written_in_utc() -> None:
    """The manifest's time is UTC, from whatever zone it came."""
    local = CREATED.astimezone(timezone(timedelta(hours=2)))
    target = io.BytesIO()

    build_package("case-1", local, [], target.write)

    manifest = unpacked(target.getvalue())["manifest.json"]
    assert manifest["created_at"] == "2026-11-20T12:00:00Z"
    with pytest.raises(PackageError, match="offset from UTC"):
        build_package("case-1", CREATED.replace(tzinfo=None), [], target.write)


HOSTILE = [
    "../../etc/passwd",
    "/absolute",
    "a/b",
    "C:\\x",
    "Profile",
    "",
    "ada@example.org",
    "a" * 65,
    "x\x00",
    "x\n",
]


@pytest.mark.parametrize("category", HOSTILE)
def test_names_never_come_from_data(category: str) -> None:
    """A category that the connector did not declare never enters a file name."""
    part = PackagePart("shop", [a_row(category)], WORDS)

    files = unpacked(built(part)[0])

    assert list(files) == ["shop/1-other.json", *LABELS]
    assert files["shop/1-other.json"]["rows"][0]["category"] == category
    assert files["manifest.json"]["files"][0]["category"] == "other"


@pytest.mark.parametrize("category", HOSTILE)
def test_declared_category_is_still_a_safe_name(category: str) -> None:
    """Even a connector's own words make no path."""
    part = PackagePart("shop", [a_row(category)], frozenset({category}))

    names = list(unpacked(built(part)[0]))

    assert all(
        re.fullmatch(r"[a-z0-9_-]+/[0-9]+-[a-z0-9_-]+\.json", n) for n in names[:-2]
    )


@pytest.mark.parametrize("account", HOSTILE)
def test_unsafe_account_is_refused(account: str) -> None:
    """An account id that is no slug makes no package."""
    with pytest.raises(PackageError, match="account id") as refusal:
        built(a_part(a_row(), account=account))

    assert refusal.value.code == "bad_account"


def test_kinds_of_a_shop_have_their_own_files() -> None:
    """Every kind of object that commercetools exports is a known category."""
    assert set(KINDS) <= CATEGORIES


def test_account_in_two_parts_keeps_its_files_apart() -> None:
    """A second part of an account continues its numbers."""
    package, _ = built(a_part(a_row(n=1)), a_part(a_row(n=2)))

    files = unpacked(package)

    assert list(files)[:2] == ["klaviyo-eu/1-profile.json", "klaviyo-eu/2-profile.json"]
    assert [one["rows"] for one in files["manifest.json"]["accounts"]] == [2]


def test_any_text_survives() -> None:
    """Other scripts, control characters and half characters come back as they were."""
    texts = ["Müller", "李雷", "😀", "\x00\x1f\x7f", "\ud83d", '"},\n{', "=1+1"]

    package, _ = built(a_part(*(a_row(text=text) for text in texts)))

    rows = unpacked(package)["klaviyo-eu/1-profile.json"]["rows"]
    assert [row["data"]["text"] for row in rows] == texts
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert "Müller".encode() in archive.read("klaviyo-eu/1-profile.json")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"secret": object()}, id="object"),
        pytest.param({"secret": b"bytes"}, id="bytes"),
        pytest.param({"secret": float("nan")}, id="nan"),
    ],
)
def test_row_that_is_no_json_is_refused(data: Mapping[str, object]) -> None:
    """A row that cannot be written stops the package without showing the row."""
    row = ExportedRow("profile", Provenance.PROVIDED, third_party=False, data=data)

    with pytest.raises(PackageError) as refusal:
        built(a_part(row))

    assert refusal.value.code == "not_json"
    assert "secret" not in str(refusal.value)


def test_repr_hides_rows() -> None:
    """Neither a row nor a part shows what it holds."""
    row = a_row(name="Ada Lovelace")

    assert "Ada" not in repr(row)
    assert "Ada" not in repr(a_part(row))


def test_failed_package_is_no_zip() -> None:
    """What was written before a failure never opens as a smaller package."""
    bad = ExportedRow("events", Provenance.OBSERVED, third_party=False, data={"x": b""})
    target = io.BytesIO()

    with pytest.raises(PackageError):
        build_package("case-1", CREATED, [a_part(a_row()), a_part(bad)], target.write)

    written = target.getvalue()
    assert written.startswith(b"PK")
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(written))


def test_full_disk_stops_the_package() -> None:
    """A target that fails is asked once, and its error comes through."""
    asked: list[int] = []

    def fail(data: bytes) -> None:
        asked.append(len(data))
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        build_package("case-1", CREATED, [a_part(a_row())], fail)

    assert len(asked) == 1


NOISE = random.Random(7).randbytes(300_000).hex()  # noqa: S311 (data for a test)


def many_rows(count: int, order: Callable[[int], str]) -> Iterator[ExportedRow]:
    """Return *count* rows of more than half a kilobyte."""
    for number in range(count):
        start = number * 500 % (len(NOISE) - 500)
        text = NOISE[start : start + 500]
        yield a_row(order(number), Provenance.OBSERVED, n=number, x=text)


def test_memory_stays_bounded() -> None:
    """200,000 rows (over 100 MB of JSON) in mixed order need less than 48 MB."""
    process = psutil.Process()
    held: list[int] = []
    sealed_bytes = 0

    def emit(_: int, chunk: bytes) -> None:
        nonlocal sealed_bytes
        sealed_bytes += len(chunk)
        held.append(process.memory_info().rss)

    data_key = Cipher(SecretBytes(bytes(32))).new_data_key("case-1", "export")[0]
    sealer = ChunkSealer(data_key, "package-1", emit)
    rows = many_rows(200_000, lambda n: ("events", "orders", "profile")[n % 3])
    before = process.memory_info().rss

    summary = build_package(
        "case-1", CREATED, [PackagePart("shop", rows)], sealer.write
    )
    sealer.close()

    assert max(held) - before < 48 * 1024 * 1024
    assert sum(file.rows for file in summary.files) == 200_000
    assert sum(file.size for file in summary.files) > 100_000_000
    assert sealed_bytes > summary.size
    assert len(summary.files) < 60


def test_large_category_is_whole_across_its_files() -> None:
    """Rows that need several files are all there, once, in order."""
    rows = list(many_rows(40_000, lambda n: ("events", "orders")[n % 2]))

    files = unpacked(built(a_part(*rows))[0])

    for category, parity in (("events", 0), ("orders", 1)):
        numbers = [
            row["data"]["n"]
            for name, file in files.items()
            if name.endswith(f"-{category}.json")
            for row in file["rows"]
        ]
        assert numbers == list(range(parity, 40_000, 2))
    assert len(files) > 3


def test_package_survives_sealing() -> None:
    """What is stored encrypted opens as the same ZIP."""
    chunks: list[bytes] = []
    data_key = Cipher(SecretBytes(bytes(32))).new_data_key("case-1", "export")[0]
    sealer = ChunkSealer(data_key, "p-1", lambda _, chunk: chunks.append(chunk), 1000)

    part = a_part(*many_rows(100, lambda _: "events"), a_row(name="Ada Lovelace"))
    summary = build_package("case-1", CREATED, [part], sealer.write)
    sealer.close()

    package = b"".join(open_chunks(data_key, "p-1", chunks))
    assert sha256(package).hexdigest() == summary.sha256
    assert not any(b"klaviyo-eu" in chunk for chunk in chunks)


# --- rows of other people --------------------------------------------------------


ALLOWED = frozenset({"ada@example.org", "cus_A1b2", "+4915112345678"})


@pytest.mark.parametrize("subject", [*sorted(ALLOWED), "Ada@Example.org"])
def test_rows_of_the_person_pass(subject: str) -> None:
    """Identifiers and items of the case are the person's, e-mail in any case."""
    assert_bound(subject, ALLOWED)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "eve@example.org",
        "cus_a1b2",
        "cus_A1b",
        "ada@example.org ",
        "ada@example.or",
    ],
)
def test_row_of_another_person_is_refused(subject: str) -> None:
    """Any other name is somebody else's, and the refusal does not repeat it."""
    with pytest.raises(RowOfAnotherPerson) as refusal:
        assert_bound(subject, ALLOWED)

    assert not subject or subject not in str(refusal.value)


def test_nothing_is_bound_to_nobody() -> None:
    """Without identifiers every row is refused."""
    with pytest.raises(RowOfAnotherPerson):
        assert_bound("ada@example.org", frozenset())
