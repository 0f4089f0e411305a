"""A quarantined record comes back byte for byte."""

from __future__ import annotations

import pytest

from orchestrator.ports.event_log import Headers, Record, pack, unpack

MANY = tuple((f"h{number}", b"") for number in range(70_000))


@pytest.mark.parametrize(
    ("key", "headers", "value"),
    [
        pytest.param(b"r-1", (("ce_id", b"1"), ("ce_id", b"2")), b"{}", id="usual"),
        pytest.param(None, (), None, id="nothing at all"),
        pytest.param(b"", (("", b""),), b"", id="everything empty"),
        pytest.param(b"k", MANY, b"\x00", id="absurdly many headers"),
        pytest.param(b"k", (("é\n", b"\xff\x00"),), b"\xff", id="no text"),
    ],
)
def test_packed_record_comes_back(
    key: bytes | None, headers: Headers, value: bytes | None
) -> None:
    """Absent and empty are told apart; names may repeat; bytes stay."""
    record = Record("privacy.requests", 3, 17, key, headers, value)

    assert unpack(pack(record), "privacy.requests", 3, 17) == record
