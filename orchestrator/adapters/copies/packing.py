"""How a copy's rows are spelled, sealed, and packed into the case's ZIP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import cast

from orchestrator.adapters.copies.package import (
    PackageFile,
    PackagePart,
    RowOfAnotherPerson,
    assert_bound,
    build_package,
)
from orchestrator.adapters.copies.stored_rows import row_line, stored_rows
from orchestrator.adapters.vault.cipher import DataKey
from orchestrator.adapters.vault.sealed_chunks import ChunkSealer, open_chunks
from orchestrator.core.answer.copying import CopyLabel
from orchestrator.ports import CopyPart
from schemas.connecting import Row


class ZipPacking:
    """Rows as sealed JSON lines, packages as sealed ZIPs."""

    def sealer(
        self, data_key: object, artifact: str, emit: Callable[[int, bytes], None]
    ) -> ChunkSealer:
        """Seal a stream under a data key."""
        return ChunkSealer(cast("DataKey", data_key), artifact, emit)

    def line(self, row: Row) -> bytes:
        """Spell one row."""
        return row_line(
            row.category, row.provenance, row.data, third_party=row.third_party
        )

    def head(self, suffix: str) -> bytes:
        """Spell what stands before a file that is packed as it is."""
        return suffix.encode("ascii", "replace") + b"\n"

    def is_bound(self, subject: str, allowed: frozenset[str]) -> bool:
        """Tell whether a row bound to *subject* is the person's."""
        try:
            assert_bound(subject, allowed)
        except RowOfAnotherPerson:
            return False
        return True

    def build(
        self,
        data_key: object,
        package: str,
        label: CopyLabel,
        parts: Sequence[CopyPart],
        store: Callable[[int, bytes], None],
    ) -> str:
        """Build and seal the ZIP; returns its hex SHA-256."""
        key = cast("DataKey", data_key)
        sealer = self.sealer(key, package, store)
        summary = build_package(
            label.case,
            label.made_at,
            [_part(key, part) for part in parts],
            sealer.write,
            label.lines,
            label.recipients,
        )
        sealer.close()
        return summary.sha256


def _part(key: DataKey, part: CopyPart) -> PackagePart | PackageFile:
    """Open what one account gave: rows, or a file behind the line with its suffix."""
    pieces = open_chunks(key, part.artifact, part.chunks)
    if part.is_file:
        suffix, rest = _headed(pieces)
        return PackageFile(part.account, suffix, rest)
    return PackagePart(part.account, stored_rows(pieces))


def _headed(pieces: Iterator[bytes]) -> tuple[str, Iterator[bytes]]:
    """Return the suffix on the first line, and the file that follows."""
    head, _, first = next(pieces, b"").partition(b"\n")
    return head.decode("ascii", "replace"), chain([first], pieces)
