"""
Show an exchange with a processor to the connector's author, identifiers masked.

A request is a method, a path template and the names of what it carries.  A value is
shown only where the spec does not say that it identifies and no invented person has
it; one that somebody has, and the spec is silent about, is pointed at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from connectors.fakes.frame import Exchange, Seen
from schemas.connecting import Operation

MASK = "•••"

_MOST = 24  # characters of a value that identifies nobody
_TOLD = {
    "": "",
    "lose_answer": "done, and the answer is lost",
    "fail_after": "done, and answered 500",
    "truncate": "done, and half of the answer lost",
    "garbage": "done, and answered with garbage",
    "stall": "nothing done, and no answer",
    "stall_after": "done, and no answer",
    "lie": "not done, and answered as if",
}


@dataclass(frozen=True, slots=True)
class Shower:
    """Shows exchanges of one connector; `private` and `secret` hold whole values."""

    operations: Mapping[str, Operation]
    private: Collection[str]  # what the invented people have
    secret: Collection[str]

    def shown(self, exchange: Exchange) -> str:
        """Return one line: operation, request, status, and the fault that struck."""
        path = exchange.template
        undeclared: list[str] = []
        for name, value in _bound(exchange.template, exchange.path):
            said = self._said(exchange, name, value)
            path = path.replace(f"{{{name}}}", f"{{{name}: {said}}}")
            undeclared += self._undeclared(exchange, name, value)
        query = []
        for name, value in parse_qsl(exchange.query, keep_blank_values=True):
            query.append(f"{name}={self._said(exchange, name, value)}")
            undeclared += self._undeclared(exchange, name, value)
        request = f"{exchange.method} {path}{'?' if query else ''}{'&'.join(query)}"
        width = max(map(len, self.operations), default=0)
        line = f"{exchange.operation:{width}}  {request:40}  {exchange.status}"
        return f"{line}{_fault(exchange.fault)}{_blame(undeclared)}"

    def missing(self, seen: Seen) -> str:
        """Say which operation asked for what the fake has no route for."""
        names = [
            name
            for name, one in self.operations.items()
            if one.method == seen.method and _fits(one.path, seen.path)
        ]
        name = " or ".join(names) or "an operation"
        return f"{name}: the fake has no route for {seen.method} and this path"

    def _said(self, exchange: Exchange, name: str, value: str) -> str:
        hides = name in self._identifies(exchange) or _has(value, self.private)
        if hides or _has(value, self.secret):
            return MASK
        return value if len(value) <= _MOST else f"{value[:_MOST]}…"

    def _undeclared(self, exchange: Exchange, name: str, value: str) -> list[str]:
        is_told = name in self._identifies(exchange)
        return [name] if not is_told and _has(value, self.private) else []

    def _identifies(self, exchange: Exchange) -> Collection[str]:
        declared = self.operations.get(exchange.operation)
        return declared.identifies if declared else ()


def _fault(kind: str) -> str:
    told = _TOLD.get(kind, "")
    return f"  fault {kind}{': ' if told else ''}{told}" if kind else ""


def _blame(names: Sequence[str]) -> str:
    told = ", ".join(dict.fromkeys(names))
    return f"  {told} identifies somebody: declare it in `identifies`" if told else ""


def _fits(template: str, path: str) -> bool:
    wanted, got = template.strip("/").split("/"), path.strip("/").split("/")
    return len(wanted) == len(got) and all(
        one.startswith("{") or one == other
        for one, other in zip(wanted, got, strict=True)
    )


def _bound(template: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield the values that a path has for its template."""
    wanted, got = template.strip("/").split("/"), path.strip("/").split("/")
    for name, value in zip(wanted, got, strict=True):
        if name.startswith("{"):
            yield name.strip("{}"), unquote(value)


def _has(value: str, others: Collection[str]) -> bool:
    return any(one in value for one in others)
