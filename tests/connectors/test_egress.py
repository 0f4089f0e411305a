"""Where the shell lets requests go: one address, judged once and then connected to."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from connectors.registry import connector, names
from connectors.transport.http import AddressRefused, Api, EgressRefused, TryLater
from tests.connectors.echo import Shell, get, put
from tests.connectors.names import Names

METADATA = "169.254.169.254"


def at(shell: Shell, host: str, *, allowed: bool = False) -> None:
    """Let the account be at *host*, on the port of the served echo."""
    shell.base = f"http://{host}:{urlsplit(shell.url).port}"
    shell.allow_hosts = (host,) if allowed else ()


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("[::1]", id="loopback of IPv6"),
        pytest.param("0.0.0.0", id="unspecified"),  # noqa: S104 (not bound)
        pytest.param(METADATA, id="metadata"),
        pytest.param("[::ffff:127.0.0.1]", id="IPv4-mapped"),
        pytest.param("[64:ff9b::7f00:1]", id="NAT64"),
        pytest.param("10.1.2.3", id="private"),
    ],
)
def test_address_inside_a_network_is_refused(host: str, shell: Shell) -> None:
    """Without the register's word no request leaves, nor asks for its turn."""
    at(shell, host)

    with pytest.raises(AddressRefused, match="address_not_public"):
        shell.run(get)

    assert shell.gate.sends == []
    assert shell.fake.log == []


@pytest.mark.parametrize(
    "base",
    [
        "https://api.example@127.0.0.1",
        "https://bücher.example",
        "https://api.example.",
        "https://0x7f.1",
        "https://2130706433",
        "https://a.example\\@b.example",
        "https://a.example\r\nX: 1",
    ],
)
def test_base_url_of_an_odd_spelling_is_refused(base: str, shell: Shell) -> None:
    """What two parsers could read differently is read by none."""
    shell.base = base

    with pytest.raises(EgressRefused, match="url_not_plain"):
        shell.run(get)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(["127.0.0.1"], id="loopback"),
        pytest.param([METADATA], id="metadata"),
        pytest.param(["::ffff:127.0.0.1"], id="IPv4-mapped"),
        pytest.param(["1.1.1.1", "127.0.0.1"], id="one of two is bad"),
        pytest.param(["fe80::1%2"], id="link-local with its zone"),
        pytest.param(["not an address"], id="no address"),
    ],
)
def test_name_that_leads_inside_a_network_is_refused(
    answer: list[str], shell: Shell
) -> None:
    """Every address of a name's answer is judged, also for a write."""
    shell.names = Names({"crm.example": [answer]})
    at(shell, "crm.example")

    with pytest.raises(AddressRefused, match="address_not_public"):
        shell.run(put)

    assert shell.fake.log == []


def test_allowed_host_may_be_inside_a_network(shell: Shell) -> None:
    """The register's word is for that host and for no other."""
    shell.names = Names({"crm.corp.example": [["127.0.0.1"]]})
    at(shell, "crm.corp.example", allowed=True)

    assert shell.run(get).id == "1"


@pytest.mark.parametrize("answer", [METADATA, "0.0.0.0"])  # noqa: S104 (not bound)
def test_allowed_host_does_not_lead_to_metadata(answer: str, shell: Shell) -> None:
    """A name server that was taken over cannot use the allowance for that."""
    shell.names = Names({"crm.corp.example": [[answer]]})
    at(shell, "crm.corp.example", allowed=True)

    with pytest.raises(AddressRefused):
        shell.run(get)


def test_connection_goes_to_the_address_that_was_judged(shell: Shell) -> None:
    """A name that changes its answer after the check (rebinding) is not asked again."""
    shell.names = names = Names({"crm.example": [["127.0.0.1"], [METADATA]]})
    at(shell, "crm.example", allowed=True)

    async def step(api: Api) -> None:
        await get(api)
        await get(api)

    shell.run(step)

    assert names.asked == ["crm.example"]
    assert shell.fake.requests("get") == 2


def test_name_that_turns_bad_is_refused_at_the_next_connection(shell: Shell) -> None:
    """A good answer once is no pass for ever."""
    shell.names = Names({"crm.example": [["127.0.0.1"], [METADATA]]})
    at(shell, "crm.example", allowed=True)

    shell.run(get)

    with pytest.raises(AddressRefused):
        shell.run(get)


def test_name_that_nobody_knows_is_asked_later(shell: Shell) -> None:
    """A name server that is away says nothing about the account."""
    shell.names = Names({})
    at(shell, "crm.example")

    with pytest.raises(TryLater, match="connect_failed"):
        shell.run(put)


def test_host_in_punycode_is_asked_as_it_is_written(shell: Shell) -> None:
    """Nobody decodes a name between the register and the name server."""
    shell.names = names = Names({"xn--bcher-kva.example": [["127.0.0.1"]]})
    at(shell, "xn--bcher-kva.example", allowed=True)

    shell.run(get)

    assert names.asked == ["xn--bcher-kva.example"]
    assert shell.fake.headers[0]["host"].startswith("xn--bcher-kva.example:")


@pytest.mark.parametrize("name", names())
def test_paths_of_operations_stay_behind_their_host(name: str) -> None:
    """A path begins with one slash: nothing of it can become part of the host."""
    for operation in connector(name).spec.operations.values():
        assert operation.path[:1] == "/"
        assert operation.path[1:2] not in ("/", "\\")
