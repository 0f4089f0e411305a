"""
Exported rows between their processor and the package: one JSON object a line.

A task's rows are kept like this, sealed in chunks, until every account of the case has
answered; `stored_rows` reads them back as a stream.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from orchestrator.adapters.copies.package import ExportedRow
from orchestrator.errors import OrchestratorError
from schemas.connecting import Provenance


class StoredRowError(OrchestratorError):
    """Stored rows cannot be read, or a row cannot be stored; never quotes one."""


def row_line(
    category: str,
    provenance: Provenance,
    data: Mapping[str, object],
    *,
    third_party: bool,
) -> bytes:
    """
    Write one row as a line, whatever its text holds; raises `StoredRowError`.

    Never change: rows of open cases lie stored like this.
    """
    document = {
        "category": category,
        "provenance": provenance.value,
        "third_party": third_party,
        "data": dict(data),
    }
    try:
        # ASCII only: processors return halves of surrogate pairs, which UTF-8 lacks.
        text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        # The library's text may quote the row, so it is not passed on.
        raise StoredRowError(
            "An exported row is not JSON; its connector must pass on text, numbers, "
            "booleans, null, lists and objects only."
        ) from None
    return text.encode("ascii") + b"\n"


def stored_rows(pieces: Iterable[bytes]) -> Iterator[ExportedRow]:
    """Yield the rows of a stream in *pieces* of any size; raises `StoredRowError`."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from map(_row, lines)
    if rest:
        raise StoredRowError("Stored rows end in the middle of one; export them again.")


def _row(line: bytes) -> ExportedRow:
    try:
        document = json.loads(line)
        return ExportedRow(
            category=document["category"],
            provenance=Provenance(document["provenance"]),
            third_party=document["third_party"],
            data=document["data"],
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise StoredRowError(
            "A stored row cannot be read; export the account again."
        ) from None
