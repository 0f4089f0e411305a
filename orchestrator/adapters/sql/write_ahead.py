"""SQLite's write-ahead logging, turned on by several processes at once."""

from __future__ import annotations

import sqlite3

from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_fixed

PATIENCE_SECONDS = 30


# SQLite does not wait for its busy time-out when two processes turn it on together.
@retry(
    retry=retry_if_exception_message(match="database is locked"),
    stop=stop_after_delay(PATIENCE_SECONDS),
    wait=wait_fixed(0.02),
    reraise=True,
)
def turn_on(cursor: sqlite3.Cursor) -> None:
    """Turn write-ahead logging on, which the file remembers."""
    cursor.execute("PRAGMA journal_mode=WAL")
