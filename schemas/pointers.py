"""
Turn a pydantic failure into a rejection in the schema's own words.

Where the failure stands is followed through the model's JSON Schema: what the
schema does not name, the payload named, and it is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from schemas.rejections import REJECTIONS, Rejection, RejectionCode, reject

ModelT = TypeVar("ModelT", bound=BaseModel)
Node = Mapping[str, Any]
_CODES = frozenset(RejectionCode)
# These codes have one rule everywhere; for the others the schema says it better.
_SAID_BY_SCHEMA = {RejectionCode.INVALID_VALUE, RejectionCode.MISSING_FIELD}


def validate(
    model: type[ModelT], content: bytes, *, unknown: Literal["forbid", "ignore"]
) -> ModelT | Rejection:
    """Read *content* as *model*, or name the first rule it breaks."""
    try:
        return model.model_validate_json(content, extra=unknown)
    except ValidationError as error:
        failures = error.errors(
            include_url=False, include_context=False, include_input=False
        )
    first = failures[0]
    if first["type"] == "extra_forbidden":
        parent = first["loc"][:-1]
        count = sum(
            f["type"] == "extra_forbidden" and f["loc"][:-1] == parent for f in failures
        )
        pointer, _ = _place(model, parent)
        return reject(RejectionCode.UNKNOWN_FIELD, pointer, unknown_members(count))
    pointer, description = _place(model, first["loc"])
    code = _code(first["type"], pointer)
    if code not in _SAID_BY_SCHEMA:
        return reject(code, pointer)
    return reject(code, pointer, _rule(code, description))


def unknown_members(count: int) -> str:
    """Count what must not be named."""
    if count == 1:
        return "The schema does not name 1 of the members here."
    return f"The schema does not name {count} of the members here."


def _rule(code: RejectionCode, description: str) -> str:
    """Say the general rule and what the schema says of this place."""
    return f"{REJECTIONS[code].rule} {description}".strip()


def _code(failure: str, pointer: str) -> RejectionCode:
    """Map pydantic's error type, or our own, to a code."""
    steps = pointer.split("/")
    match failure:
        case "missing" | "model_type" if pointer == "/verification":
            return RejectionCode.NOT_VERIFIED
        case "missing":
            return RejectionCode.MISSING_FIELD
        case "enum" if steps[1:2] == ["rights"]:
            return RejectionCode.UNKNOWN_RIGHT
        case "string_pattern_mismatch" if "identifiers" in steps:
            return RejectionCode.UNKNOWN_IDENTIFIER_TYPE
        case _:
            return RejectionCode(failure) if failure in _CODES else _OTHER


_OTHER = RejectionCode.INVALID_VALUE


def _place(model: type[BaseModel], loc: Sequence[int | str]) -> tuple[str, str]:
    """Follow *loc* as far as the schema goes: the pointer, and its description."""
    schema = _schema(model)
    node: Node = schema
    pointer, description = "", str(schema.get("description", ""))
    for step in loc:
        node = _resolved(schema, node)
        match step:
            case int() if "items" in node:
                node = node["items"]
            case str() if step in node.get("properties", {}):
                node = node["properties"][step]
                description = node.get("description", "")
            case _:
                break
        pointer = f"{pointer}/{step}"
    return pointer, description


def _resolved(schema: Node, node: Node) -> Node:
    """Step through a reference, and through `or null`."""
    for choice in node.get("anyOf", ()):
        if choice.get("type") != "null":
            node = choice
            break
    reference = node.get("$ref")
    if reference is None:
        return node
    definition: Node = schema["$defs"][reference.rpartition("/")[2]]
    return definition


@cache
def _schema(model: type[BaseModel]) -> Node:
    """Make the model's JSON Schema, once."""
    return model.model_json_schema()
