"""
Tables of people and systems that fit a terminal of eighty columns.

A few systems are columns; many are rows, with the people beside one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

MOST_ACROSS: Final = 4  # systems that fit beside one another
_NARROW: Final = 12  # columns for one person where people stand side by side

Cells = Sequence[Text | str]


def plain_table(*columns: str) -> Table:
    """Return a table without lines."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, vertical="top")
    return table


def grid(heads: Cells, people: Sequence[Cells]) -> Table:
    """
    Return a row for each of *people*: a name, then a cell below each of *heads*.

    The first head is that of the names.  Where there are too many heads the table is
    turned, and each of them is a row.
    """
    is_wide = len(heads) - 1 > MOST_ACROSS + 1
    if not is_wide:
        table = plain_table(*map(str, heads))
        for row in people:
            table.add_row(*row)
        return table
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True, vertical="top")
    for name, *_ in people:
        table.add_column(name, max_width=_NARROW, vertical="top")
    for place, head in enumerate(heads[1:], 1):
        table.add_row(head, *(row[place] for row in people))
    return table
