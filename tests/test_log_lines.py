"""Every log line in the source is a fixed fact with keys that are let through."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.logs import KEYS

ROOT = Path(__file__).parents[1]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
# structlog's own arguments, which become other keys.
OWN = {"exc_info"}
FILES = sorted((ROOT / "orchestrator").rglob("*.py"))


def log_calls(source: str) -> Iterator[ast.Call]:
    """Find the calls of a logger: `log.info(…)` and the like."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and re.search(r"\blog(ger)?\b", ast.unparse(node.func.value))
        ):
            yield node


def faults_of(call: ast.Call) -> Iterator[str]:
    """Say what keeps a call from being a fixed fact with known keys."""
    fact = call.args[0] if call.args else None
    text = fact.value if isinstance(fact, ast.Constant) else None
    if not isinstance(text, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        yield f"line {call.lineno}: the event is no fixed snake_case fact"
    if len(call.args) > 1:
        yield f"line {call.lineno}: values without keys"
    for keyword in call.keywords:
        if keyword.arg not in KEYS | OWN:
            yield f"line {call.lineno}: the key {keyword.arg} is not let through"


@pytest.mark.parametrize(
    "path", [pytest.param(it, id=str(it.relative_to(ROOT))) for it in FILES]
)
def test_log_lines_are_fixed_facts_with_known_keys(path: Path) -> None:
    """No line loses what it says on its way out, and none carries a sentence."""
    calls = log_calls(path.read_text(encoding="utf-8"))

    assert [fault for call in calls for fault in faults_of(call)] == []


def test_faults_are_seen() -> None:
    """The check itself finds a sentence, a bare value and a key of its own."""
    source = (
        "log.info(f'settled {email}', email, email=email)\nlog.info('fine', case=1)"
    )

    faults = [fault for call in log_calls(source) for fault in faults_of(call)]

    assert faults == [
        "line 1: the event is no fixed snake_case fact",
        "line 1: values without keys",
        "line 1: the key email is not let through",
    ]
