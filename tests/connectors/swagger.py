"""Reads a vendor's Swagger 2.0 file as OpenAPI 3.0, as far as our checks look."""

from __future__ import annotations

import json
from typing import Any

Node = dict[str, Any]

_OUTSIDE_SCHEMA = frozenset({"name", "in", "description", "required", "x-example"})


def as_openapi3(document: Node) -> Node:
    """Return *document* as OpenAPI 3.0; one that is already stays as it is."""
    if "swagger" not in document:
        return document
    text = json.dumps(document).replace("#/definitions/", "#/components/schemas/")
    old: Node = json.loads(text)
    makes = old.get("produces", ["application/json"])
    return {
        "openapi": "3.0.3",
        "info": old["info"],
        "servers": [{"url": f"https://{old['host']}{old['basePath'].rstrip('/')}"}],
        "paths": {
            path: {verb: _operation(it, makes) for verb, it in operations.items()}
            for path, operations in old["paths"].items()
        },
        "components": {"schemas": old.get("definitions", {})},
    }


def _operation(old: Node, makes: list[str]) -> Node:
    """Turn the body parameter into a request body and schemas into contents."""
    makes = old.get("produces", makes)
    given = old.get("parameters", [])
    new: Node = {
        "parameters": [_parameter(it) for it in given if it["in"] != "body"],
        "responses": {
            status: _answer(answer, makes)
            for status, answer in old["responses"].items()
        },
    }
    for body in given:
        if body["in"] == "body":
            content = {"application/json": {"schema": body["schema"]}}
            new["requestBody"] = {"required": body["required"], "content": content}
    return new


def _parameter(old: Node) -> Node:
    schema = {name: it for name, it in old.items() if name not in _OUTSIDE_SCHEMA}
    required = old["in"] == "path" or old.get("required", False)
    return {
        "name": old["name"],
        "in": old["in"],
        "required": required,
        "schema": schema,
    }


def _answer(old: Node, makes: list[str]) -> Node:
    new: Node = {"description": old["description"]}
    if "schema" in old:
        # A body of lines is no JSON; only its media type is compared.
        is_json = makes == ["application/json"]
        content = {"schema": old["schema"]} if is_json else {}
        new["content"] = dict.fromkeys(makes, content)
    return new
