"""
The part of commercetools' query predicates that the fake understands.

Strict on purpose: what is not in this grammar is refused, as the vendor refuses a
malformed `where`.  String literals are understood too, so that a value smuggled into
a predicate really changes what it matches.

    either := every ("or" every)*
    every  := one ("and" one)*
    one    := name ( "=" value | ">" value | "in" value | "(" either ")"
                   | "is" "not"? "defined" ) | "(" either ")"
    value  := ":" variable | "string" | "(" "string" ("," "string")* ")"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]
Test = Callable[[Record], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>`[-_A-Za-z0-9]+`) | (?P<variable>:[a-zA-Z0-9]+)
      | (?P<string>"(?:[^"\\]|\\.)*") | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>[()=>,])
    )""",
    re.VERBOSE,
)


class MalformedPredicateError(Exception):
    """A `where` the vendor would answer with 400."""


def parse(where: str, variables: Mapping[str, Sequence[str]]) -> Test:
    """Turn a predicate into a test; raises `MalformedPredicateError`."""
    parser = _Parser(list(_tokens(where)), variables)
    test = parser.either()
    parser.end()
    return test


class _Parser:
    """Recursive descent over the tokens of one predicate."""

    def __init__(
        self, tokens: Sequence[str], variables: Mapping[str, Sequence[str]]
    ) -> None:
        self._tokens = tokens
        self._variables = variables
        self._at = 0

    def either(self) -> Test:
        tests = [self._every()]
        while self._eat("or"):
            tests.append(self._every())
        return lambda record: any(test(record) for test in tests)

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise MalformedPredicateError

    def _every(self) -> Test:
        tests = [self._one()]
        while self._eat("and"):
            tests.append(self._one())
        return lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        if self._eat("("):
            return self._closed(self.either())
        name = self._next().strip("`")
        if self._eat("("):
            inner = self._closed(self.either())
            return lambda record: any(inner(part) for part in _parts(record, name))
        if self._eat("is"):
            wanted = not self._eat("not")
            self._expect("defined")
            return lambda record: (_value(record, name) is not None) is wanted
        return self._compared(name)

    def _compared(self, name: str) -> Test:
        operator = self._next()
        values = self._values()
        if operator == "in":
            return lambda record: _value(record, name) in values
        if len(values) != 1:
            raise MalformedPredicateError
        if operator == "=":
            return lambda record: _value(record, name) == values[0]
        if operator == ">":
            return lambda record: str(_value(record, name) or "") > values[0]
        raise MalformedPredicateError

    def _values(self) -> list[str]:
        if self._eat("("):
            values = [_unquoted(self._next())]
            while self._eat(","):
                values.append(_unquoted(self._next()))
            self._expect(")")
            return values
        token = self._next()
        if not token.startswith(":"):
            return [_unquoted(token)]
        values = list(self._variables.get(token[1:], ()))
        if not values:
            raise MalformedPredicateError
        return values

    def _closed(self, test: Test) -> Test:
        self._expect(")")
        return test

    def _next(self) -> str:
        if self._at == len(self._tokens):
            raise MalformedPredicateError
        self._at += 1
        return self._tokens[self._at - 1]

    def _eat(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._eat(token):
            raise MalformedPredicateError


def _tokens(where: str) -> Iterator[str]:
    at, text = 0, where.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise MalformedPredicateError
        yield match.group().strip()
        at = match.end()


def _unquoted(token: str) -> str:
    if not token.startswith('"'):
        raise MalformedPredicateError
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def _value(record: Record, name: str) -> object:
    if name == "lowercaseEmail":
        return str(record["email"]).lower()
    return record.get(name)


def _parts(record: Record, name: str) -> Collection[Record]:
    """Descend into an object, or into each element of a list."""
    inner = record.get(name)
    if inner is None:
        return ()
    return inner if isinstance(inner, list) else (inner,)
