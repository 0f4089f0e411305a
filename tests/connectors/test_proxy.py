"""A proxy is used where the register names one, and nowhere else."""

from __future__ import annotations

import socket
from base64 import b64encode

import pytest

from connectors.transport.http import AddressRefused, AnswerLost, Api, TryLater
from tests.connectors.echo import Shell, Thing, get, put
from tests.connectors.names import Names
from tests.connectors.raw_server import Raw, saying, speaking

BODY = b'{"id": "1", "query": []}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


def through(shell: Shell, raw: Raw, base: str, login: str = "") -> None:
    """Let the account be at *base*, which only the proxy can reach."""
    shell.base, shell.allow_hosts = base, ()
    shell.proxy = lambda: raw.url.replace("//", f"//{login}")
    shell.names = Names({})


def test_request_goes_to_the_proxy_which_resolves_the_name(shell: Shell) -> None:
    """The host's name leaves as it is; nobody here asks for its address."""
    with speaking(saying(ANSWER)) as raw:
        through(shell, raw, "http://crm.example")

        assert shell.run(get) == Thing(id="1", query=[])

    assert raw.heads[0].startswith(b"GET http://crm.example/things/1 HTTP/1.1\r\n")


def test_encrypted_request_asks_the_proxy_for_a_tunnel(shell: Shell) -> None:
    """Without the tunnel nothing leaves: the proxy never sees the request."""
    with speaking(saying(b"HTTP/1.1 502 no\r\nContent-Length: 0\r\n\r\n")) as raw:
        through(shell, raw, "https://crm.example")

        with pytest.raises(TryLater, match="proxy_refused"):
            shell.run(put)

    assert len(raw.heads) == 3
    assert all(it.startswith(b"CONNECT crm.example:443 HTTP") for it in raw.heads)
    assert not any(b"things" in it or b"Bearer" in it for it in raw.heads)


def test_proxys_password_goes_to_the_proxy_in_a_header(shell: Shell) -> None:
    """It is part of no URL that a proxy would write into its log."""
    with speaking(saying(b"HTTP/1.1 407 no\r\nContent-Length: 0\r\n\r\n")) as raw:
        through(shell, raw, "https://crm.example", login="me:fi%40rst@")

        with pytest.raises(TryLater, match="proxy_refused"):
            shell.run(put)

    assert b"proxy-authorization: Basic " + b64encode(b"me:fi@rst") in raw.heads[0]
    assert b"rst@" not in raw.heads[0]


def test_rotated_proxy_password_is_used_without_a_restart(shell: Shell) -> None:
    """The proxy's address is asked for before each request."""
    with speaking(saying(ANSWER)) as raw:
        through(shell, raw, "http://crm.example")
        logins = iter(["me:first@", "me:second@"])
        shell.proxy = lambda: raw.url.replace("//", f"//{next(logins)}")

        async def step(api: Api) -> None:
            await get(api)
            await get(api)

        shell.run(step)

    first, second = raw.heads
    assert b"Basic " + b64encode(b"me:first") + b"\r\n" in first
    assert b"Basic " + b64encode(b"me:second") + b"\r\n" in second


def test_address_in_numbers_is_judged_before_the_proxy(shell: Shell) -> None:
    """A proxy does not open our own network to an address in the register."""
    with speaking(saying(ANSWER)) as raw:
        through(shell, raw, "https://169.254.169.254")

        with pytest.raises(AddressRefused):
            shell.run(get)

    assert raw.heads == []


def test_proxy_that_is_away_is_asked_later(shell: Shell) -> None:
    """Nothing left, so a write is tried again."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    shell.base, shell.proxy = "http://crm.example", lambda: f"http://127.0.0.1:{port}"

    with pytest.raises(TryLater, match="connect_failed"):
        shell.run(put)


def test_proxy_that_hangs_up_has_lost_the_answer(shell: Shell) -> None:
    """It may have passed an unencrypted write on."""
    with speaking(lambda connection, _: connection.close()) as raw:
        through(shell, raw, "http://crm.example")

        with pytest.raises(AnswerLost):
            shell.run(put)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_environment_names_no_proxy_for_encrypted_requests(
    name: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host itself is asked for, whatever the machine's variables say."""
    with speaking(saying(ANSWER)) as raw:
        monkeypatch.setenv(name, raw.url)
        shell.names = names = Names({})
        shell.base = "https://crm.example"

        with pytest.raises(TryLater, match="connect_failed"):
            shell.run(get)

    assert names.asked == ["crm.example"] * 3
    assert raw.heads == []
