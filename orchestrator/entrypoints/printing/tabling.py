"""Print a report: tables for people, or CSV with one line a row of each table."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence

from orchestrator.core.answer.tallying import LineTally
from orchestrator.core.answer.withholding import Cell
from orchestrator.entrypoints.cli.showing import print_rows, print_table, say
from orchestrator.entrypoints.printing.reporting import Report, ReportRow

_WHO = ("table", "name", "action")


def print_report(report: Report) -> None:
    """Print every table for people."""
    say(f"Requests received from {report.since} to {report.until}")
    say()
    say(f"CCPA, 11 CCR § 7102 ({report.california_counts})")
    _print_rows(report.california, report.withheld_below)
    for sentence in report.california_not_counted.values():
        say(f"  {sentence}")
    say()
    say("By right")
    _print_rows(report.by_right, report.withheld_below)
    say()
    say("By place and right")
    _print_rows(report.by_jurisdiction, report.withheld_below)
    if report.withheld_below == 1:
        say()
        say("By account")
        _print_lines(report.by_account)
    say()
    for note in report.notes:
        say(note)


def print_csv(report: Report) -> None:
    """Print one line a row; a number that is withheld or not there is empty."""
    rows = list(_flat(report))
    columns = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(sys.stdout, list(columns), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)


def _flat(report: Report) -> Iterator[dict[str, object]]:
    """Yield every row of every table under the same columns."""
    tables = (
        ("california", report.california),
        ("right", report.by_right),
        ("jurisdiction", report.by_jurisdiction),
    )
    for table, rows in tables:
        for row in rows:
            yield dict(zip(_WHO, (table, row.name, ""), strict=True)) | dict(row.cells)
    for line in report.by_account:
        who = dict(zip(_WHO, ("account", line.account, line.action), strict=True))
        yield who | {
            "received": line.answered + line.open,
            "fulfilled": line.fulfilled,
            "unfulfilled": line.unfulfilled,
            "open": line.open,
            "overdue": line.overdue,
            "late": line.late,
            "median_days": line.days.median,
            "mean_days": line.days.mean,
            "p90_days": line.days.p90,
        }


def _print_rows(rows: Sequence[ReportRow], least: int) -> None:
    """Print one table; grounds are columns only where one was used."""
    if not rows:
        say("Nobody asked.")
        return
    columns = list(dict.fromkeys(name for row in rows for name in row.cells))
    heads = ["", *(name.replace("_", " ") for name in columns)]
    print_table(
        heads,
        [[row.name, *(_cell(row, name, least) for name in columns)] for row in rows],
    )


def _cell(row: ReportRow, name: str, least: int) -> str:
    """Write a number; one that is withheld says so, one that is not there is empty."""
    if name not in row.cells:
        return "0" if ":" in name else ""
    cell: Cell = row.cells[name]
    if cell is not None:
        return f"{cell:g}" if isinstance(cell, float) else str(cell)
    return "" if least == 1 else "*"


def _print_lines(lines: Sequence[LineTally]) -> None:
    """Print what each account was asked."""
    print_rows(
        lines,
        [
            ("account", lambda row: row.account),
            ("action", lambda row: row.action),
            ("over", lambda row: row.answered),
            ("fulfilled", lambda row: row.fulfilled),
            ("not", lambda row: row.unfulfilled),
            ("open", lambda row: row.open),
            ("overdue", lambda row: row.overdue),
            ("late", lambda row: row.late),
            ("median days", lambda row: _number(row.days.median)),
            ("mean days", lambda row: _number(row.days.mean)),
            ("p90 days", lambda row: _number(row.days.p90)),
            ("outcomes", lambda row: row.outcomes),
        ],
        as_json=False,
        nothing="No account was asked.",
    )


def _number(value: Cell) -> str:
    """Write a number of days, if there is one."""
    return "" if value is None else f"{value:g}"
