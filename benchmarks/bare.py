"""
The bare loop: the same HTTP calls and as many durable commits, and nothing else.

Run as `python -m benchmarks.bare WHAT ARGUMENTS…`.  The client is httpx over aiohttp's
connections, set up as `connectors.transport.wire` does; the commits go to the same
kind of database through its plain driver, in a thread of their own, one small row
each.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import httpx
import psycopg
from httpx_aiohttp import AiohttpTransport

from benchmarks.places import ACCOUNTS, BATCH, CONCURRENCY
from benchmarks.stub import TOKEN

CALLS_A_CASE = 3 * len(ACCOUNTS)

Commit = Callable[[], None]
Result = Mapping[str, object]


async def case_at(client: httpx.AsyncClient, base: str, name: str) -> None:
    """Make one account's three calls for one person."""
    found = await _post(client, f"{base}/search", {"email": f"{name}@bench.example"})
    (record,) = found["records"]
    await _post(client, f"{base}/erase", {"id": record["id"]})
    left = await _post(client, f"{base}/read", {"id": record["id"]})
    assert not left["records"]


async def batch_at(client: httpx.AsyncClient, base: str, names: Sequence[str]) -> None:
    """Make one account's three calls for many people."""
    emails = [f"{name}@bench.example" for name in names]
    found = await _post(client, f"{base}/search_many", {"emails": emails})
    ids = [record["id"] for one in found for record in one["records"]]
    await _post(client, f"{base}/erase_many", {"ids": ids})
    left = await _post(client, f"{base}/read_many", {"ids": ids})
    assert not any(one["records"] for one in left)


async def throughput(stub: str, prefix: str, cases: int, commits: int) -> Result:
    """Work through so many cases with as many calls at once as the orchestrator."""
    commit = _commits()
    database = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()
    due, share = 0.0, commits / cases / len(ACCOUNTS)

    async def worker(client: httpx.AsyncClient, base: str, names: list[str]) -> None:
        nonlocal due
        while names:
            await case_at(client, base, names.pop())
            due += share
            while due >= 1:
                due -= 1
                await loop.run_in_executor(database, commit)

    async with AsyncExitStack() as stack:
        workers = []
        for account in ACCOUNTS:
            client = await stack.enter_async_context(_client())
            names = [f"{prefix}{number}" for number in range(cases)]
            base = f"{stub}/{account}"
            await case_at(client, base, f"{prefix}warm-up")
            workers += [worker(client, base, names) for _ in range(CONCURRENCY)]
        cpu, began = time.process_time(), time.perf_counter()
        await asyncio.gather(*workers)
        seconds = time.perf_counter() - began
    used = time.process_time() - cpu
    database.shutdown()
    return {"cases": cases, "seconds": seconds, "cpu_seconds": used}


async def in_batches(stub: str, prefix: str, cases: int, commits: int) -> Result:
    """Work through so many cases in batches, one account beside the others."""
    commit = _commits()
    database = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()
    due = 0.0
    share = commits / cases / len(ACCOUNTS)

    async def worker(client: httpx.AsyncClient, base: str, names: list[str]) -> None:
        nonlocal due
        while names:
            batch, names[:BATCH] = names[:BATCH], []
            await batch_at(client, base, batch)
            due += share * len(batch)
            while due >= 1:
                due -= 1
                await loop.run_in_executor(database, commit)

    async with AsyncExitStack() as stack:
        workers = []
        for account in ACCOUNTS:
            client = await stack.enter_async_context(_client())
            names = [f"{prefix}{number}" for number in range(cases)]
            base = f"{stub}/{account}"
            await batch_at(client, base, [f"{prefix}warm-up"])
            workers += [worker(client, base, names) for _ in range(CONCURRENCY)]
        cpu, began = time.process_time(), time.perf_counter()
        await asyncio.gather(*workers)
        seconds = time.perf_counter() - began
    used = time.process_time() - cpu
    database.shutdown()
    return {"cases": cases, "seconds": seconds, "cpu_seconds": used}


async def idle(stub: str, prefix: str, cases: int) -> Result:
    """Work through one case at a time, its accounts side by side."""
    seconds = []
    async with AsyncExitStack() as stack:
        clients = {
            account: await stack.enter_async_context(_client()) for account in ACCOUNTS
        }
        for number in range(cases):
            await asyncio.sleep(0.02)
            began = time.perf_counter()
            await asyncio.gather(
                *(
                    case_at(client, f"{stub}/{account}", f"{prefix}{number}")
                    for account, client in clients.items()
                )
            )
            seconds.append(time.perf_counter() - began)
    return {"seconds": seconds}


def _client() -> httpx.AsyncClient:
    """Return a client set up like the orchestrator's own."""
    transport = AiohttpTransport(
        client=lambda: aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=2 * CONCURRENCY),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
    )
    return httpx.AsyncClient(
        transport=transport,
        timeout=30,
        trust_env=False,
        headers={"Authorization": f"Bearer {TOKEN}"},
    )


async def _post(client: httpx.AsyncClient, url: str, body: object) -> Any:  # noqa: ANN401 (JSON)
    """Make one call and read its answer."""
    response = await client.post(url, json=body)
    assert response.status_code == httpx.codes.OK
    return response.json()


def _commits() -> Commit:
    """Return a durable commit of one small row to the database of the environment."""
    url = os.environ["ERASURE_DATABASE_URL"]
    if url.startswith("sqlite:///"):
        return _sqlite_commits(url.removeprefix("sqlite:///"))
    return _postgres_commits(url.replace("postgresql+psycopg://", "postgresql://"))


def _sqlite_commits(path: str) -> Commit:
    """Commit to a file of its own, with the orchestrator's own settings."""
    connection = sqlite3.connect(
        f"{path}.bare", isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (what TEXT)")

    def commit() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bare VALUES (?)", (_ROW,))
        connection.execute("COMMIT")

    return commit


def _postgres_commits(url: str) -> Commit:
    """Commit to a table of its own."""
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("CREATE TABLE IF NOT EXISTS bare (what TEXT)")

    def commit() -> None:
        connection.execute("INSERT INTO bare VALUES (%s)", (_ROW,))

    return commit


_ROW = "x" * 200


async def _main(arguments: Sequence[str]) -> Result:
    """Do what the command line says."""
    what, stub, prefix, cases, *rest = arguments
    if what == "throughput":
        return await throughput(stub, prefix, int(cases), int(rest[0]))
    if what == "in_batches":
        return await in_batches(stub, prefix, int(cases), int(rest[0]))
    return await idle(stub, prefix, int(cases))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_main(sys.argv[1:]))))
