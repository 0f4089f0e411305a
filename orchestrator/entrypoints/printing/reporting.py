"""Make a report of figures: California's table; times by right, place and account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from orchestrator.adapters.cases.statistics import Period
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.answer.tallying import (
    LineTally,
    Tally,
    by_account,
    by_california,
    by_jurisdiction,
    by_right,
)
from orchestrator.core.answer.withholding import Cell, withheld
from orchestrator.core.words import Right

CALIFORNIA: Final = "US-CA"
NOT_COUNTED: Final = {
    "correct": "Requests to correct are not carried out by this program.",
    "opt_out": "Requests to opt out of sale or sharing do not pass through it.",
    "limit": "Requests to limit the use of sensitive data do not pass through it.",
}
NOTES: Final = (
    "Counted by the day of receipt; an interim statement is no answer.",
    "Without what was turned away before a case: see `erasure quarantine list --all`.",
    "A request for two rights stands in the line of each.",
    "Days are calendar days between local dates of the controller: the same day is 0.",
)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One line; a number that is withheld is None."""

    name: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Report:
    """What `erasure report` prints, as one value."""

    since: date
    until: date
    controller: str | None
    counted_at: datetime
    withheld_below: int
    california_counts: str
    california: Sequence[ReportRow]
    california_not_counted: Mapping[str, str]
    by_right: Sequence[ReportRow]
    by_jurisdiction: Sequence[ReportRow]
    by_account: Sequence[LineTally]
    notes: Sequence[str]


def reported(
    parts: Installation,
    period: Period,
    now: datetime,
    at_least: int,
    *,
    everybody: bool,
) -> Report:
    """Count what was received in *period*, as it stands *now*."""
    figures = parts.statistics.figures(period)
    of_california = [
        one for one in figures if everybody or one.jurisdiction == CALIFORNIA
    ]
    # Lines of accounts are for the house: they name nobody's number of people.
    lines = parts.statistics.open_lines(period, now) if at_least == 1 else []
    return Report(
        since=period.since,
        until=period.until,
        controller=period.controller,
        counted_at=now,
        withheld_below=at_least,
        california_counts="everybody" if everybody else CALIFORNIA,
        california=_rows(by_california(of_california, now), at_least),
        california_not_counted=NOT_COUNTED,
        by_right=_rows(by_right(figures, [one.value for one in Right], now), at_least),
        by_jurisdiction=_rows(by_jurisdiction(figures, now), at_least),
        by_account=by_account(figures, lines) if at_least == 1 else [],
        notes=NOTES,
    )


def _rows(tallies: Sequence[Tally], at_least: int) -> list[ReportRow]:
    """Return the lines of a table, without what is too small."""
    return [ReportRow(one.name, withheld(one, at_least)) for one in tallies]
