"""
Withhold small numbers from what is published: one case of a day can be a known person.

Hidden is every count from 1 to below the limit, and what would give it away in the same
line: a second part of the sum, both halves of a pair, days over few answers.  Between
lines, tables and periods nothing is hidden: publish one table of one period.
"""

from __future__ import annotations

from orchestrator.core.answer.tallying import Tally

Cell = int | float | None
PARTS = ("whole", "part", "nothing", "denied", "withdrawn", "open")
DAYS = ("median_days", "mean_days", "p90_days")


def cells_of(tally: Tally) -> dict[str, Cell]:
    """Return the numbers of one line by column; grounds are columns of their own."""
    return {
        "received": tally.received,
        **{name: getattr(tally, name) for name in PARTS},
        "overdue": tally.overdue,
        "on_time": tally.on_time,
        "late": tally.late,
        "extended": tally.extended,
        "suspended": tally.suspended,
        "attached": tally.attached,
        "median_days": tally.days.median,
        "mean_days": tally.days.mean,
        "p90_days": tally.days.p90,
        **{f"denied:{ground}": n for ground, n in tally.denied_for.items()},
        **{f"in_part:{ground}": n for ground, n in tally.denied_in_part_for.items()},
    }


def withheld(tally: Tally, least: int) -> dict[str, Cell]:
    """Return the numbers of one line, None where they are about too few people."""
    hidden = _hidden_parts(tally, least)
    hidden |= _hidden_times(tally, least, hidden)
    hidden |= _hidden_grounds(tally, least, hidden)
    cells = cells_of(tally)
    return {name: None if name in hidden else cell for name, cell in cells.items()}


def _hidden_parts(tally: Tally, least: int) -> set[str]:
    """Return the small parts, and the smallest other one if only one is small."""
    if _is_few(tally.received, least):
        return {*PARTS, "received"}
    parts = {name: getattr(tally, name) for name in PARTS}
    hidden = {name for name, count in parts.items() if _is_few(count, least)}
    if len(hidden) == 1:
        others = [(n, name) for name, n in parts.items() if n and name not in hidden]
        hidden |= {name for _, name in sorted(others)[:1]}
    return hidden


def _hidden_times(tally: Tally, least: int, parts: set[str]) -> set[str]:
    """Return what of the times would show a small number, or a hidden part."""
    hidden: set[str] = set()
    if parts or any(_is_few(n, least) for n in (tally.on_time, tally.late)):
        hidden |= {"on_time", "late"}
    if "open" in parts or _splits(tally.overdue, tally.open, least):
        hidden.add("overdue")
    for name in ("extended", "suspended", "attached"):
        if _splits(getattr(tally, name), tally.received, least):
            hidden.add(name)
    return hidden if tally.on_time + tally.late >= least else hidden | {*DAYS}


def _hidden_grounds(tally: Tally, least: int, parts: set[str]) -> set[str]:
    """Return the grounds that were used too rarely, or that sum up to a hidden part."""
    hidden = {
        f"in_part:{ground}"
        for ground, count in tally.denied_in_part_for.items()
        if _is_few(count, least)
    }
    by_ground = tally.denied_for
    if "denied" in parts or any(_is_few(n, least) for n in by_ground.values()):
        hidden |= {f"denied:{ground}" for ground in by_ground}
    return hidden


def _splits(count: int, whole: int, least: int) -> bool:
    """Tell whether a count or what it leaves of the whole is about too few."""
    return _is_few(count, least) or _is_few(whole - count, least)


def _is_few(count: int, least: int) -> bool:
    """Tell whether a count is small enough to point at somebody."""
    return 0 < count < least
