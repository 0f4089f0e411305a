"""What the documents name exists: links, commands, settings, make targets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from orchestrator.entrypoints.cli.app import app
from orchestrator.settings import Settings, variable_of

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
    )
)
EACH_PAGE = pytest.mark.parametrize(
    "page", [pytest.param(it, id=str(it.relative_to(ROOT))) for it in PAGES]
)
# Those of the tests, which a process leaves alone, and those of the composition.
OTHERS = {
    "ERASURE_TEST_KAFKA",
    "ERASURE_TEST_DATABASE_URL",
    "ERASURE_VENDOR_SPECS",
    "ERASURE_REGISTER_FILE",
}
# Shown as a mistake that is answered with a sentence.
MISSPELT = {"ERASURE_KAFAK"}


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings make."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def blocks_of(text: str) -> Iterator[str]:
    """Yield the lines of a page that stand apart, to be copied."""
    for block in re.findall(r"```(?:sh)?\n(.*?)```", text, re.DOTALL):
        yield from block.splitlines()
    for line in text.splitlines():
        if line.startswith("    "):
            yield line.strip()


def code_of(text: str) -> Iterator[str]:
    """Yield the lines of a page that show commands: blocks and code in sentences."""
    yield from blocks_of(text)
    for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text):
        yield code.strip()


def commands_of(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield each command line `erasure …` as words."""
    for line in lines:
        match = re.match(r"(?:[A-Z_]+=\S+ )*(erasure [a-z].*)", line)
        if match is not None:
            shown = match[1].partition(" > ")[0]
            yield shlex.split(shown, comments=True)


def problem_of(words: list[str], *, whole: bool = False) -> str | None:
    """Say what the program does not have, or misses where the line is *whole*."""
    command: Any = typer.main.get_command(app)
    rest = words[1:]
    while hasattr(command, "commands") and rest:
        # A page may name alternatives: `list|create`.
        names = rest.pop(0).split("|")
        strangers = [name for name in names if name not in command.commands]
        if strangers:
            return f"no command {strangers[0]}"
        command = command.commands[names[-1]]
    options = {name for parameter in command.params for name in parameter.opts}
    given = {word.partition("=")[0] for word in rest if word.startswith("--")}
    strangers = sorted(given - options - {"--help"})
    if strangers:
        return f"no option {strangers[0]}"
    return _missing(command, rest) if whole else None


def _missing(command: Any, rest: list[str]) -> str | None:  # noqa: ANN401 (click's)
    """Say which required argument or option a whole command line lacks."""
    options = {name: one for one in command.params for name in one.opts}
    places = [one for one in command.params if one.param_type_name == "argument"]
    given, values = set(), 0
    words = iter(rest)
    for word in words:
        name, is_joined, _ = word.partition("=")
        if name in options:
            given.add(options[name].name)
            if not is_joined and not options[name].is_flag:
                next(words, None)
        else:
            values += 1
    if values < sum(one.required for one in places):
        return "an argument is missing"
    lacking = [
        one.opts[0]
        for one in options.values()
        if one.required and one.name not in given and one not in places
    ]
    return f"{lacking[0]} is missing" if lacking else None


@EACH_PAGE
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    """A reader who follows a link finds the page, and the heading in it."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)

    assert broken == []


@EACH_PAGE
def test_every_command_exists(page: Path) -> None:
    """A reader who types a command line is understood."""
    text = page.read_text(encoding="utf-8")

    named = [problem_of(words) for words in commands_of(code_of(text))]
    shown = [problem_of(words, whole=True) for words in commands_of(blocks_of(text))]

    assert {*named, *shown} <= {None}


@EACH_PAGE
def test_every_variable_is_a_setting(page: Path) -> None:
    """A variable that a page names is one that a process reads."""
    known = {variable_of(name) for name in Settings.model_fields} | OTHERS | MISSPELT
    named = set(re.findall(r"ERASURE_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8")))

    assert named - known - {"ERASURE_TEST"} == set()


@EACH_PAGE
def test_every_make_target_exists(page: Path) -> None:
    """A target that a page names is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    code = "\n".join(code_of(page.read_text(encoding="utf-8")))

    assert set(re.findall(r"^make ([a-z]+)", code, re.MULTILINE)) - targets == set()


def test_checks_find_what_is_wrong() -> None:
    """The checks above see a command, an option and a noun that do not exist."""
    text = "`erasure case explode` and `erasure status --loud`\n\n    erasure dance\n"

    problems = {problem_of(words) for words in commands_of(code_of(text))}

    assert problems == {"no command explode", "no option --loud", "no command dance"}


def test_copied_command_must_be_whole() -> None:
    """A line to be copied that lacks an argument or a needed option is found."""
    text = "    erasure account ping\n    erasure receipt download ID\n"

    problems = [problem_of(it, whole=True) for it in commands_of(blocks_of(text))]

    assert problems == ["an argument is missing", "--to is missing"]


def test_readme_shows_commands() -> None:
    """The checks above have something to check in the page most people read."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert len(list(commands_of(blocks_of(text)))) > 15
