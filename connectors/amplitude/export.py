"""The files of a copy: gzip, with one event as JSON a line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Literal

from connectors.base import Provenance, Row, Sink
from connectors.transport.json_lines import records_in

_FIELD: Mapping[str, str] = MappingProxyType(
    {"userId": "user_id", "amplitudeId": "amplitude_id"}
)


async def export_file(
    pieces: AsyncIterator[bytes],
    sink: Sink,
    name: Literal["userId", "amplitudeId"],
    subject: str,
) -> int:
    """
    Write the events of a file to *sink* and return how many there were.

    An event is bound to the id that it carries; one without (from before a login)
    belongs to *subject*, because the copy was asked about nobody else.
    """
    written = 0
    async for event in records_in(pieces):
        carried = event.get(_FIELD[name])
        bound = subject if carried is None else str(carried)
        await sink.write(Row("events", Provenance.OBSERVED, bound, event))
        written += 1
    return written
