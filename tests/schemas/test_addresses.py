"""Which addresses an account may have, in every spelling that is known to deceive."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from schemas.addresses import (
    NotPlainError,
    Reach,
    is_inside,
    may_connect,
    place_of,
    reach_of,
)

INSIDE = [
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "2002:7f00:1::1",
]
NOWHERE = [
    "0.0.0.0",  # noqa: S104 (refused, not bound)
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.1",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::2",
    "::127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111"]


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        *((it, Reach.INSIDE) for it in INSIDE),
        *((it, Reach.NOWHERE) for it in NOWHERE),
        *((it, Reach.PUBLIC) for it in PUBLIC),
    ],
)
def test_every_special_range_is_known(address: str, reach: Reach) -> None:
    """Nothing but a plain unicast address of the internet is public."""
    assert reach_of(ip_address(address)) is reach


@pytest.mark.parametrize("address", [*INSIDE, *NOWHERE])
def test_host_of_nobody_connects_to_public_addresses_only(address: str) -> None:
    """Without the register's word no name leads inside a network."""
    assert not may_connect("crm.example", ip_address(address), ())


@pytest.mark.parametrize(
    ("address", "may"),
    [*((it, True) for it in (*INSIDE, *PUBLIC)), *((it, False) for it in NOWHERE)],
)
def test_allowed_host_may_be_inside_never_nowhere(address: str, *, may: bool) -> None:
    """A name that the register allows still does not lead to a cloud's metadata."""
    allowed = {"crm.example"}

    assert may_connect("crm.example", ip_address(address), allowed) is may
    assert may_connect("other.example", ip_address(address), allowed) is (
        address in PUBLIC
    )


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://api.example", "api.example", None),
        ("HTTPS://API.Example/v1?a=b#c", "api.example", None),
        ("https://api.example:8443/v1", "api.example", 8443),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", None),
        ("https://fakes/", "fakes", None),
        ("https://a_b.example", "a_b.example", None),
        ("https://127.0.0.1:8080", "127.0.0.1", 8080),
        ("https://[::1]/", "::1", None),
        ("https://[0:0:0:0:0:FFFF:127.0.0.1]/", "::ffff:7f00:1", None),
        ("https://[64:ff9b::7f00:1]", "64:ff9b::7f00:1", None),
    ],
)
def test_plain_url_has_one_host(url: str, host: str, port: int | None) -> None:
    """The host comes out as it is compared and looked up."""
    place = place_of(url)

    assert (place.host, place.port) == (host, port)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://me:pw@api.example/", id="user and password"),
        pytest.param("https://api.example@169.254.169.254/", id="host as user"),
        pytest.param("https://@api.example/", id="empty user"),
        pytest.param("https://a.example\\@b.example/", id="backslash before @"),
        pytest.param("https:\\\\api.example/", id="backslashes for slashes"),
        pytest.param("https://api.example\\.evil.example/", id="backslash in the host"),
        pytest.param("https://аpi.example/", id="a Cyrillic letter"),  # noqa: RUF001
        pytest.param("https://bücher.example/", id="a name beyond ASCII"),
        pytest.param("https://api。example/", id="an ideographic dot"),
        pytest.param("https://①②⑦.⓪.⓪.①/", id="digits in circles"),
        pytest.param("https://api.example./", id="final dot"),
        pytest.param("https://.api.example/", id="leading dot"),
        pytest.param("https://api..example/", id="two dots"),
        pytest.param("https://-api.example/", id="leading hyphen"),
        pytest.param("https://api.example:0/", id="port 0"),
        pytest.param("https://api.example:65536/", id="port too large"),
        pytest.param("https://api.example:/", id="empty port"),
        pytest.param("https://api.example:80:443/", id="two ports"),
        pytest.param("https://api.example:+443/", id="signed port"),
        pytest.param("https://api.example:４４３/", id="port in wide digits"),  # noqa: RUF001
        pytest.param("https://api.example/\r\nHost: evil", id="line break"),
        pytest.param("https://api.example\t/", id="tab"),
        pytest.param("https://api.example /", id="blank"),
        pytest.param(" https://api.example/", id="leading blank"),
        pytest.param("https://api.example/\x00", id="null"),
        pytest.param("https://api%2eexample/", id="percent in the host"),
        pytest.param("https://2130706433/", id="address as one number"),
        pytest.param("https://0x7f000001/", id="address in hex"),
        pytest.param("https://0x7f.0.0.1/", id="first part in hex"),
        pytest.param("https://127.0.0.0x1/", id="last part in hex"),
        pytest.param("https://017700000001/", id="address in octal"),
        pytest.param("https://0177.0.0.1/", id="first part in octal"),
        pytest.param("https://127.1/", id="short address"),
        pytest.param("https://127.0.1/", id="three parts"),
        pytest.param("https://127.0.0.1./", id="address with a dot"),
        pytest.param("https://127.0.0.256/", id="part too large"),
        pytest.param("https://[fe80::1%25eth0]/", id="zone"),
        pytest.param("https://[::1/", id="bracket left open"),
        pytest.param("https://[127.0.0.1]/", id="IPv4 in brackets"),
        pytest.param("https://::1/", id="IPv6 without brackets"),
        pytest.param("https://[::ffff:0177.0.0.1]/", id="octal within IPv6"),
        pytest.param("https:///path", id="no host"),
        pytest.param("https:/api.example", id="one slash"),
        pytest.param("//api.example/", id="no scheme"),
        pytest.param("", id="nothing"),
        pytest.param(f"https://{'a' * 64}.example", id="label too long"),
        pytest.param(f"https://{'a.' * 127}example", id="name too long"),
    ],
)
def test_url_that_two_parsers_could_read_differently_is_refused(url: str) -> None:
    """There is one accepted spelling, so no check and no connect can disagree."""
    with pytest.raises(NotPlainError, match="url_not_plain"):
        place_of(url)


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("api.example", False),
        ("1.1.1.1", False),
        ("notlocalhost.example", False),
        ("localhost", True),
        ("api.localhost", True),
        ("printer.local", True),
        ("crm.internal", True),
        ("fakes", True),
        ("127.0.0.1", True),
        ("169.254.169.254", True),
    ],
)
def test_some_hosts_are_inside_by_their_name(host: str, *, inside: bool) -> None:
    """What no public name server answers is told at the start already."""
    assert is_inside(host) is inside
