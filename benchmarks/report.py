"""The figures as a table for people, each beside its aim."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: how it is called and spelled, and what it should be."""

    says: str
    spell: str
    at_least: float | None = None
    below: float | None = None

    @property
    def aim(self) -> str:
        """The aim as people write it."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"< {self.below:g}" if self.below is not None else ""

    def verdict(self, value: float) -> str:
        """Tell whether *value* meets the aim, if there is one."""
        if self.at_least is not None:
            return "met" if value >= self.at_least else "missed"
        if self.below is not None:
            return "met" if value < self.below else "missed"
        return ""


_SPEED: Mapping[str, Line] = {
    "cases_per_second": Line("cases a second", "{:.1f}"),
    "bare_cases_per_second": Line("cases a second, bare loop", "{:.1f}"),
    "cpu_us_per_case": Line("CPU a case", "{:,.0f} µs"),
    "bare_cpu_us_per_case": Line("CPU a case, bare loop", "{:,.0f} µs"),
    "cpu_ratio": Line("ratio by CPU", "{:.2f}"),
    "commits_per_case": Line("durable commits a case", "{:.2f}"),
    "peak_mb": Line("peak memory", "{:.0f} MB"),
}

_PLACE: Mapping[str, Line] = {
    **_SPEED,
    "bare_ms": Line("one case alone, bare, median", "{:.1f} ms"),
    "added_p50_ms": Line("added when idle, p50", "{:.1f} ms", below=15),
    "added_p99_ms": Line("added when idle, p99", "{:.1f} ms", below=50),
}

LINES: Mapping[str, Mapping[str, Line]] = {
    "embedded": {
        **_PLACE,
        "ratio": Line("ratio to the bare loop", "{:.2f}", at_least=0.6),
    },
    "kafka": {
        **_PLACE,
        "ratio": Line("ratio to the bare loop", "{:.2f}", at_least=0.5),
    },
    "batches": {
        **_SPEED,
        "ratio": Line("ratio to its own bare loop", "{:.2f}", at_least=0.5),
        "single_cases_per_second": Line("cases a second, single calls", "{:.1f}"),
        "times_single": Line("times the single calls' rate", "{:.2f}", at_least=3),
    },
    "memory": {
        "open_cases": Line("open cases", "{:,.0f}"),
        "peak_mb": Line("peak memory", "{:.0f} MB", below=300),
    },
    "fullness": {
        "open_cases": Line("open cases", "{:,.0f}"),
        "cases_per_second": Line("cases a second beside them", "{:.1f}"),
        "share_of_empty": Line("share of an empty database's", "{:.2f}", at_least=0.8),
        "cpu_share_of_empty": Line("the same by CPU", "{:.2f}"),
    },
    "start": {
        "seconds": Line("start to ready", "{:.2f} s", below=2),
    },
}

TITLES: Mapping[str, str] = {
    "embedded": "SQLite and the embedded log",
    "kafka": "Kafka and PostgreSQL",
    "batches": "Batches of 50 people, SQLite and the embedded log",
    "memory": "Memory with many open cases",
    "fullness": "Speed with many open cases",
    "start": "Start of `erasure run`",
}


def report(found: Mapping[str, Mapping[str, float]], seconds: float) -> None:
    """Print one table of everything that was measured."""
    table = Table("", "measured", "aim", "", title=f"{os.cpu_count()} cores")
    for name, figures in found.items():
        table.add_section()
        table.add_row(f"[bold]{TITLES[name]}[/bold]")
        for key, value in figures.items():
            line = LINES[name][key]
            spelled = line.spell.format(value)
            table.add_row(line.says, spelled, line.aim, line.verdict(value))
    console = Console()
    console.print(table)
    console.print(f"Measured in {seconds:.0f} s; read docs/performance.md.")
