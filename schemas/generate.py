"""
Write the contracts as JSON Schema 2020-12 and AsyncAPI 3.1 into `schemas/generated`.

    python -m schemas.generate           write the files
    python -m schemas.generate --check   exit 1 if they differ from the code

`producer` holds what may be sent: closed, so that a misspelt member is caught before
it is sent.  `consumer` holds what must be understood: open, so that a later optional
member breaks nobody.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from schemas import signed_schemas
from schemas.asyncapi import FROM_PORTAL, SIGNED_ENVELOPE, asyncapi
from schemas.case_events import CASE_EVENTS
from schemas.checkpoints import LOG_CHECKPOINTED, LogCheckpointed
from schemas.cloudevents import ALLOWED_ID, ALLOWED_SOURCE
from schemas.fields import INSTANT_PATTERN
from schemas.instructions import (
    INSTRUCTION_ANSWERED,
    INSTRUCTION_ISSUED,
    About,
    Answer,
    Instruction,
    Rows,
    SignedEnvelope,
)
from schemas.later_words import LATER_TYPES
from schemas.receipts import RECEIPT_SEALED, Receipt, SealedReceipt
from schemas.requests import PrivacyRequest
from schemas.withdrawals import RequestWithdrawal

GENERATED = Path(__file__).parent / "generated"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
REQUEST_FILE = "producer/request-file.v1.json"
RECEIPT = "producer/receipt.v1.json"

EVENT_MODELS: Mapping[str, type[BaseModel]] = {
    PrivacyRequest.TYPE: PrivacyRequest,
    RequestWithdrawal.TYPE: RequestWithdrawal,
    **LATER_TYPES,
    **CASE_EVENTS,
    RECEIPT_SEALED: SealedReceipt,
    LOG_CHECKPOINTED: LogCheckpointed,
    INSTRUCTION_ISSUED: SignedEnvelope,
    INSTRUCTION_ANSWERED: SignedEnvelope,
}
# What stands inside signed or sealed parts, by what reads or writes it.
_INSIDE: Mapping[str, type[BaseModel]] = {
    "consumer/instruction.v1.json": Instruction,
    "consumer/instruction-about.v1.json": About,
    "producer/answer.v1.json": Answer,
    "producer/answer-rows.v1.json": Rows,
}
# A limit that is not understood must not be ignored: it would erase too much.
_STAYS_CLOSED = {"Scope"}


def documents() -> dict[str, dict[str, Any]]:
    """Make every document, by its path below `schemas/generated`."""
    made: dict[str, dict[str, Any]] = {}
    for type_, model in EVENT_MODELS.items():
        schema = model.model_json_schema()
        made[f"producer/{type_}.json"] = _document(f"{type_}:producer", _closed(schema))
        made[f"consumer/{type_}.json"] = _document(f"{type_}:consumer", _opened(schema))
    for type_ in FROM_PORTAL:
        variant = signed_schemas.sealed(made[f"producer/{type_}.json"])
        if variant is not None:
            name = f"{type_}:producer:sealed"
            made[f"producer/{type_}.sealed.json"] = _document(name, variant)
    made[SIGNED_ENVELOPE] = _document("signed-envelope.v1", signed_schemas.envelope())
    payload = signed_schemas.payload(FROM_PORTAL)
    made["producer/signed-payload.v1.json"] = _document("signed-payload.v1", payload)
    made[RECEIPT] = _document("receipt.v1", Receipt.model_json_schema())
    for path, model in _INSIDE.items():
        name = path.removesuffix(".json").partition("/")[2]
        turned = _closed if path.startswith("producer/") else _opened
        made[path] = _document(name, turned(model.model_json_schema()))
    made[REQUEST_FILE] = _document("request-file.v1", _request_file())
    made["asyncapi.json"] = asyncapi(EVENT_MODELS)
    return made


def spell(document: Mapping[str, Any]) -> str:
    """Spell a document the way it is checked in."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def differing(folder: Path) -> list[str]:
    """Name the files of *folder* that are absent, changed or no longer made."""
    made = {path: spell(document) for path, document in documents().items()}
    there = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*.json")
    }
    return sorted(path for path in {*made, *there} if made.get(path) != there.get(path))


def write(folder: Path) -> None:
    """Bring *folder* up to date."""
    made = documents()
    for path in differing(folder):
        file = folder / path
        if path not in made:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(spell(made[path]), "utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write or check; the exit status is 0 if the files equal the code."""
    if list(arguments) not in ([], ["--check"]):
        sys.stderr.write("Usage: python -m schemas.generate [--check]\n")
        return 2
    if not arguments:
        write(GENERATED)
        return 0
    old = differing(GENERATED)
    for path in old:
        sys.stderr.write(f"schemas/generated/{path} differs: run `make schemas`.\n")
    return 1 if old else 0


def _document(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give a schema its dialect and its name."""
    named = {"$schema": DIALECT, "$id": f"urn:erasure:schema:{name}"}
    return {**named, **{k: v for k, v in schema.items() if k not in named}}


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Close every object that names its members: a misspelt one is caught."""
    closed = dict(schema)
    if "properties" in schema:
        closed.setdefault("additionalProperties", False)
    if "$defs" in schema:
        closed["$defs"] = {
            name: _closed(part) for name, part in schema["$defs"].items()
        }
    return closed


def _opened(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Take the closing off every object but those that must stay closed."""
    opened = {k: v for k, v in schema.items() if k != "additionalProperties"}
    if "$defs" in schema:
        opened["$defs"] = {
            name: part if name in _STAYS_CLOSED else _opened(part)
            for name, part in schema["$defs"].items()
        }
    return opened


def _request_file() -> dict[str, Any]:
    """Describe one CloudEvent in JSON format, as `erasure request publish` takes it."""
    data = PrivacyRequest.model_json_schema()
    definitions = data.pop("$defs")
    return {
        "title": "RequestFile",
        "description": "One CloudEvent 1.0 in JSON format with a request as data.",
        "type": "object",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "pattern": f"^{ALLOWED_ID.pattern}$"},
            "source": {"type": "string", "pattern": f"^{ALLOWED_SOURCE.pattern}$"},
            "type": {"const": PrivacyRequest.TYPE},
            "time": {"type": "string", "pattern": INSTANT_PATTERN},
            "datacontenttype": {"const": "application/json"},
            "data": data,
        },
        "required": ["specversion", "id", "source", "type", "data"],
        "additionalProperties": False,
        "$defs": definitions,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
