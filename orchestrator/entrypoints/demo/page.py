"""What the demo prints before and after the cases run: short, and in plain words."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.entrypoints.demo.decisions import decisions
from orchestrator.entrypoints.demo.evidence import Evidence, Fact
from orchestrator.entrypoints.demo.fetching import openssl_arguments
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.grids import MOST_ACROSS, grid, plain_table
from orchestrator.entrypoints.demo.holdings import Place
from orchestrator.entrypoints.demo.logged import proof_beside
from orchestrator.entrypoints.demo.people import PEOPLE, REFUSED, Person
from orchestrator.entrypoints.demo.processors import Processors
from orchestrator.entrypoints.demo.proving import must_be_kept
from orchestrator.entrypoints.demo.systems import SYSTEMS, TITLES
from orchestrator.entrypoints.demo.words import (
    GRADES,
    OUTCOMES,
    RESULTS,
    in_words,
    joined_rights,
)
from schemas.receipts import Line, Receipt

_MOST_DETAILS: Final = 5
_LOOKS: Final = (
    ("Look at the cases:", ("case", "list")),
    ("Look at what was turned away:", ("quarantine", "list")),
    ("Count the requests and the days they took:", ("report",)),
    ("See in which order the systems are erased:", ("register", "graph")),
)
_ACTIONS: Final = ("export", "erase", "notify")
_GRADED: Final = frozenset({"done", "notified"})


class Page:
    """Prints the demo's pages on one console."""

    def __init__(
        self, console: Console, folder: Folder, accounts: Sequence[str]
    ) -> None:
        """Keep where to print, where everything lies, and what there is to tell of."""
        self._console = console
        self._folder = folder
        self._accounts = accounts
        self._is_wide = len(accounts) > MOST_ACROSS

    # --- before -------------------------------------------------------------------

    def opening(self, url: str, requests: int) -> None:
        """Say what is about to happen, and that nobody is real."""
        self._heading("Erasure demo")
        self._text(
            "The whole system in one process on this machine: no Kafka, no Docker, no"
            " network. All people here are invented."
        )
        systems = plain_table("System", "used for", "in this demo it")
        for name in self._accounts:
            system = SYSTEMS[name]
            systems.add_row(system.title, system.used_for, system.habit)
        count = in_words(len(self._accounts)).capitalize()
        self._heading(f"{count} systems hold people's data")
        self._text(f"They are fakes that obey the vendors' rules, at {url}.")
        if self._is_wide:
            self._connectors()
        self._table(systems)
        asking = sum(person.asks != "nothing" for person in PEOPLE)
        self._heading(
            f"{requests} requests of {asking} people arrive from the portal, and two"
            " forged ones"
        )
        self._text(
            "Order matters: search, copy, then erase; the shop before the e-mail"
            " marketing it feeds; HubSpot, which knows the ids of the others, last.",
            style="dim",
        )

    def _connectors(self) -> None:
        """Say how many connectors reach so many systems, and that people help."""
        connectors = {SYSTEMS[name].connector for name in self._accounts}
        self._text(
            f"All {in_words(len(connectors))} connectors are at work: eight vendors'"
            " APIs; a platform that calls back; an endpoint, a topic and a database"
            " of one's own; a recipient that is only told; people at two desks."
        )

    # --- after --------------------------------------------------------------------

    def answers(self, seen: Evidence) -> None:
        """Show each case as its signed receipt tells it."""
        order = list(seen.people)
        receipts = [
            one.receipt for one in seen.receipts if one.receipt.request_id in order
        ]
        rows = []
        for receipt in sorted(receipts, key=lambda it: order.index(it.request_id)):
            person = seen.people[receipt.request_id]
            asked = joined_rights(receipt.rights)
            zone = ZoneInfo(receipt.due.time_zone)
            due = receipt.due.due_at.astimezone(zone).date()
            # Where the people stand side by side, a column has no room for a year.
            by = f"\ndue\n{due:%d %b}" if self._is_wide else f"\ndue {due}"
            answer = Text(RESULTS[receipt.result]).append(by, style="dim")
            cells = [_outcomes(receipt, account) for account in self._accounts]
            name = Text(self._name_of(person)).append(f"\n{asked}", style="dim")
            rows.append([name, answer, *cells])
        self._heading("The answers, read from the signed receipts")
        self._table(grid(["Person", "Answer", *self._titles()], rows))
        possible = {SYSTEMS[name].best for name in self._accounts}
        grades = "; ".join(
            f"{grade}: {said}" for grade, said in GRADES.items() if grade in possible
        )
        self._text(f"How well an erasure is proven. {grades}.", style="dim")

    def decisions(self, seen: Evidence) -> None:
        """Show what people decided, what laws keep, and who was not heard."""
        self._heading("What people and laws decided, and who was turned away")
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column()
        before = None
        for name, said in decisions(seen):
            table.add_row("" if name == before else name, Text(said))
            before = name
        self._table(table)

    def holdings(self, processors: Processors, seen: Evidence) -> None:
        """Show how many records of each person every processor held and holds."""
        rows: list[Sequence[Text | str]] = []
        for person in PEOPLE:
            mine = [at for at, who in processors.owners.items() if who is person]
            cells = [
                _held([at for at in mine if at[0] == name], person, seen)
                for name in processors.holding
            ]
            name = self._name_of(person)
            asks = f"{person.asks}, refused" if person is REFUSED else person.asks
            rows.append([name, Text(asks, style="dim"), *cells])
        titles = [TITLES[name] for name in processors.holding]
        self._heading("What the systems hold: records before → now")
        self._table(grid(["Person", "asked for", *titles], rows))

    def facts(self, facts: Iterable[Fact]) -> bool:
        """Show what was looked up; returns whether all of it is true."""
        self._heading("Checked afresh, without asking our own database")
        is_all_true = True
        for fact in facts:
            is_all_true = is_all_true and fact.is_true
            mark = Text("✓ ", "green") if fact.is_true else Text("✗ ", "bold red")
            self._hanging(mark, fact.sentence)
            details = list(dict.fromkeys(fact.against))
            shown, more = details[:_MOST_DETAILS], len(details[_MOST_DETAILS:])
            for detail in [*shown, *([f"and {more} more"] if more else [])]:
                self._hanging(Text("    but ", "red"), detail)
        return is_all_true

    def verdict(self, *, is_all_true: bool, seconds: float) -> None:
        """Say it all in one line."""
        self._console.print()
        if is_all_true:
            said = f"All of it is true, after {seconds:.0f} seconds."
            self._console.print(Text(said, "bold green"))
        else:
            said = "Not all of it is true: see the lines with ✗ above."
            self._console.print(Text(said, "bold red"))

    def closing(self, seen: Evidence, program: Sequence[str]) -> None:
        """Say where everything lies and what to try next."""
        self._heading("Where it lies")
        root = self._folder
        files = Table.grid(padding=(0, 2, 0, 0))
        files.add_column(no_wrap=True)
        files.add_column(overflow="fold")
        count = len(seen.receipts)
        files.add_row("Receipts", f"{root.receipts}/  ({count} files *.dsse.json)")
        files.add_row("Public key", f"{root.public_key}  (verifies them)")
        for notice in sorted(root.notices.iterdir()):
            files.add_row("Notice", f"{notice}  (what {REFUSED.name} is told)")
        for copy in seen.copies:
            owner = seen.people[copy.request].name
            files.add_row(f"{owner}'s copy", str(copy.path))
            files.add_row("", Text(_listed(copy.entries), "dim"))
        files.add_row("Log", f"{root.log}  (names no person)")
        self._table(files)
        kept = {
            one.receipt.export.expires_at for one in seen.receipts if one.receipt.export
        }
        if kept:
            self._text(
                "In our database the copies stay encrypted until"
                f" {max(kept).date()}; then their key is destroyed.",
                style="dim",
            )
        if seen.receipts:
            self._heading("Try it yourself")
            self._commands(seen, program)

    def _commands(self, seen: Evidence, program: Sequence[str]) -> None:
        first, key = seen.receipts[0].files, self._folder.public_key
        verify = ("receipt", "verify", str(first.envelope), "--key", str(key))
        self._command("Verify a receipt:", shlex.join([*program, *verify]))
        self._command(
            "Verify it without this program, with openssl 3:",
            shlex.join(["openssl", *openssl_arguments(first, key)]),
        )
        proof = ("--key", str(key), "--proof", str(proof_beside(first.envelope)))
        in_log = ("log", "verify", str(first.envelope), *proof)
        self._command("Verify that it is in the log:", shlex.join([*program, *in_log]))
        self._command("Read what it says:", shlex.join(["cat", str(first.payload)]))
        place = shlex.quote(_sourced(self._folder.environment))
        for what, words in _LOOKS:
            look = shlex.join([*program, *words])
            self._command(what, f"(. {place}; {look})")

    # --- small things -------------------------------------------------------------

    def _titles(self) -> Sequence[Text]:
        """Name the systems, and where they are many their connectors too."""
        titles = [Text(TITLES[name]) for name in self._accounts]
        if self._is_wide:
            for name, title in zip(self._accounts, titles, strict=True):
                connector = SYSTEMS[name].connector
                if connector != name:
                    title.append(f"\n{connector}", style="dim")
        return titles

    def _name_of(self, person: Person) -> str:
        """Return a name that leaves room for the others beside it."""
        return person.name.replace(" ", "\n", 1) if self._is_wide else person.name

    def _heading(self, text: str) -> None:
        self._console.print()
        self._console.print(Text(text, style="bold"))

    def _text(self, text: str, style: str = "") -> None:
        indented = Padding(Text(text, style=style), (0, 0, 0, 2), expand=False)
        self._console.print(indented)

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
    """Return how `erasure` is called from here, as somebody would type it."""
    called = Path(argv0)
    beside = Path(sys.executable).with_name("erasure")
    path = called if called.name == "erasure" else beside
    found = shutil.which("erasure")
    if found is not None and Path(found).resolve() == path.resolve():
        return ("erasure",)
    here = Path.cwd()
    if path.is_absolute() and path.is_relative_to(here):
        path = path.relative_to(here)
    return (str(path),)


