"""
A processor that answers as fast as Python can, in a process of its own.

It remembers what was erased, so that a run that did not do its work shows.  A record
whose name begins with `stuck-` never goes away: its case stays open.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

TOKEN = "bench-token"  # noqa: S105 (an invented secret)
NAME = "bench"
STUCK = "stuck-"

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Records:
    """Everybody is known to every account until an erasure."""

    def __init__(self) -> None:
        """Begin with nobody erased and nothing counted."""
        self._erased: set[tuple[str, str]] = set()
        self.counted: Counter[str] = Counter()

    def answer(self, target: str, asked: Mapping[str, Any]) -> object:
        """Answer one request to `/ACCOUNT/OPERATION`."""
        _, account, operation = target.split("/", 2)
        self.counted[operation] += 1
        answers: Mapping[str, Callable[[], object]] = {
            "account": lambda: {"name": NAME},
            "counted": lambda: dict(self.counted),
            "search": lambda: self._listed(account, f"of-{asked['email']}"),
            "read": lambda: self._listed(account, asked["id"]),
            "erase": lambda: self._erase(account, asked["id"]),
            "search_many": lambda: [
                self._listed(account, f"of-{email}") for email in asked["emails"]
            ],
            "read_many": lambda: [self._listed(account, id_) for id_ in asked["ids"]],
            "erase_many": lambda: [self._erase(account, id_) for id_ in asked["ids"]],
        }
        return answers[operation]()

    def _listed(self, account: str, record: str) -> object:
        """List the record if it is there."""
        is_gone = (account, record) in self._erased
        return {"records": [] if is_gone else [{"id": record}]}

    def _erase(self, account: str, record: str) -> object:
        """Erase the record, unless it never goes."""
        if not record.startswith(f"of-{STUCK}"):
            self._erased.add((account, record))
        return {"erased": True}


class Connection(asyncio.Protocol):
    """One kept connection; requests come one after the other."""

    def __init__(self, records: Records) -> None:
        """Keep what answers."""
        self._records = records
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that has come whole."""
        self._received += data
        while (end := self._received.find(_END)) >= 0:
            head = self._received[:end]
            length = _content_length(head)
            if len(self._received) < end + len(_END) + length:
                return
            body = self._received[end + len(_END) : end + len(_END) + length]
            self._received = self._received[end + len(_END) + length :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        """Write one answer in one piece, so that nothing waits for another packet."""
        target = head[: head.index(b"\r\n")].split(b" ")[1].decode()
        asked = json.loads(body) if body else {}
        said = json.dumps(self._records.answer(target, asked)).encode()
        if self._transport is not None:
            self._transport.write(b"%b%d%b%b" % (_HEAD, len(said), _END, said))


def _content_length(head: bytes) -> int:
    """Return the length of the body that follows *head*."""
    lower = head.lower()
    start = lower.find(_LENGTH)
    if start < 0:
        return 0
    return int(lower[start + len(_LENGTH) :].split(b"\r\n", 1)[0])


async def serve(port: int) -> None:
    """Serve until the process ends."""
    records = Records()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(records), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
