"""Any value of a frozen type, drawn by Hypothesis from the type's own annotations."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import EnumType
from functools import cache
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

# What makes trouble in SQL, JSON and collations: quotes, controls, other planes.
_LETTERS = st.sampled_from("aZ0_%:.'\"\\\n\x00\x7fß漢🙂\u202e\ufeff")
_SIMPLE: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(_LETTERS, max_size=3),
    int: st.integers(0, 2**31 - 1),
    float: st.floats(0, 1e9, allow_nan=False),
    bool: st.booleans(),
    type(None): st.none(),
    date: st.dates(date(1900, 1, 1), date(2999, 12, 31)),
    timedelta: st.timedeltas(timedelta(0), timedelta(days=800)),
    datetime: st.datetimes(
        datetime(1990, 1, 1),  # noqa: DTZ001 (Hypothesis adds the zone)
        datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
}


@cache
def any_of(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 (any type at all)
    """Draw a value of *kind*: a simple type, a union, a collection, a dataclass."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if isinstance(kind, NewType):
        return any_of(kind.__supertype__)
    if isinstance(kind, EnumType):
        return st.sampled_from(list(kind))
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        drawn = {field.name: any_of(hints[field.name]) for field in fields(kind)}
        return st.builds(kind, **drawn)  # type: ignore[arg-type] # a class
    return _any_generic(kind)


def _any_generic(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401
    """Draw a value of a type that is made of others."""
    origin, of = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(of)
    if origin in {Union, types.UnionType}:
        return st.one_of(*(any_of(one) for one in of))
    if origin is frozenset:
        return st.frozensets(any_of(of[0]), max_size=2)
    if origin is tuple:
        return st.lists(any_of(of[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(any_of(of[0]), any_of(of[1]), max_size=2)
    raise TypeError(f"Nobody knows how to draw {kind}.")
