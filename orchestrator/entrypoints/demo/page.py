"""What the demo prints before and after the cases run: short, and in plain words."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.entrypoints.demo.fetching import openssl_arguments
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.people import PEOPLE, Person
from orchestrator.entrypoints.demo.processors import (
    DISTURBANCES,
    PECULIARITIES,
    Place,
    Processors,
)
from orchestrator.entrypoints.demo.proving import Evidence, Fact, must_be_kept
from orchestrator.entrypoints.demo.words import (
    GRADES,
    KIND_OF_SYSTEM,
    OUTCOMES,
    RESULTS,
    TITLES,
    joined_rights,
)
from schemas.receipts import Line, Receipt

_MOST_DETAILS: Final = 5
_ACTIONS: Final = ("export", "erase")


class Page:
    """Prints the demo's pages on one console."""

    def __init__(self, console: Console, folder: Folder) -> None:
        """Keep where to print, and where everything lies."""
        self._console = console
        self._folder = folder

    # --- before -------------------------------------------------------------------

    def opening(self, url: str, requests: int) -> None:
        """Say what is about to happen, and that nobody is real."""
        self._heading("Erasure demo")
        self._text(
            "The whole system in one process on this machine: no Kafka, no Docker, no"
            " network. All people here are invented."
        )
        systems = _plain_table("System", "used for", "in this demo it")
        for name, title in TITLES.items():
            habit = DISTURBANCES[name][1] if name in DISTURBANCES else None
            systems.add_row(title, KIND_OF_SYSTEM[name], habit or PECULIARITIES[name])
        self._heading("Four systems hold people's data")
        self._text(f"They are fakes that obey the vendors' rules, at {url}.")
        self._table(systems)
        asking = sum(person.asks != "nothing" for person in PEOPLE)
        self._heading(f"{requests} requests of {asking} people arrive from the portal")

    # --- after --------------------------------------------------------------------

    def answers(self, seen: Evidence) -> None:
        """Show each case as its signed receipt tells it."""
        table = _plain_table("Person", "Answer", *TITLES.values())
        order = list(seen.people)
        receipts = [
            one.receipt for one in seen.receipts if one.receipt.request_id in order
        ]
        for receipt in sorted(receipts, key=lambda it: order.index(it.request_id)):
            person = seen.people[receipt.request_id]
            asked = joined_rights(receipt.rights)
            due = receipt.due.due_at.astimezone().date()
            answer = Text(RESULTS[receipt.result]).append(f"\ndue {due}", style="dim")
            cells = [_outcomes(receipt, account) for account in TITLES]
            table.add_row(
                Text(person.name).append(f"\n{asked}", style="dim"), answer, *cells
            )
        self._heading("The answers, read from the signed receipts")
        self._table(table)
        for grade, meaning in GRADES.items():
            self._text(f"{grade}  {meaning}", style="dim")

    def holdings(self, processors: Processors, seen: Evidence) -> None:
        """Show how many records of each person every processor held and holds."""
        table = _plain_table("Person", "asked for", *TITLES.values())
        for person in PEOPLE:
            mine = [at for at, who in processors.owners.items() if who is person]
            cells = [
                _held([at for at in mine if at[0] == name], person, seen)
                for name in TITLES
            ]
            table.add_row(person.name, Text(person.asks, style="dim"), *cells)
        self._heading("What the systems hold: records before → now")
        self._table(table)

    def facts(self, facts: Iterable[Fact]) -> bool:
        """Show what was looked up; returns whether all of it is true."""
        self._heading("Looked up afresh")
        is_all_true = True
        for fact in facts:
            is_all_true = is_all_true and fact.is_true
            mark = Text("✓ ", "green") if fact.is_true else Text("✗ ", "bold red")
            self._hanging(mark, fact.sentence)
            shown = fact.against[:_MOST_DETAILS]
            more = len(fact.against) - len(shown)
            for detail in [*shown, *([f"and {more} more"] if more else [])]:
                self._hanging(Text("    but ", "red"), detail)
        return is_all_true

    def closing(self, seen: Evidence, program: Sequence[str]) -> None:
        """Say where everything lies and what to try next."""
        self._heading("Where it lies")
        root = self._folder
        files = Table.grid(padding=(0, 2))
        files.add_row(
            "receipts", f"{root.receipts}/", f"{len(seen.receipts)} signed files"
        )
        files.add_row("public key", str(root.public_key), "verifies them")
        for copy in seen.copies:
            size = f"{len(copy.entries)} files, {seen.people[copy.request].name}"
            files.add_row("copy", str(copy.path), size)
        files.add_row("log", str(root.log), "names no person")
        self._table(files)
        self._heading("Try it yourself")
        if seen.receipts:
            self._commands(seen, program)

    def _commands(self, seen: Evidence, program: Sequence[str]) -> None:
        first, key = seen.receipts[0].files, self._folder.public_key
        tried = {
            "Verify a receipt:": [
                *program,
                *("receipt", "verify", str(first.envelope), "--key", str(key)),
            ],
            "Verify it without this program (openssl 3):": [
                "openssl",
                *openssl_arguments(first, key),
            ],
        }
        for what, command in tried.items():
            self._command(what, shlex.join(command))
        look = shlex.join([*program, "case", "list"])
        place = shlex.quote(str(self._folder.environment))
        self._command("Look at the cases:", f"(. {place}; {look})")
        self._console.print()

    # --- small things -------------------------------------------------------------

    def verdict(self, *, is_all_true: bool, seconds: float) -> None:
        """End with one line that says it all."""
        if is_all_true:
            said = Text(
                f"All of it is true, after {seconds:.0f} seconds.", "bold green"
            )
        else:
            said = Text("Not all of it is true: see ✗ above.", "bold red")
        self._console.print(said)

    def _heading(self, text: str) -> None:
        self._console.print()
        self._console.print(Text(text, style="bold"))

    def _text(self, text: str, style: str = "") -> None:
        self._console.print(Padding(Text(text, style=style), (0, 0, 0, 2)))

    def _hanging(self, mark: Text, text: str) -> None:
        line = Table.grid()
        line.add_column(no_wrap=True)
        line.add_column()
        line.add_row(mark, text)
        self._table(line)

    def _table(self, table: Table) -> None:
        self._console.print(Padding(table, (0, 0, 0, 2), expand=False))

    def _command(self, what: str, command: str) -> None:
        self._text(what)
        # Not wrapped: it must work when it is pasted.
        self._console.print(
            f"    {command}", soft_wrap=True, markup=False, style="cyan"
        )


