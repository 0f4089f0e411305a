"""Count a sample's lines of code: what is no docstring, no comment and not blank."""

from __future__ import annotations

import ast
from pathlib import Path


def lines_of_code(path: Path) -> int:
    """Return how many lines of *path* a reader has to understand."""
    text = path.read_text("utf-8")
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0]
            if ast.get_docstring(node) is not None and first.end_lineno is not None:
                told |= set(range(first.lineno, first.end_lineno + 1))
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and at not in told
        for at, line in enumerate(text.splitlines(), 1)
    )
