"""Name the types of options as somebody who writes TOML reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from enum import Enum
from inspect import isclass
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from schemas.connecting import IdentifierType

_PLAIN: Mapping[object, str] = MappingProxyType(
    {
        str: "text",
        SecretStr: "text, hidden",
        bool: "true or false",
        int: "number",
        float: "number",
        timedelta: "duration",
        IdentifierType: "identifier type",
    }
)


def type_text(annotation: object) -> str:
    """Name a type: `list of text`, `"id" or "key"`, `duration`."""
    parts = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Annotated:
        return type_text(parts[0])
    if origin is Literal:
        return _either(repr(one).replace("'", '"') for one in parts)
    if origin in (Union, UnionType):
        return _either(type_text(one) for one in parts if one is not NoneType)
    if isclass(origin) and issubclass(origin, Mapping):
        return f"table of {type_text(parts[1])}"
    if isclass(origin) and issubclass(origin, Sequence | AbstractSet):
        return f"list of {type_text(parts[0])}"
    return _class_text(annotation)


def _class_text(annotation: object) -> str:
    plain = _PLAIN.get(annotation)
    if plain is not None:
        return plain
    if isclass(annotation) and issubclass(annotation, Enum):
        return _either(f'"{one.value}"' for one in annotation)
    if isclass(annotation) and issubclass(annotation, BaseModel):
        return f"table of {', '.join(annotation.model_fields)}"
    return str(getattr(annotation, "__name__", annotation))


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)
