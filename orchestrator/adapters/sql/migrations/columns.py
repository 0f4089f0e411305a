"""
How migrations spell columns, keys and indexes.

Never change what these return: a migration must say the same for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    """Return a column of text."""
    return sa.Column(name, sa.Text, nullable=null)


def number(name: str, *, null: bool = False) -> sa.Column[int]:
    """Return a column of numbers below 2^31."""
    return sa.Column(name, sa.Integer, nullable=null)


def large(name: str) -> sa.Column[int]:
    """Return a column of numbers below 2^63."""
    return sa.Column(name, sa.BigInteger, nullable=False)


def time(name: str, *, null: bool = False) -> sa.Column[int]:
    """Return a column of microseconds since the epoch."""
    return sa.Column(name, sa.BigInteger, nullable=null)


def octets(name: str, *, null: bool = False) -> sa.Column[bytes]:
    """Return a column of bytes."""
    return sa.Column(name, sa.LargeBinary, nullable=null)


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    """Return the primary key of a table."""
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """Return that these columns together are unique."""
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def index(table: str, columns: Sequence[str], name: str | None = None) -> None:
    """Make an index, named after its columns unless told otherwise."""
    op.create_index(name or f"ix_{table}_{'_'.join(columns)}", table, list(columns))
