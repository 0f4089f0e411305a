"""
The export package: one ZIP for a case, streamed, with a manifest of what it holds.

`<account>/<n>-<category>.json` holds rows of one account, category and provenance,
`<account>/<n>-file.<suffix>` what a person brought as it is;
`recipients.json` names who got the data, in every package.
`manifest.json`, the last entry, lists every account with how it answered, so that a
copy that is empty or missing shows, and every file with its SHA-256.  Names are made
of account ids and a closed set of category words, never of data; times are fixed, so
that the same rows give the same bytes.

A ZIP has one open entry at a time while rows come in any order.  Rows therefore wait
in memory by category and provenance, 8 MiB in all; when that is full, the largest
group becomes the next numbered file.  So a large category is several files, memory
stays bounded, and no plain row touches a disk.

JSON only: nothing here is opened by a spreadsheet as a formula (ASVS 5.0, 1.2.10).
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Literal

from orchestrator.adapters.copies.package_manifest import (
    Labelled,
    PackagedFile,
    answered,
    manifest,
)
from orchestrator.adapters.copies.package_recipients import RECIPIENTS, recipients_json
from orchestrator.core.answer.copying import CopyLine
from orchestrator.errors import OrchestratorError
from schemas.connecting import Provenance
from schemas.recipients import RecipientHeard

MANIFEST = "manifest.json"
OTHER = "other"
FILE = "file"

# Never change: readers of packages look for these words.
_ROWS_FORMAT = "erasure-export-rows/1"

# The words of the connectors in this tree.  A word may be added; a removed one would
# only move its rows to `other`.
CATEGORIES = frozenset(
    {
        *("contact", "contact_activity", "contact_scores", "profile", "consents"),
        *("predictive_analytics", "segment_memberships", "list_memberships"),
        *("push_tokens", "conversations", "messages", "events", "records"),
        *("customers", "business-units", "orders", "carts", "payments", "reviews"),
        *("shopping-lists", "quotes", "quote-requests", "staged-quotes"),
        *("discount-codes", "custom-objects"),
    }
)

_BUFFERED_BYTES = 8 * 1024 * 1024
_SLUG = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
_SUFFIX = re.compile(r"[a-z0-9]{1,8}")
_LONGEST_SLUG = 64
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP can name


class PackageError(OrchestratorError):
    """A package cannot be built of these parts; `code` says why, without their data."""

    def __init__(
        self, code: Literal["bad_account", "bad_time", "not_json"], sentence: str
    ) -> None:
        super().__init__(sentence)
        self.code = code


class RowOfAnotherPerson(OrchestratorError):  # noqa: N818 (a verdict, not a fault)
    """A processor returned a row of somebody else: the export stops, a person looks."""


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """One record for the person; `third_party` marks data about somebody else in it."""

    category: str
    provenance: Provenance
    third_party: bool
    data: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PackagePart:
    """
    What one account holds, row by row in any order.

    `categories` are words that its connector adds to `CATEGORIES`; a row of another
    category goes to files named `other` and keeps its own word inside.
    """

    account: str
    rows: Iterable[ExportedRow] = field(repr=False)
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PackageFile:
    """
    A file that a person brought as an account's copy; it is packed as it is.

    `suffix` names its format; whatever is not a short word of letters and digits
    becomes `bin`, because a name could hold data.
    """

    account: str
    suffix: str
    pieces: Iterable[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PackageSummary:
    """The finished ZIP: its hex SHA-256, its size in bytes, its files."""

    sha256: str
    size: int
    files: tuple[PackagedFile, ...]


def assert_bound(subject: str, allowed: frozenset[str]) -> None:
    """
    Raise `RowOfAnotherPerson` unless *subject* is one of the person's own names.

    Exact, because record ids may differ by case alone; an e-mail address is also
    accepted in another case, as processors return it.
    """
    if subject in allowed:
        return
    if "@" in subject and subject.casefold() in {
        name.casefold() for name in allowed if "@" in name
    }:
        return
    raise RowOfAnotherPerson(
        "The processor returned a row that is bound to none of the person's "
        "identifiers or items; compare the account's records before exporting again."
    )


def build_package(
    case_id: str,
    created_at: datetime,
    parts: Iterable[PackagePart | PackageFile],
    write: Callable[[bytes], object],
    lines: Sequence[CopyLine] = (),
    recipients: Sequence[RecipientHeard] = (),
) -> PackageSummary:
    """
    Stream the package of *case_id* to *write*; raises `PackageError`.

    *lines* say how every account answered, also those that have no part; *recipients*
    are those of the case's receipt.
    After an exception what was written is not a ZIP and is to be thrown away.
    """
    if created_at.tzinfo is None:
        raise PackageError("bad_time", "A package's time names its offset from UTC.")
    target = _Counted(write)
    writer = _Writer(target)
    accounts = {line.account: 0 for line in lines}
    try:
        for part in parts:
            if isinstance(part, PackageFile):
                rows = writer.add_file(part)
            else:
                rows = writer.add(part)
            accounts[part.account] = accounts.get(part.account, 0) + rows
        answers = answered(lines, accounts)
        named = writer.add_recipients(recipients)
        writer.finish(manifest(case_id, created_at, answers, writer.files, named))
    except BaseException:
        # Otherwise `zipfile` writes a directory when it is collected, and half a
        # package would look like a whole one.
        target.is_abandoned = True
        writer.close()
        raise
    return PackageSummary(target.digest.hexdigest(), target.size, tuple(writer.files))


class _Counted:
    """The ZIP's target: passes bytes on, counting and hashing; cannot seek."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.digest = sha256()
        self.size = 0
        self.is_abandoned = False

    def write(self, data: bytes) -> int:
        if self.is_abandoned:
            return len(data)
        self.digest.update(data)
        self.size += len(data)
        self._write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back here."""

    def close(self) -> None:
        """Leave the target open: the ZIP does not own it."""


@dataclass(slots=True)
class _Group:
    """Rows of one category and provenance that wait for their file."""

    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    third_party_rows: int = 0


_GroupKey = tuple[str, Provenance]


class _Writer:
    """Turns rows into numbered entries of one ZIP, holding a bounded number of them."""

    def __init__(self, target: _Counted) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED)
        self._numbers: dict[str, int] = {}
        self.files: list[PackagedFile] = []

    def add(self, part: PackagePart) -> int:
        """Write the rows of one account; returns how many there were."""
        _check_account(part.account)
        known = CATEGORIES.union(filter(_is_slug, part.categories))
        groups: dict[_GroupKey, _Group] = {}
        buffered = rows = 0
        for row in part.rows:
            rows += 1
            category = row.category if row.category in known else OTHER
            line = _line(part.account, row, names_category=category == OTHER)
            group = groups.setdefault((category, row.provenance), _Group())
            group.lines.append(line)
            group.size += len(line)
            group.third_party_rows += row.third_party
            buffered += len(line)
            if buffered > _BUFFERED_BYTES:
                largest = max(groups, key=lambda key: groups[key].size)
                buffered -= groups[largest].size
                self._write(part.account, largest, groups.pop(largest))
        for key in sorted(groups):
            self._write(part.account, key, groups[key])
        return rows

    def add_file(self, file: PackageFile) -> int:
        """Write a file as it is; it counts as one row."""
        _check_account(file.account)
        suffix = file.suffix if _SUFFIX.fullmatch(file.suffix) else "bin"
        path = f"{file.account}/{self._next(file.account)}-{FILE}.{suffix}"
        digest, size = sha256(), 0
        with self._zip.open(_info(path), "w") as entry:
            for piece in file.pieces:
                entry.write(piece)
                digest.update(piece)
                size += len(piece)
        self.files.append(
            PackagedFile(
                path=path,
                account=file.account,
                category=FILE,
                provenance=Provenance.PROVIDED,
                rows=1,
                third_party_rows=0,
                size=size,
                sha256=digest.hexdigest(),
            )
        )
        return 1

    def _next(self, account: str) -> int:
        number = self._numbers[account] = self._numbers.get(account, 0) + 1
        return number

    def add_recipients(self, recipients: Sequence[RecipientHeard]) -> Labelled:
        """Write who got the data; an empty list says that nobody did."""
        content = recipients_json(recipients)
        self._entry(RECIPIENTS, content)
        digest = sha256(content).hexdigest()
        return Labelled(RECIPIENTS, digest, len(content), len(recipients))

    def finish(self, listed: bytes) -> None:
        self._entry(MANIFEST, listed)
        self.close()

    def close(self) -> None:
        self._zip.close()

    def _write(self, account: str, key: _GroupKey, group: _Group) -> None:
        category, provenance = key
        number = self._next(account)
        head = _json(
            {
                "format": _ROWS_FORMAT,
                "account": account,
                "category": category,
                "provenance": provenance.value,
            }
        )
        # The rows join the head's object, one a line.
        rows = b",\n".join(group.lines)
        content = b'%b,"rows":[\n%b\n]}\n' % (head.removesuffix(b"}"), rows)
        path = f"{account}/{number}-{category}.json"
        self._entry(path, content)
        self.files.append(
            PackagedFile(
                path=path,
                account=account,
                category=category,
                provenance=provenance,
                rows=len(group.lines),
                third_party_rows=group.third_party_rows,
                size=len(content),
                sha256=sha256(content).hexdigest(),
            )
        )

    def _entry(self, path: str, content: bytes) -> None:
        self._zip.writestr(_info(path), content)


def _info(path: str) -> zipfile.ZipInfo:
    """Name an entry, with nothing of this machine or moment in it."""
    info = zipfile.ZipInfo(path, _FIXED_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix on every machine, for equal bytes
    info.external_attr = 0o600 << 16
    return info


def _line(account: str, row: ExportedRow, *, names_category: bool) -> bytes:
    document: dict[str, object] = {"third_party": row.third_party}
    if names_category:
        document["category"] = row.category
    document["data"] = dict(row.data)
    try:
        return _json(document)
    except (TypeError, ValueError, RecursionError):
        # The library's text may quote the row, so it is not passed on.
        raise PackageError(
            "not_json",
            f"A row of account {account} cannot be written as JSON; its connector must "
            "pass on text, numbers, booleans, null, lists and objects only.",
        ) from None


def _json(document: Mapping[str, object]) -> bytes:
    text = json.dumps(
        document, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, as processors do return: JSON can escape it, UTF-8
        # cannot hold it.
        return json.dumps(document, allow_nan=False, separators=(",", ":")).encode()


def _check_account(account: str) -> None:
    if not _is_slug(account):
        raise PackageError(
            "bad_account",
            "An account id in a package has lower-case letters, digits, - and _ only; "
            "rename the account in the register.",
        )


def _is_slug(word: str) -> bool:
    return len(word) <= _LONGEST_SLUG and _SLUG.fullmatch(word) is not None
