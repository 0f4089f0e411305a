"""The callback server stores what comes, whoever sent it, and only so much of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import httpx
import pytest
from structlog.testing import capture_logs

from orchestrator.adapters.inbox import callbacks, http_server
from orchestrator.adapters.inbox.callbacks import (
    BURST,
    MOST_BYTES,
    MOST_HEADER_BYTES,
    Callbacks,
    kept_headers,
)
from orchestrator.adapters.inbox.http_server import CONNECTIONS, HttpServer
from orchestrator.core.words import AccountId
from orchestrator.errors import CannotStore, Conflict, SetUpError, Unavailable
from orchestrator.ports import MOST_WAITING, Inbox, Letter
from tests.support.clock import FrozenClock

MAIL = AccountId("mail")


@dataclass
class Box:
    """Keeps letters in memory; at a test's wish it is away, or full."""

    letters: list[Letter] = field(default_factory=list)
    failure: Exception | None = None
    waiting: int = 0

    def put(self, letter: Letter) -> None:
        """Keep it, or fail."""
        if self.failure is not None:
            raise self.failure
        self.letters.append(letter)

    def bytes_waiting(self, _account: AccountId) -> int:
        """Say what a test says."""
        return self.waiting


@dataclass
class Served:
    """A server on a free port of this machine."""

    box: Box
    clock: FrozenClock
    server: HttpServer
    told: list[Exception | None]

    def post(self, path: str = "/callbacks/mail", **sending: object) -> httpx.Response:
        """Post as a processor does."""
        url = f"http://127.0.0.1:{self.server.port}{path}"
        return httpx.post(url, **sending)  # type: ignore[arg-type]


@pytest.fixture
def served() -> Iterator[Served]:
    """Serve one account."""
    box, clock = Box(), FrozenClock()
    told: list[Exception | None] = []
    app = Callbacks([MAIL], cast("Inbox", box), clock, told.append)
    server = HttpServer("127.0.0.1:0", app.asgi)
    server.start()
    yield Served(box, clock, server, told)
    server.stop()
    app.close()


def test_callback_is_stored_before_it_is_acknowledged(served: Served) -> None:
    """202 means durable: the raw bytes, the account, the time, the allowed headers."""
    body = b'{"b": 1}\n'
    headers = {"X-OpenDSR-Signature": "c2ln", "Content-Type": "application/json"}

    answer = served.post(content=body, headers=headers)

    (letter,) = served.box.letters
    assert (answer.status_code, answer.content) == (202, b"")
    assert (letter.account, letter.channel, letter.body) == (MAIL, "callback", body)
    assert letter.received_at == served.clock.now()
    assert letter.headers == {
        "x-opendsr-signature": "c2ln",
        "content-type": "application/json",
    }
    assert served.told == [None]
    assert "server" not in answer.headers


def test_headers_that_nobody_needs_are_left_out() -> None:
    """Neither a sender's address nor credentials are kept."""
    kept = kept_headers(
        {
            "Authorization": "Bearer x",
            "Cookie": "a=b",
            "X-Forwarded-For": "10.0.0.1",
            "User-Agent": "x",
            "Webhook-Id": "1",
        }
    )

    assert kept == {"webhook-id": "1"}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/callbacks/other", id="stranger"),
        pytest.param("/callbacks/", id="nobody"),
        pytest.param("/callbacks/mail/more", id="below"),
        pytest.param("/", id="root"),
    ],
)
def test_unknown_account_is_not_found(served: Served, path: str) -> None:
    """Only accounts of the register whose processor speaks by itself have a place."""
    assert served.post(path, content=b"{}").status_code == 404
    assert served.box.letters == []


def test_only_post_is_taken(served: Served) -> None:
    """Nothing is told to who asks."""
    url = f"http://127.0.0.1:{served.server.port}/callbacks/mail"

    assert httpx.get(url).status_code == 405