def _sourced(path: Path) -> str:
    """Return *path* as a shell's dot takes it: without a slash it would search."""
    return str(path) if "/" in str(path) else f"./{path}"


def _listed(entries: Mapping[str, int]) -> str:
    """Say how many files a copy holds of each system."""
    counts = Counter(name.partition("/")[0] for name in entries if "/" in name)
    systems = ", ".join(f"{TITLES[name]} {count}" for name, count in counts.items())
    size = sum(entries.values()) / 1024
    others = "who got the data, its manifest"
    return f"{len(entries)} files, {size:.0f} KiB: {systems}, {others}"


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
    if "refused" in line.reasons:
        return Text("refused", "yellow")
    grade = f" {line.evidence}" if line.evidence and line.outcome in _GRADED else ""
    style = "green" if line.is_fulfilled else "red"
    return Text(OUTCOMES.get(line.outcome, line.outcome), style).append(grade, "dim")


def _held(places: Sequence[Place], person: Person, seen: Evidence) -> Text:
    """Count a person's records at one processor, before and now."""
    if not places:
        return Text("none", "dim")
    now = sum(at in seen.held for at in places)
    kept = sum(must_be_kept(at, person) for at in places)
    wanted = kept if person.is_erased else len(places)
    note = " by law" if kept else ""
    return Text(
        f"{len(places)} → {now}{note}", "green" if now == wanted else "bold red"
    )
