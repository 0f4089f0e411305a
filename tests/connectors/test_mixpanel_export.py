"""How a Mixpanel retrieval's file is read."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import pytest

from connectors.base import (
    Action,
    Evidence,
    Exported,
    Identifier,
    NothingFound,
    Provenance,
)
from connectors.errors import ContractChanged, WrongPerson
from connectors.fakes.mixpanel import FakeMixpanel
from connectors.mixpanel import Mixpanel
from connectors.mixpanel.connector import DISTINCT_ID, MOST_IDS
from connectors.mixpanel.export import export_file
from connectors.testing import (
    BYSTANDER,
    CANARY,
    Bench,
    CollectingSink,
)
from tests.connectors.mixpanel_project import (
    OF_CANARY,
    MixpanelProject,
    accepted,
)


class TestExport(MixpanelProject):
    """A retrieval is one person's file."""

    @pytest.mark.parametrize("packing", ["plain", "gzip", "zip"])
    def test_file_is_read_however_it_is_packed(
        self, bench: Bench, fake: FakeMixpanel, packing: str
    ) -> None:
        """The vendor documents no packing, so the first bytes tell."""
        fake.command("packing", packing)
        sink = CollectingSink({CANARY.reference})

        reply = bench.export(bench.find(OF_CANARY), sink)

        assert reply == Exported(3)
        assert [(row.category, row.provenance) for row in sink.rows] == [
            ("profile", Provenance.PROVIDED),
            ("events", Provenance.OBSERVED),
            ("events", Provenance.OBSERVED),
        ]

    def test_row_of_somebody_else_stops_the_export(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """Each row is bound to the id it carries, not to the one asked for."""
        work = bench.find(OF_CANARY)
        sink = CollectingSink({CANARY.reference})
        job = accepted(bench.run(lambda it: it.export(work, sink)))
        fake.command("end", None)
        (rows,) = fake.data["files"].values()
        rows.append({"event": "x", "properties": {"distinct_id": BYSTANDER.reference}})

        with pytest.raises(WrongPerson):
            bench.run(lambda it: it.poll(job.ticket, sink))

    def test_person_unknown_to_mixpanel_has_nothing_to_copy(self, bench: Bench) -> None:
        """A retrieval that finds nobody is nothing found."""
        work = bench.find([Identifier(DISTINCT_ID, "nobody-1")])

        assert bench.export(work, CollectingSink(())) == NothingFound(Evidence.E2)

    def test_export_is_one_person_a_job(self) -> None:
        """A file about two people would have to be taken apart by guessing."""
        assert Mixpanel.spec.people_per_call[Action.EXPORT] == 1
        assert Mixpanel.spec.items_per_call[Action.EXPORT] == MOST_IDS


async def _in_pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def a_file(count: int) -> bytes:
    """Return so many rows of the canary."""
    row = {"event": "x", "properties": {"distinct_id": CANARY.reference}}
    return (json.dumps(row) + "\n").encode() * count


class TestFile:
    """The file is read in pieces of any size, and refused where it makes no sense."""

    @pytest.mark.parametrize("size", [1, 7, 100_000])
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(a_file(40), id="plain"),
            pytest.param(gzip.compress(a_file(40)), id="gzip"),
            pytest.param(
                gzip.compress(a_file(15)) + gzip.compress(a_file(25)), id="two members"
            ),
        ],
    )
    def test_pieces_may_end_anywhere(self, content: bytes, size: int) -> None:
        """Networks cut where they like."""
        assert _count(content, size) == 40

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            pytest.param(b"<html>", "undocumented_export_format", id="html"),
            pytest.param(b'"text"\n', "undocumented_export_format", id="text"),
            pytest.param(
                gzip.compress(a_file(9))[:-9], "export_truncated", id="cut off"
            ),
            pytest.param(b"\x1f\x8bxx", "export_not_unpackable", id="no gzip"),
            pytest.param(b"PK\x03\x04x", "export_not_unpackable", id="no zip"),
        ],
    )
    def test_unreadable_file_is_no_copy(self, content: bytes, code: str) -> None:
        """What cannot be read whole is not told as exported."""
        with pytest.raises(ContractChanged, match=code):
            _count(content, 100)

    def test_large_archive_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A ZIP is read from its end, so it must fit in memory."""
        monkeypatch.setattr("connectors.transport.json_lines.MOST_ZIP_BYTES", 1000)

        with pytest.raises(ContractChanged, match="export_too_large_to_unpack"):
            _count(b"PK\x03\x04" + bytes(2000), 100)

    def test_row_without_an_id_belongs_to_the_one_asked_for(self) -> None:
        """The job named nobody else."""
        assert _count(b'{"plan": "gold"}\n', 100) == 1

    def test_endless_line_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Memory stays bounded whatever the file holds."""
        monkeypatch.setattr("connectors.transport.json_lines.MOST_LINE_BYTES", 1000)

        with pytest.raises(ContractChanged, match="export_line_too_long"):
            _count(b"[" + b"1," * 1000, 100)


def _count(content: bytes, size: int) -> int:
    sink = CollectingSink({CANARY.reference})
    reading = export_file(_in_pieces(content, size), sink, subject=CANARY.reference)
    return asyncio.run(reading)