def _pieces(size: int) -> Iterator[bytes]:
    """Stream a body whose length is not declared."""
    for _ in range(size // 1024):
        yield b"x" * 1024


def test_body_that_is_too_large_is_refused(served: Served) -> None:
    """Declared or streamed, no more than the cap is read."""
    declared = served.post(content=b"x" * (MOST_BYTES + 1))
    streamed = served.post(content=_pieces(2 * MOST_BYTES))
    just = served.post(content=b"x" * MOST_BYTES)

    assert [one.status_code for one in (declared, streamed, just)] == [413, 413, 202]
    assert len(served.box.letters) == 1


def test_headers_that_are_too_large_are_refused(served: Served) -> None:
    """A signature fits; a novel does not."""
    answer = served.post(content=b"{}", headers={"X-Novel": "x" * 9000})

    assert answer.status_code == 431
    assert served.box.letters == []


def test_pace_of_an_account_is_capped(served: Served) -> None:
    """After a burst it is told to come again; a second later it may."""
    with httpx.Client() as client:
        url = f"http://127.0.0.1:{served.server.port}/callbacks/mail"
        codes = [client.post(url).status_code for _ in range(int(BURST) + 1)]
        served.clock.advance(timedelta(seconds=1))
        later = client.post(url).status_code

    assert codes == [202] * int(BURST) + [429]
    assert later == 202


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(Unavailable("gone"), id="away"),
        pytest.param(Conflict("again"), id="conflict"),
        pytest.param(CannotStore("full"), id="disk_full"),
    ],
)
def test_letter_that_could_not_be_stored_has_to_come_again(
    served: Served, failure: Exception
) -> None:
    """503 lets the processor repeat: nothing is acknowledged that is not durable."""
    served.box.failure = failure
    assert served.post(content=b"{}").status_code == 503
    assert served.told == [failure]

    served.box.failure = None

    assert served.post(content=b"{}").status_code == 202


def test_inbox_that_nobody_reads_fills_up_to_its_cap(served: Served) -> None:
    """A stranger cannot fill the disk."""
    served.box.waiting = MOST_WAITING - 1000
    codes = [served.post(content=b"123456").status_code for _ in range(2)]

    assert codes == [202, 503]


def test_headers_of_an_empty_letter_fill_the_inbox_as_well(served: Served) -> None:
    """Whoever sends no body at all is capped by what is stored all the same."""
    served.box.waiting = MOST_WAITING - 2 * MOST_HEADER_BYTES
    novel = {"X-Novel": "x" * (MOST_HEADER_BYTES - 100)}
    codes = [served.post(headers=novel).status_code for _ in range(2)]

    assert codes == [202, 503]


def test_slow_body_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends a byte now and then is cut off."""
    monkeypatch.setattr(callbacks, "BODY_SECONDS", 0.05)
    with socket.create_connection(("127.0.0.1", served.server.port), 5) as sender:
        sender.sendall(
            b"POST /callbacks/mail HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
        )
        answer = sender.recv(100)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert served.box.letters == []


def _idle(served: Served, count: int, said: bytes) -> Iterator[socket.socket]:
    """Open connections that say something, and go on saying nothing."""
    for _ in range(count):
        sender = socket.create_connection(("127.0.0.1", served.server.port), 5)
        sender.sendall(said)
        yield sender


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="silent"),
        pytest.param(b"POST /callbacks/mail HTTP/1.1\r\nX-", id="half_a_head"),
        pytest.param(
            b"POST /callbacks/none HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
            id="body_of_what_was_answered",
        ),
        pytest.param(
            b"GET /callbacks/mail HTTP/1.1\r\nHost: x\r\n\r\nP", id="kept_alive"
        ),
    ],
)
def test_idle_connections_are_let_go(
    served: Served, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger who opens every connection there is keeps them for a moment only."""
    monkeypatch.setattr(http_server, "IDLE_SECONDS", 0.2)
    senders = list(_idle(served, CONNECTIONS, said))

    for sender in senders:
        while sender.recv(1000):
            """Until the server closes it."""
        sender.close()

    assert served.post(content=b"{}").status_code == 202


def test_no_more_connections_are_kept_than_are_served(served: Served) -> None:
    """Each costs the whole process a file: further ones are closed at once."""
    senders = list(_idle(served, CONNECTIONS + 1, b""))

    assert senders[-1].recv(1) == b""
    for sender in senders:
        sender.close()


def test_no_line_is_logged_of_what_comes(served: Served) -> None:
    """Neither a path nor a body nor a sender."""
    with capture_logs() as lines:
        served.post(content=b"ada@example.org")
        served.post("/callbacks/ada@example.org", content=b"{}")

    assert lines == []


def test_address_that_is_taken_is_told_at_the_start(served: Served) -> None:
    """The second server does not start, and says which setting to change."""
    taken = f"127.0.0.1:{served.server.port}"
    second = HttpServer(taken, None)

    with pytest.raises(SetUpError, match="ERASURE_CALLBACK_BIND"):
        second.start()
    second.stop()
