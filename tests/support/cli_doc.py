"""
Write the reference of docs/cli.md from the command itself.

`python -m tests.support.cli_doc` writes it; a test keeps the page equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from orchestrator.entrypoints.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
BEGIN = "<!-- reference: written by tests/support/cli_doc.py -->"
END = "<!-- end of reference -->"

Words = tuple[str, ...]
Found = tuple[Words, Any]


def reference() -> str:
    """Return every command with its arguments and options."""
    return "\n\n".join(_described(words, command) for words, command in commands())


def commands() -> Iterator[Found]:
    """Yield every command that does something, with the words that call it."""
    yield from _below(("erasure",), typer.main.get_command(app))


def rewritten(page: str) -> str:
    """Return *page* with its reference replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{after}"


def _below(words: Words, command: Any) -> Iterator[Found]:  # noqa: ANN401 (click's)
    """Yield the commands below a group."""
    for name, one in getattr(command, "commands", {}).items():
        yield from _below((*words, name), one)
    if not hasattr(command, "commands"):
        yield words, command


def _described(words: tuple[str, ...], command: Any) -> str:  # noqa: ANN401 (click's)
    """Describe one command."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    call = " ".join([*words, *(_metavar(one) for one in arguments)])
    lines = [f"### `{call}`", "", _one_line(command.help)]
    rows = [
        f"| `{', '.join(one.opts)}{_value(one)}` | {one.help or ''}{_default(one)} |"
        for one in options
        if one.name != "help"
    ]
    if rows:
        lines += ["", "| option | meaning |", "|---|---|", *rows]
    return "\n".join(lines)


def _metavar(argument: Any) -> str:  # noqa: ANN401 (click's)
    return str(argument.metavar or argument.name.upper())


def _value(option: Any) -> str:  # noqa: ANN401 (click's)
    """Name the value of an option that takes one."""
    return "" if option.is_flag else f" {option.metavar}"


def _default(option: Any) -> str:  # noqa: ANN401 (click's)
    """Tell what holds without the option."""
    if option.required:
        return " Required."
    if option.is_flag or option.default is None:
        return ""
    return f" Without it: `{option.default}`."


def _one_line(text: str | None) -> str:
    """Join the lines of each paragraph."""
    paragraphs = (text or "").strip().split("\n\n")
    return "\n\n".join(" ".join(one.split()) for one in paragraphs)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