def program_of(argv0: str) -> Sequence[str]:
    """Return how this program is called from here, as somebody would type it."""
    path = Path(argv0)
    if path.name != "erasure":
        return (sys.executable, "-m", "orchestrator.entrypoints.cli")
    here = Path.cwd()
    if path.is_absolute() and path.is_relative_to(here):
        return (str(path.relative_to(here)),)
    return (argv0,)


def _plain_table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, vertical="top")
    return table


def _outcomes(receipt: Receipt, account: str) -> Text:
    """Say what came of one account: the copy, the erasure, what is kept."""
    lines = [it for it in receipt.lines if it.account == account]
    acted = [it for it in lines if it.action in _ACTIONS]
    said = Text("\n").join(_outcome(line) for line in acted)
    for line in acted:
        for kept in line.retained:
            said.append(f"\n{kept.record_class} kept", style="yellow")
    return said


def _outcome(line: Line) -> Text:
    grade = f" {line.evidence}" if line.evidence and line.outcome == "done" else ""
    style = "green" if line.is_fulfilled else "red"
    return Text(OUTCOMES.get(line.outcome, line.outcome), style).append(grade, "dim")


def _held(places: Sequence[Place], person: Person, seen: Evidence) -> Text:
    """Count a person's records at one processor, before and now."""
    if not places:
        return Text("–", "dim")
    now = sum(at in seen.held for at in places)
    kept = sum(must_be_kept(at, person) for at in places)
    wanted = kept if person.is_erased else len(places)
    note = " by law" if kept else ""
    return Text(
        f"{len(places)} → {now}{note}", "green" if now == wanted else "bold red"
    )
