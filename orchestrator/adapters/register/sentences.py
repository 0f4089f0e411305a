"""
Turn what is wrong with a file into sentences that say what to write instead.

A sentence names file and key path, the problem, and the line to write.  Values are
repeated only where a closed list or a format was expected; those of secrets and of
a connector's options never are, because a key pasted into the wrong place is
exactly the kind of slip that these sentences report.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from orchestrator.adapters.register.values import Wrong, told

# What people write for a closed list's words, where no spelling comes near.
_MEANT = MappingProxyType(
    {
        "on": "live",
        "true": "live",
        "yes": "live",
        "production": "live",
        "prod": "live",
        "test": "sandbox",
        "staging": "sandbox",
        "false": "off",
        "disabled": "off",
        "controller": "independent",
        "email": "email_marketing",
    }
)
_SHAPES = MappingProxyType(
    {
        "int_type": "a whole number is expected here",
        "int_from_float": "a whole number is expected here",
        "bool_type": "true or false is expected here",
        "string_type": "a text between quotes is expected here",
        "tuple_type": "a list is expected here",
        "list_type": "a list is expected here",
        "frozen_set_type": "a list is expected here",
        "mapping_type": "a table is expected here",
        "dict_type": "a table is expected here",
        "model_type": "a table is expected here",
        "model_attributes_type": "a table is expected here",
        "greater_than_equal": "the number is too small",
        "greater_than": "the number is too small",
        "less_than_equal": "the number is too large",
        "less_than": "the number is too large",
    }
)


def toml_value(value: object) -> str:
    """Write *value* as TOML would, on one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key} = {toml_value(one)}" for key, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant."""
    words = list(known)
    if _MEANT.get(word.lower()) in words:
        return _MEANT[word.lower()]
    close = difflib.get_close_matches(word.lower().replace("-", "_"), words, n=1)
    return close[0] if close else None


def listed(words: Iterable[str]) -> str:
    """Write a list of words for a sentence."""
    return ", ".join(words) or "none"


def unknown_reference(key: str, word: str, kind: str, known: Iterable[str]) -> str:
    """Say that *key* names an entry that is not there, and which one is."""
    names = sorted(known)
    meant = nearest(word, names)
    advice = f'write {key} = "{meant}"' if meant else f"there are {listed(names)}"
    return f"{told(word)} is not {kind}; {advice}."


def problems_of(
    error: ValidationError, model: type[BaseModel], *, tell_values: bool = True
) -> list[tuple[tuple[str, ...], str]]:
    """Return each problem as its key path within the table and half a sentence."""
    return [
        (_path(detail["loc"]), _sentence(detail, model, tell_values=tell_values))
        for detail in error.errors(include_url=False)
    ]


def _path(location: Sequence[int | str]) -> tuple[str, ...]:
    """Write a location as keys; places in a list count from one."""
    path: list[str] = []
    for step in location:
        if isinstance(step, int):
            path[-1] = f"{path[-1]}[{step + 1}]"
        elif step != "[key]":
            path.append(step)
    return tuple(path)


def _sentence(
    detail: ErrorDetails, model: type[BaseModel], *, tell_values: bool
) -> str:
    """Say what is wrong and what to write."""
    keys = [step for step in detail["loc"] if isinstance(step, str)]
    field = _field(model, keys)
    match detail["type"]:
        case "missing":
            return f"the key is missing; {_write(keys, field)}."
        case "extra_forbidden":
            return _unknown_key(keys, model)
        case "enum" | "literal_error":
            return _not_in_list(detail, keys, tell_value=tell_values)
        case "value_error":
            return _own_words(detail, keys, field, tell_values=tell_values)
        case kind:
            problem = _SHAPES.get(kind, "the value does not fit")
            return f"{problem}; {_write(keys, field)}."


def _own_words(
    detail: ErrorDetails,
    keys: Sequence[str],
    field: FieldInfo | None,
    *,
    tell_values: bool,
) -> str:
    """Repeat what our own validators say; a stranger's words may hold the value."""
    wrong = detail.get("ctx", {}).get("error")
    if isinstance(wrong, Wrong):
        return f"{wrong.problem}; {wrong.advice or _write(keys, field)}."
    if isinstance(wrong, ValueError) and (
        tell_values or not any(leaf in str(wrong) for leaf in _leaves(detail["input"]))
    ):
        return f"{str(wrong).rstrip('.')}; {_write(keys, field)}."
    return f"the value does not fit; {_write(keys, field)}."


def _leaves(value: object) -> Iterator[str]:
    """Yield every text inside *value* that is long enough to be recognised."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _leaves(one)
    elif len(str(value)) > 3:  # noqa: PLR2004 (shorter texts are in every sentence)
        yield str(value)


def _not_in_list(detail: ErrorDetails, keys: Sequence[str], *, tell_value: bool) -> str:
    """Say which words there are, and which one was probably meant."""
    words = re.findall(r"'([^']*)'", detail.get("ctx", {}).get("expected", ""))
    given: Any = detail["input"]
    meant = nearest(str(given), words) if isinstance(given, str | bool) else None
    problem = (
        f"{told(given) if tell_value else 'the value'} is not one of {listed(words)}"
    )
    if keys and keys[-1] == "[key]":
        return f"{problem}; write {meant or words[0]}."
    if isinstance(detail["loc"][-1], int):
        return f'{problem}; write "{meant or words[0]}" in its place.'
    return f'{problem}; write {keys[-1]} = "{meant or words[0]}".'


def _unknown_key(keys: Sequence[str], model: type[BaseModel]) -> str:
    """Say which key was probably meant, or which keys there are."""
    table = _table(model, keys[:-1])
    known = sorted(table.model_fields) if table else []
    meant = nearest(keys[-1], known)
    advice = f"write {meant}" if meant else f"remove it; the keys are {listed(known)}"
    return f"the key is not known; {advice}."


def _write(keys: Sequence[str], field: FieldInfo | None) -> str:
    """Say which line to write, from the field's own example."""
    key = next((step for step in reversed(keys) if step != "[key]"), "it")
    if field is None:
        return f"see the meaning of {key} in docs/register.md"
    examples = field.examples or []
    if not examples:
        about = f": {field.description}" if field.description else ""
        return f"set {key} as its connector says{about.rstrip('.')}"
    example = examples[0]
    if isinstance(example, Mapping) and key in example:
        example = example[key]
    return f"write {key} = {toml_value(example)}"


def _field(model: type[BaseModel], keys: Sequence[str]) -> FieldInfo | None:
    """Find the declaration of a key path; inside a mapping it is the mapping's own."""
    table: type[BaseModel] | None = model
    field: FieldInfo | None = None
    for key in keys:
        if table is None or key not in table.model_fields:
            return field
        field = table.model_fields[key]
        table = _nested(field.annotation)
    return field


def _table(model: type[BaseModel], keys: Sequence[str]) -> type[BaseModel] | None:
    """Find the model at a key path."""
    table: type[BaseModel] | None = model
    for key in keys:
        if table is None or key not in table.model_fields:
            return None
        table = _nested(table.model_fields[key].annotation)
    return table


def _nested(annotation: object) -> type[BaseModel] | None:
    """Find the model that an annotation holds, if any."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _nested(argument)
        if found is not None:
            return found
    return None
