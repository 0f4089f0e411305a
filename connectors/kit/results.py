"""What a connector answered, as a sentence for its author."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from inspect import getdoc
from typing import assert_never

from connectors.errors import ProcessorError
from schemas.connecting import (
    Absent,
    Ambiguous,
    CannotTell,
    Done,
    Exported,
    Installation,
    Located,
    NothingFound,
    Present,
    ReadBack,
    Redacted,
)


def told(answer: object) -> Iterator[str]:
    """Say each answer in a line; values that identify never stand in one."""
    for one in answer if isinstance(answer, list) else [answer]:
        yield _line(one)


def _line(answer: object) -> str:
    match answer:
        case Installation(name=name):
            text = f"installation {name}"
        case Located(items=items, learned=learned):
            kinds = Counter(item.kind for item in items)
            text = f"located {', '.join(f'{n} {kind}' for kind, n in kinds.items())}"
            types = ", ".join(sorted({one.type for one in learned}))
            text += f"; learned {types}" if types else ""
        case NothingFound():
            text = "nothing found, where somebody looked"
        case Ambiguous(candidates=candidates):
            text = f"ambiguous: {len(candidates)} candidates, a person chooses"
        case Done(method=method, evidence=evidence):
            text = f"done: {method}, {evidence}"
        case Exported(rows=rows):
            text = f"exported {rows} rows"
        case Present() | Absent() | Redacted() | CannotTell():
            text = _look(answer)
        case _:
            text = repr(answer)
    return text


def _look(answer: ReadBack) -> str:
    match answer:
        case Present(items=items):
            return f"present: {len(items)} still there"
        case Absent():
            return "absent: the erasure is proven (E4)"
        case Redacted():
            return "redacted: what is left names nobody (E4)"
        case CannotTell():
            return "cannot tell: this processor has no way to ask"
        case _:
            assert_never(answer)


def meaning_of(error: ProcessorError) -> str:
    """Return what the class of an error means, in its own first sentence."""
    return (getdoc(type(error)) or "").partition("\n")[0]
