"""Rows come back from storage as they were exported."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from orchestrator.adapters.copies.package import ExportedRow
from orchestrator.adapters.copies.stored_rows import (
    StoredRowError,
    row_line,
    stored_rows,
)
from schemas.connecting import Provenance

ROWS = [
    ExportedRow(
        "profile", Provenance.PROVIDED, third_party=False, data={"n": "Müller"}
    ),
    ExportedRow("events", Provenance.OBSERVED, third_party=True, data={"x": [1, None]}),
    ExportedRow("scores", Provenance.INFERRED, third_party=False, data={}),
    ExportedRow(
        "profile", Provenance.PROVIDED, third_party=False, data={"\n": "\ud83d"}
    ),
]


def stored(rows: Iterable[ExportedRow] = ROWS) -> bytes:
    """Return *rows* as they are kept."""
    return b"".join(
        row_line(row.category, row.provenance, row.data, third_party=row.third_party)
        for row in rows
    )


@pytest.mark.parametrize("size", [1, 2, 7, 64, 100_000])
def test_rows_come_back_from_any_pieces(size: int) -> None:
    """However the stream is cut, every row comes back once and in order."""
    stream = stored()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]

    assert list(stored_rows(pieces)) == ROWS


def test_no_rows_are_no_rows() -> None:
    """An empty export is empty, not broken."""
    assert list(stored_rows([])) == []
    assert list(stored_rows([b""])) == []


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(stored()[:-1], id="cut-off"),
        pytest.param(b"\n", id="empty-line"),
        pytest.param(b"secret\n", id="no-json"),
        pytest.param(b"[]\n", id="list"),
        pytest.param(b'{"category":"secret"}\n', id="incomplete"),
        pytest.param(stored().replace(b"inferred", b"secret"), id="provenance"),
    ],
)
def test_broken_rows_are_refused(stream: bytes) -> None:
    """A stream that is not rows is refused without quoting it."""
    with pytest.raises(StoredRowError) as refusal:
        list(stored_rows([stream]))

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("value", [object(), b"x", float("nan")])
def test_row_that_is_no_json_is_not_stored(value: object) -> None:
    """What JSON cannot hold is refused before it is stored."""
    with pytest.raises(StoredRowError, match="not JSON"):
        row_line("profile", Provenance.PROVIDED, {"secret": value}, third_party=False)
