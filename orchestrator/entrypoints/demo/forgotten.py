"""The claim that nothing of the people is left with us, read byte by byte."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Final

from orchestrator.adapters.cases.obligation_rows import owed_there
from orchestrator.adapters.vault.kinds import LOOKS
from orchestrator.bootstrap.installation import Installation
from orchestrator.entrypoints.demo.evidence import Evidence, Fact
from orchestrator.entrypoints.demo.fakes import PARTICIPANT
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.processors import Processors
from orchestrator.ports.event_log import Record
from schemas.topics import (
    CASE_EVENTS,
    CONFIRMATIONS,
    RECEIPTS,
    REQUESTS,
    instructions_topic,
)

_UUID: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def forgotten(
    installation: Installation, folder: Folder, processors: Processors, seen: Evidence
) -> Fact:
    """No value that finds one of the four stands in clear in anything we keep."""
    asking = {person.name: person for person in seen.people.values()}
    accounts = processors.accounts
    values = {it for one in asking.values() for it in one.identifiers(accounts)}
    values |= {at[2] for at, owner in processors.owners.items() if owner.name in asking}
    places = _what_we_keep(installation, folder, accounts)
    against = holders(places, values)
    if against:
        # The write-ahead log is emptied just after the key is destroyed.
        time.sleep(0.5)
        places = _what_we_keep(installation, folder, accounts)
        against = holders(places, values)
    size = sum(map(len, places.values())) // 1024
    return Fact(
        f"Forgotten: none of {len(values)} identifiers of those who asked stands in our"
        f" database, topics and log ({size} KiB, read byte by byte).",
        against,
    )


def still_sealed(installation: Installation) -> Fact:
    """Say what is left of those who asked: where kept records are, and nothing else."""
    owed, now = owed_there(installation.database), installation.clock.now()
    records, last = sum(one.count for one in owed), max(one.last_due_on for one in owed)
    kinds = {one.kind: one.count or 0 for one in installation.inventory.holdings(now)}
    against = [
        f"{kinds[kind]} of {kind} are still there"
        for kind in ("identifiers", "references of found records", LOOKS)
        if kinds[kind]
    ]
    return Fact(
        f"Still sealed: where the records are that a law keeps ({records} to be erased,"
        f" the last after {last}).  Looks whether people stay gone are off here, for"
        " they need identifiers for a month.",
        against,
    )


def holders(places: Mapping[str, bytes], values: Collection[str]) -> list[str]:
    """
    Name the places in which one of the values stands, whatever its case.

    A random UUID of ours may have a customer number in it by chance ("…c-1001…").
    """
    wanted = [value.lower().encode() for value in values]
    uuids = {value for value in wanted if _UUID.fullmatch(value)}
    found = []
    for name, content in places.items():
        lowered = content.lower()
        without = _UUID.sub(b" ", lowered)
        if any(it in (lowered if it in uuids else without) for it in wanted):
            found.append(f"{name} holds an identifier in clear")
    return found


def _what_we_keep(
    installation: Installation, folder: Folder, accounts: Collection[str]
) -> Mapping[str, bytes]:
    """Read every file of the database and the log, and what the topics tell."""
    files = sorted(folder.root.glob(f"{folder.database.name}*"))
    kept = {path.name: path.read_bytes() for path in (*files, folder.log)}
    return kept | {
        f"the topic {name}": it for name, it in _topics(installation, accounts)
    }


def _topics(
    installation: Installation, accounts: Collection[str]
) -> Iterator[tuple[str, bytes]]:
    """Give what the event log tells a reader, decrypted and with payloads decoded."""
    names = [REQUESTS, CASE_EVENTS, RECEIPTS]
    if PARTICIPANT in accounts:
        names += [instructions_topic(PARTICIPANT), CONFIRMATIONS]
    for name in names:
        records = installation.embedded_log.consumer([name], lambda _: {}).poll(0)
        yield name, b"\n".join(map(_clear, records))


def _clear(record: Record) -> bytes:
    """Return all of a record, with a receipt's payload out of its base64."""
    value = record.value or b""
    parts = [record.key or b"", value, *(held for _, held in record.headers)]
    with suppress(ValueError):  # no JSON, so no receipt
        parts.append(base64.b64decode(json.loads(value).get("payload", "")))
    return b"\n".join(parts)
