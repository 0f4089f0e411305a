"""`erasure request send` and `events`: a portal's own program, tried out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import Json
from orchestrator.entrypoints.cli.showing import print_rows, say
from orchestrator.errors import SetUpError, Unavailable

# ruff: noqa: PLC0415 (the schemas take a while to import, and --help needs none)

if TYPE_CHECKING:
    from orchestrator.ports.event_log import Record

Values = Annotated[
    list[Path],
    typer.Argument(metavar="FILE…", help="One record's value each: an envelope."),
]
OfRequest = Annotated[
    str | None,
    typer.Argument(metavar="[REQUEST]", help="Only of this request_id."),
]


def send(files: Values) -> None:
    """
    Publish values that a portal signed by itself, byte for byte as they are.

    Nothing is checked before: what the intake thinks of them stands in `erasure request
    events` and, where nobody is answered, in `erasure quarantine list`.
    """
    from orchestrator.entrypoints.actions.publishing import publish_values

    values = [_content(path) for path in files]
    with open_parts() as parts:
        acknowledged = publish_values(values, parts)
    for path, is_there in zip(files, acknowledged, strict=True):
        if is_there:
            say(f"{path}: sent")
    if not all(acknowledged):
        raise Unavailable(
            "Not every value was acknowledged; send the files again, for a repeat opens"
            " no second case."
        )


def events(request: OfRequest = None, *, as_json: Json = False) -> None:
    """
    Show what we told portals on privacy.case-events, oldest first.

    Portals read the topic itself; this is for a trial on the embedded log, which no
    program of theirs can read.
    """
    with open_parts() as parts:
        told = [_event(one) for one in parts.told()]
    print_rows(
        [one for one in told if request in (None, one["request_id"])],
        [
            ("time", lambda row: row["time"]),
            ("request", lambda row: row["request_id"]),
            ("type", lambda row: row["type"]),
            ("what", lambda row: row["data"].get("code") or row["data"].get("result")),
        ],
        as_json=as_json,
        nothing="Nothing was told to portals yet.",
    )


def _event(record: Record) -> dict[str, Any]:
    """Return a record as one CloudEvent in JSON, with its key."""
    said = {name: (text or b"").decode() for name, text in record.headers}
    attributes = {n[3:]: text for n, text in said.items() if n.startswith("ce_")}
    data = json.loads(record.value or b"{}")
    return {"request_id": (record.key or b"").decode(), **attributes, "data": data}


def _content(path: Path) -> bytes:
    """Read a file whole: one that is too large is the intake's to refuse."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SetUpError(
            f"{path} cannot be read ({error.strerror}); name a file with one signed"
            " value."
        ) from None
