"""Real encryption: who is believed to be a host, and what a proxy sees of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import certifi
import pytest

from connectors.transport import wire
from connectors.transport.http import EgressRefused, TryLater
from tests.connectors.authority import ENDS, LAPSED, Authority
from tests.connectors.echo import Shell, Thing, downloaded, get, put
from tests.connectors.names import Names
from tests.connectors.raw_server import Raw, Speak, saying, speaking, tunnel

HOST = "crm.example"
BODY = b'{"id": "1", "query": []}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(BODY)
    + BODY
)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """Lend the one authority that is trusted while the test runs."""
    trusted = Authority(tmp_path)
    file = str(trusted.file)
    monkeypatch.setattr(certifi, "where", lambda: file)
    wire._tls.cache_clear()  # noqa: SLF001 (it was loaded once for all)
    yield trusted
    wire._tls.cache_clear()  # noqa: SLF001


def encrypted(shell: Shell, port: int) -> None:
    """Let the account be at a host of loopback, reached by https alone."""
    shell.base, shell.allow_http = f"https://{HOST}:{port}", False
    shell.allow_hosts = (HOST,)
    shell.names = Names({HOST: [["127.0.0.1"]]})


def moved(place: str) -> Speak:
    """Answer that the file is at another place."""
    return saying(
        f"HTTP/1.1 302 Found\r\nLocation: {place}\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
    )


def test_host_with_a_good_certificate_is_asked(
    shell: Shell, authority: Authority
) -> None:
    """The request, its credential with it, arrives encrypted."""
    with speaking(saying(ANSWER), authority.server(HOST)) as raw:
        encrypted(shell, raw.port)

        assert shell.run(get) == Thing(id="1", query=[])

    (head,) = raw.heads
    assert head.startswith(b"GET /things/1 HTTP/1.1\r\n")
    assert b"authorization: bearer fresh" in head.lower()


@pytest.mark.parametrize(
    ("host", "ends"),
    [
        pytest.param("another.example", ENDS, id="another host's"),
        pytest.param(HOST, LAPSED, id="lapsed"),
    ],
)
def test_bad_certificate_is_refused_before_anything_leaves(
    host: str, ends: datetime, shell: Shell, authority: Authority
) -> None:
    """Not one byte of the request or its credential reaches an impostor."""
    with speaking(saying(ANSWER), authority.server(host, ends)) as raw:
        encrypted(shell, raw.port)

        with pytest.raises(TryLater, match="connect_failed"):
            shell.run(put)

    assert raw.heads == []


def test_certificate_of_an_unknown_authority_is_refused(
    shell: Shell, authority: Authority, tmp_path: Path
) -> None:
    """Whoever signs for the right name must be trusted as well."""
    stranger = Authority(tmp_path, name=f"not the {authority.name}")
    with speaking(saying(ANSWER), stranger.server(HOST)) as raw:
        encrypted(shell, raw.port)

        with pytest.raises(TryLater, match="connect_failed"):
            shell.run(put)

    assert raw.heads == []


def test_environment_adds_no_authority(
    shell: Shell,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A variable of the machine makes nobody trusted."""
    stranger = Authority(tmp_path, name=f"not the {authority.name}")
    monkeypatch.setenv("SSL_CERT_FILE", str(stranger.file))
    with speaking(saying(ANSWER), stranger.server(HOST)) as raw:
        encrypted(shell, raw.port)

        with pytest.raises(TryLater, match="connect_failed"):
            shell.run(put)

    assert raw.heads == []


def test_download_is_not_followed_from_https_to_http(
    shell: Shell, authority: Authority
) -> None:
    """A store that would hand the file over unencrypted is not asked for it."""
    with (
        speaking(saying(ANSWER)) as plain,
        speaking(moved(f"http://{HOST}:{plain.port}/f"), authority.server(HOST)) as raw,
    ):
        encrypted(shell, raw.port)

        with pytest.raises(EgressRefused, match="https_only"):
            shell.run(lambda api: downloaded(api, f"{shell.base}/onward"))

    assert (len(raw.heads), plain.heads) == (1, [])


def test_download_is_followed_from_https_to_https(
    shell: Shell, authority: Authority
) -> None:
    """The next host shows its own certificate, and sees no credential."""
    tls = authority.server(HOST)
    with (
        speaking(saying(ANSWER), tls) as store,
        speaking(moved(f"https://{HOST}:{store.port}/f"), tls) as raw,
    ):
        encrypted(shell, raw.port)

        body = shell.run(lambda api: downloaded(api, f"{shell.base}/onward"))

    assert body == BODY
    assert b"authorization" not in store.heads[0].lower()


def test_download_from_an_impostor_brings_nothing(
    shell: Shell, authority: Authority
) -> None:
    """The host that a redirect names must be that host."""
    with (
        speaking(saying(ANSWER), authority.server("another.example")) as store,
        speaking(
            moved(f"https://{HOST}:{store.port}/f"), authority.server(HOST)
        ) as raw,
    ):
        encrypted(shell, raw.port)

        with pytest.raises(TryLater, match="connect_failed"):
            shell.run(lambda api: downloaded(api, f"{shell.base}/onward"))

    assert store.heads == []


def _by(shell: Shell, proxy: Raw) -> None:
    """Let *proxy* be the only way to a host whose name nobody here knows."""
    encrypted(shell, 443)
    shell.allow_hosts, shell.names = (), Names({})
    shell.proxy = lambda: proxy.url


def test_proxy_carries_what_it_cannot_read(shell: Shell, authority: Authority) -> None:
    """It learns the host's name and no more; the host hears the whole request."""
    with (
        speaking(saying(ANSWER), authority.server(HOST)) as host,
        speaking(tunnel(host.port)) as proxy,
    ):
        _by(shell, proxy)

        assert shell.run(get) == Thing(id="1", query=[])

    (asked,) = proxy.heads
    assert asked.startswith(b"CONNECT crm.example:443 HTTP")
    assert b"fresh" not in asked
    assert b"authorization: bearer fresh" in host.heads[0].lower()


def test_proxy_cannot_pass_for_the_host(shell: Shell, authority: Authority) -> None:
    """Behind a tunnel the host's certificate is judged as without one."""
    with (
        speaking(saying(ANSWER), authority.server("proxy.example")) as host,
        speaking(tunnel(host.port)) as proxy,
    ):
        _by(shell, proxy)

        with pytest.raises(TryLater):
            shell.run(put)

    assert host.heads == []
    assert proxy.heads
