"""
Every place where an installation could leave the canary, searched one by one.

Files alone do not tell: PostgreSQL compresses long values, and so may Kafka.  Rows and
records are therefore also read as their programs read them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import inspect, text

from orchestrator.adapters.sql.database import Database
from schemas.topics import CASE_EVENTS, RECEIPTS
from tests.support.broker import Broker
from tests.support.canary import found_below, found_in
from tests.support.postgres import Postgres
from tests.support.site import Site

Found = Mapping[str, object]
OURS = (CASE_EVENTS, RECEIPTS)


def found_at(site: Site, *, topics: Iterable[str] = OURS) -> Found:
    """Search files, rows and what was said in *topics*; nothing found is empty."""
    found = {
        "files": found_below(site.folder),
        "rows": found_in_rows(site.database),
        "said": found_in_topics(site, topics),
        "processes": [
            one for child in site.children for one in found_in_process(child.pid)
        ],
    }
    return {place: traits for place, traits in found.items() if traits}


def found_in_rows(database: Database) -> dict[str, list[str]]:
    """Search every value of every table, as the database gives it back."""
    found: dict[str, list[str]] = {}
    with database.reading() as connection:
        for table in inspect(connection).get_table_names():
            traits: list[str] = []
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608
                for value in row:
                    traits += found_in(_as_bytes(value))
            if traits:
                found[table] = sorted({*traits})
    return found


def found_in_topics(site: Site, topics: Iterable[str]) -> list[str]:
    """Search headers, values and the payloads inside signed envelopes."""
    found: list[str] = []
    for topic in topics:
        for headers, value in site.published(topic):
            found += found_in(json.dumps(headers).encode())
            for layer in (value, *_payloads(value)):
                found += found_in(layer)
    return sorted({*found})


def found_in_process(pid: int) -> list[str]:
    """Search what anybody on the machine can see of a process, if it still runs."""
    found: list[str] = []
    for name in ("cmdline", "environ", "comm"):
        try:
            found += found_in(Path(f"/proc/{pid}/{name}").read_bytes())
        except (FileNotFoundError, ProcessLookupError):
            return found
    return found


def found_on_servers(postgres: Postgres, broker: Broker, url: str) -> Found:
    """Search PostgreSQL's files and the segments of our own topics."""
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    found = {
        "postgresql": found_below(postgres.data),
        "segments": {
            name: traits
            for name, traits in segments(broker).items()
            if name.startswith(OURS) and traits
        },
    }
    return {place: traits for place, traits in found.items() if traits}


def found_behind(site: Site, request: pytest.FixtureRequest) -> Found:
    """Search the servers of an installation that has any."""
    if site.backend.is_embedded:
        return {}
    postgres: Postgres = request.getfixturevalue("postgres")
    broker: Broker = request.getfixturevalue("broker")
    return found_on_servers(postgres, broker, site.backend.database_url)


def segments(broker: Broker) -> dict[str, list[str]]:
    """Search the segments of every topic's partitions."""
    found: dict[str, list[str]] = {}
    for path in broker.log_dir.rglob("*.log"):
        found.setdefault(path.parent.name, []).extend(found_in(path.read_bytes()))
    return found


def _as_bytes(value: object) -> bytes:
    match value:
        case bytes() | memoryview():
            return bytes(value)
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str).encode()
        case _:
            return str(value).encode()


def _payloads(value: bytes) -> Iterator[bytes]:
    """Yield what a DSSE envelope carries, if the value is one."""
    try:
        read: Any = json.loads(value)
        yield base64.b64decode(read["payload"], validate=True)
    except (ValueError, KeyError, TypeError):
        return
