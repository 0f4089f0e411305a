"""The comparison with a vendor's file finds what does not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from connectors.fakes.frame import Exchange
from schemas.connecting import Effect, Operation
from tests.connectors.echo import SPEC
from tests.connectors.vendor_specs import VARIABLE, VendorFile, vendor_file

_THING = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}},
}
_JSON = {"application/json": {"schema": _THING}}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
_MODE = {"name": "mode", "in": "query", "schema": {"enum": ["soft", "hard"]}}
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "things", "version": "1"},
    "servers": [{"url": "https://api.things.example"}],
    "paths": {
        "/things/{id}": {
            "post": {
                "parameters": [_ID, _MODE],
                "requestBody": {"required": True, "content": _JSON},
                "responses": {
                    "200": {"description": "done", "content": _JSON},
                    "204": {"description": "gone", "content": {}},
                },
            }
        }
    },
}
GOOD = Exchange(
    operation="touch",
    method="POST",
    path="/things/a%2Fb",
    query="mode=soft",
    headers={"content-type": "application/json"},
    body=b'{"id": "1"}',
    status=200,
    answer_headers={"content-type": "application/json"},
    answer_body=b'{"id": "1"}',
)


def test_documented_exchange_agrees() -> None:
    """What the file describes is no disagreement, with a body or without."""
    gone = replace(GOOD, status=204, answer_headers={}, answer_body=b"")

    assert VendorFile(DOCUMENT).disagreements([GOOD, gone], SPEC) == []


@pytest.mark.parametrize(
    ("exchange", "told"),
    [
        (replace(GOOD, body=b"{}"), "request (200): InvalidRequestBody"),
        (replace(GOOD, query="mode=rough"), "request (200): InvalidParameter"),
        (replace(GOOD, query="mod=soft"), "the query parameter mod is not declared"),
        (replace(GOOD, path="/thing/1"), "PathNotFound"),
        (replace(GOOD, method="PUT"), "OperationNotFound"),
        (replace(GOOD, answer_body=b'{"id": 1}'), "answer (200): InvalidData"),
        (replace(GOOD, status=418), "answer (418): ResponseNotFound"),
    ],
    ids=["body", "value", "parameter", "path", "method", "answer", "status"],
)
def test_deviation_from_the_file_is_found(exchange: Exchange, told: str) -> None:
    """Each side of an exchange is compared with the vendor's own words."""
    found = VendorFile(DOCUMENT).disagreements([exchange], SPEC)

    assert any(told in it for it in found), found


def test_operation_the_file_leaves_out_is_left_out() -> None:
    """Only operations that the spec declares as missing there are not compared."""
    unknown = replace(GOOD, path="/elsewhere")
    touch = Operation("POST", "/elsewhere", Effect.READ, in_vendor_file=False)
    spec = replace(SPEC, operations=MappingProxyType({"touch": touch}))

    assert VendorFile(DOCUMENT).disagreements([unknown], spec) == []


def test_absent_file_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever asks for the comparison hears that the vendor's file is not there."""
    (tmp_path / "here.json").write_text(json.dumps(DOCUMENT))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    vendor_file.cache_clear()

    assert vendor_file("here").disagreements([GOOD], SPEC) == []
    with pytest.raises(AssertionError, match=r"gone.json is missing"):
        vendor_file("gone")
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(AssertionError, match=VARIABLE):
        vendor_file("other")
    vendor_file.cache_clear()
