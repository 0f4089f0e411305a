"""
The file of a finished retrieval, read as rows.

Neither the page nor the OpenAPI file documents its format (read 2026-11), so it is
told from its first bytes: ZIP, gzip, or plain text, and inside one JSON object a
line, as Mixpanel's raw export is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from connectors.base import Provenance, Row, Sink
from connectors.transport.json_lines import records_in


async def export_file(pieces: AsyncIterator[bytes], sink: Sink, *, subject: str) -> int:
    """
    Write the rows of a file to *sink* and return how many there were.

    A row is bound to the id that it carries; one without an id belongs to *subject*,
    because the job was asked about nobody else.
    """
    written = 0
    async for record in records_in(pieces):
        await sink.write(_row(record, subject))
        written += 1
    return written


def _row(record: dict[str, object], subject: str) -> Row:
    """Name what the record is by the fields that Mixpanel's other exports have."""
    properties = record.get("properties")
    inner = properties if isinstance(properties, dict) else {}
    carried = (
        record.get("$distinct_id")
        or record.get("distinct_id")
        or inner.get("distinct_id")
        or inner.get("$distinct_id")
    )
    category, provenance = "records", Provenance.OBSERVED
    if "event" in record:
        category = "events"
    elif "$properties" in record or "$distinct_id" in record:
        category, provenance = "profile", Provenance.PROVIDED
    bound = subject if carried is None else str(carried)
    return Row(category, provenance, bound, record)
