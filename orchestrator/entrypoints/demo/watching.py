"""
Show the cases while they run: a line a case, a cell an account.

On a terminal the table is drawn again and again; elsewhere each account's end is one
plain line, so that a build log stays readable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from orchestrator.adapters.reading.queries import Queries
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.cases import Case, CaseStatus, TaskStatus
from orchestrator.core.words import AccountId, CaseId
from orchestrator.entrypoints.demo.cells import Cell, Tone, cell_of
from orchestrator.entrypoints.demo.grids import MOST_ACROSS, grid
from orchestrator.entrypoints.demo.people import Person
from orchestrator.entrypoints.demo.systems import TITLES
from orchestrator.entrypoints.demo.words import joined_rights, listed

STYLES: Final[Mapping[Tone, str]] = {
    "moving": "cyan",
    "waiting": "yellow",
    "good": "green",
    "neutral": "dim",
    "bad": "bold red",
}
_LOOK_EVERY: Final = 0.1
_STILL: Final = frozenset(
    {TaskStatus.NEEDS_HUMAN, TaskStatus.PLANNED, TaskStatus.SETTLED}
)
_ANSWERED: Final = frozenset({CaseStatus.ANSWERED, CaseStatus.CLOSED})


@dataclass(slots=True)
class Watch:
    """The cases of the demo, in the order in which they were asked for."""

    installation: Installation
    console: Console
    people: Mapping[str, Person]  # by request id
    accounts: Sequence[AccountId]
    cases: dict[str, Case] = field(default_factory=dict)  # by request id
    _told: set[tuple[str, str]] = field(default_factory=set)

    def until_forgotten(self, stopping: threading.Event, patience: float) -> None:
        """
        Watch until every case is answered and its person forgotten.

        Ends before that after *patience* seconds, with the process, or when only a
        person could move what is left, because nobody is there.
        """
        clock = self.installation.clock
        end = clock.monotonic() + patience
        with self._showing() as show:
            while not self._is_over() and clock.monotonic() < end:
                if stopping.wait(_LOOK_EVERY):
                    break
                self._look()
                show()

    def _look(self) -> None:
        queries = Queries(self.installation.database)
        for line in queries.cases(self.installation.clock.now()):
            known = self.cases.get(line.request_id)
            if known is None or not _is_forgotten(known):
                self.cases[line.request_id] = queries.case_now(CaseId(line.id))

    def _is_over(self) -> bool:
        cases = self.cases.values()
        is_whole = self.people.keys() <= self.cases.keys()
        return is_whole and all(_is_forgotten(it) or _is_stuck(it) for it in cases)

    # --- showing ------------------------------------------------------------------

    def _showing(self) -> AbstractContextManager[Callable[[], None]]:
        """Draw on a terminal, tell elsewhere."""
        if not self.console.is_terminal:
            return nullcontext(self._tell)
        return _Drawing(self.console, self.table)

    def _tell(self) -> None:
        """Print a line for each account that is done since the last time."""
        for request, person in self.people.items():
            case = self.cases.get(request)
            for said in _decided(case) if case else ():
                if (request, said) not in self._told:
                    self._told.add((request, said))
                    self._line(person.name, case, said)
            for account in self.accounts if case else ():
                cell = cell_of(case, account) if case else None
                if cell and cell.is_final and (request, account) not in self._told:
                    self._told.add((request, account))
                    self._line(person.name, case, f"{TITLES[account]}: {cell.text}")
            if case and case.status in _ANSWERED and (request, "") not in self._told:
                self._told.add((request, ""))
                self._line(person.name, case, "answered, receipt signed")

    def _line(self, name: str, case: Case | None, fact: str) -> None:
        rights = joined_rights(case.rights) if case else ""
        self.console.print(f"  {name:13} {rights:17} {fact}", highlight=False)

    def table(self) -> RenderableType:
        """Return the cases as they are now."""
        if len(self.accounts) > MOST_ACROSS:
            return self._turned()
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
        table.header_style = "dim"
        table.add_column("Case", no_wrap=True)
        table.add_column("", min_width=11)
        for account in self.accounts:
            table.add_column(TITLES[account], no_wrap=True, min_width=12)
        for request, person in self.people.items():
            case = self.cases.get(request)
            cells = [_text(cell_of(case, a)) for a in self.accounts] if case else []
            table.add_row(_head(person.name, case), _rights(case), *cells)
        return table

    def _turned(self) -> Table:
        """Return the cases side by side, for more systems than fit beside them."""
        rows = []
        for request, person in self.people.items():
            case = self.cases.get(request)
            cells = [_text(cell_of(case, a)) if case else Text() for a in self.accounts]
            head = Text(person.name, style="green" if _is_answered(case) else "default")
            rows.append([head, _rights(case), *cells])
        return grid(["", "", *(TITLES[account] for account in self.accounts)], rows)


class _Drawing(AbstractContextManager[Callable[[], None]]):
    """Draws a table in place while the block runs."""

    def __init__(self, console: Console, draw: Callable[[], RenderableType]) -> None:
        """Keep what to draw, and where."""
        self._draw = draw
        self._live = Live(draw(), console=console, auto_refresh=False)

    def __enter__(self) -> Callable[[], None]:
        """Begin to draw."""
        self._live.__enter__()
        return lambda: self._live.update(self._draw(), refresh=True)

    def __exit__(self, *error: object) -> None:
        """Leave the last drawing on the screen."""
        self._live.stop()


def _is_forgotten(case: Case) -> bool:
    return case.status in _ANSWERED and not case.identity_held


def _is_answered(case: Case | None) -> bool:
    return case is not None and case.status in _ANSWERED


def _is_stuck(case: Case) -> bool:
    """Tell whether only a person could move the case on."""
    statuses = {task.status for task in case.all_tasks.values()}
    return TaskStatus.NEEDS_HUMAN in statuses and statuses <= _STILL


def _decided(case: Case) -> Iterator[str]:
    """Say what waits for people, and what they have decided."""
    if case.is_under_review:
        yield "held until two people have decided"
    for ruling in case.rulings:
        yield f"{ruling.kind} by {listed(ruling.by)}"


def _head(name: str, case: Case | None) -> Text:
    """Name the case by its invented person, and mark it once it is answered."""
    if _is_answered(case):
        return Text("✓ ", style="green").append(name, style="default")
    return Text("· ", style="dim").append(name, style="default")


def _rights(case: Case | None) -> Text:
    return Text(joined_rights(case.rights) if case else "request sent", style="dim")


def _text(cell: Cell) -> Text:
    return Text(cell.text, style=STYLES[cell.tone])
