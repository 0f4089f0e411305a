"""Where a download may be sent on to, and what it never takes along."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from connectors.transport.http import Api, ContractChanged, EgressRefused, TryLater
from tests.connectors.echo import Shell, downloaded
from tests.connectors.names import Names

FILE = b"line\n" * 2_000


def fetched(shell: Shell, *places: str) -> bytes:
    """Download a file that the echo sends on to each of the places in turn."""
    shell.fake.data["onward"] = list(places)
    return shell.run(lambda api: downloaded(api, f"{shell.url}/onward/0"))


@pytest.mark.parametrize(
    "places",
    [
        pytest.param(["{url}/files/1"], id="whole address"),
        pytest.param(["/files/1"], id="path only"),
        pytest.param(["../files/1"], id="relative path"),
        pytest.param(["/onward/1", "/onward/2", "/files/1"], id="three hops"),
    ],
)
def test_download_is_followed_to_the_file(places: list[str], shell: Shell) -> None:
    """Each hop is a send of its own, and none carries credentials or cookies."""
    body = fetched(shell, *(place.format(url=shell.url) for place in places))

    assert body == FILE
    assert len(shell.gate.sends) == len(places) + 1
    assert not any({"authorization", "cookie"} & it.keys() for it in shell.fake.headers)


def test_download_that_goes_in_circles_ends(shell: Shell) -> None:
    """A fourth redirect is not followed."""
    with pytest.raises(ContractChanged, match="redirected_too_often"):
        fetched(shell, "/onward/0")

    assert shell.fake.requests("onward") == 4


@pytest.mark.parametrize(
    ("place", "told"),
    [
        pytest.param("file:///etc/passwd", "url_not_plain", id="a file here"),
        pytest.param("ftp://files.example/1", "https_only", id="another scheme"),
        pytest.param("https://me:pw@files.example/", "url_not_plain", id="password"),
        pytest.param("https://files.example\\@evil.example/", "url_not_plain", id="\\"),
        pytest.param("//127.0.0.1/1", "download_address_not_public", id="loopback"),
        pytest.param(
            "https://169.254.169.254/1", "download_address_not_public", id="metadata"
        ),
        pytest.param("https://0x7f.1/", "url_not_plain", id="hex"),
        pytest.param(
            "https://inside.example/1", "download_address_not_public", id="by name"
        ),
    ],
)
def test_redirect_passes_the_rules_of_the_first_address(
    place: str, told: str, shell: Shell
) -> None:
    """A processor cannot send us into our own network, and that pauses no account."""
    shell.names = Names(
        {"files.corp.example": [["127.0.0.1"]], "inside.example": [["10.0.0.1"]]}
    )
    shell.fake.data["onward"] = [place]
    shell.allow_hosts = ("files.corp.example",)
    shell.url = f"http://files.corp.example:{urlsplit(shell.url).port}"

    with pytest.raises(EgressRefused, match=told) as caught:
        shell.run(lambda api: downloaded(api, f"{shell.url}/onward/0"))

    assert type(caught.value) is EgressRefused
    assert len(shell.fake.log) == 1


def test_redirect_without_a_place_is_no_file(shell: Shell) -> None:
    """Half an answer is told as such."""
    with pytest.raises(ContractChanged, match="redirected"):
        fetched(shell, "")


def test_download_ends_in_time(shell: Shell) -> None:
    """A file that comes for ever, a piece at a time, is given up."""
    shell.max_download_time = timedelta(seconds=60)

    async def step(api: Api) -> None:
        async for _ in api.download("file", f"{shell.url}/drip"):
            assert shell.now <= 60
            shell.now += 61

    with pytest.raises(TryLater, match="download_too_slow"):
        shell.run(step)
