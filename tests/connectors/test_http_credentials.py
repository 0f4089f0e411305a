"""How the shell signs in, and what it downloads without signing in."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from connectors.fakes.faults import Fault, FaultKind
from connectors.transport.http import (
    Api,
    ContractChanged,
    CredentialsRefused,
    EgressRefused,
    ProcessorError,
    Refused,
    TryLater,
)
from schemas.connecting import Effect, Mode
from tests.connectors.echo import Shell, downloaded, get, put

# --- credentials -----------------------------------------------------------------


def test_rotated_secret_is_found_after_one_401(shell: Shell) -> None:
    """A secret that was changed in the vault needs no restart."""
    shell.secrets = type(shell.secrets)({"token": "old"})

    assert shell.run(put) == 204
    assert shell.secrets.refreshed == 1
    assert shell.fake.data["kept"] == [{"name": "x"}]


def test_missing_secret_stops_the_account(shell: Shell) -> None:
    """An unknown reference is the account's trouble, told without its value."""
    shell.secrets = type(shell.secrets)({})

    with pytest.raises(CredentialsRefused, match="secret_missing"):
        shell.run(get)


def test_one_token_serves_many_callers(oauth: Shell) -> None:
    """Callers at once share one token request, also after it was refused."""

    async def step(api: Api) -> None:
        await asyncio.gather(*(get(api) for _ in range(5)))
        oauth.fake.data["good_from"] = 2
        await asyncio.gather(*(get(api) for _ in range(5)))

    oauth.run(step)

    assert oauth.fake.data["tokens"] == 2


def test_token_is_renewed_before_it_ends(oauth: Shell) -> None:
    """A token is used for nine tenths of the time its endpoint named."""

    async def step(api: Api) -> list[int]:
        tokens = []
        for now in (0, 89, 91):
            oauth.now = now
            await get(api)
            tokens.append(oauth.fake.data["tokens"])
        return tokens

    assert oauth.run(step) == [1, 1, 2]


def test_token_request_passes_the_gate_and_a_dry_run(oauth: Shell) -> None:
    """Asking for a token counts as a send, and changes nothing at the processor."""
    oauth.mode = Mode.DRY_RUN

    oauth.run(get)

    assert oauth.gate.sends == [Effect.READ, Effect.READ]


def test_wrong_client_credentials_stop_the_account(oauth: Shell) -> None:
    """RFC 6749 answers 400 to a wrong client: that is no fault of the request."""
    oauth.secrets = type(oauth.secrets)({"client_id": "id", "client_secret": "no"})

    with pytest.raises(CredentialsRefused, match="token_refused"):
        oauth.run(get)


# --- downloads -------------------------------------------------------------------


def test_download_carries_no_credentials(shell: Shell) -> None:
    """A file at another host is fetched whole and without the account's token."""
    body = shell.run(lambda api: downloaded(api, f"{shell.url}/files/1"))

    assert body == b"line\n" * 2_000
    assert "authorization" not in shell.fake.headers[0]
    assert shell.gate.sends == [Effect.READ]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (FaultKind.FAIL, TryLater),
        (FaultKind.TRUNCATE, TryLater),
        (FaultKind.LOSE_ANSWER, TryLater),
        (FaultKind.FORBIDDEN, Refused),
    ],
)
def test_failed_download_is_told(
    fault: FaultKind, error: type[ProcessorError], shell: Shell
) -> None:
    """Half a file is never taken for a whole one."""
    shell.fake.faults.add(Fault(kind=fault))

    with pytest.raises(error):
        shell.run(lambda api: downloaded(api, f"{shell.url}/files/1"))


def test_throttled_download_holds_the_account(shell: Shell) -> None:
    """The host of the files asked for a pause, and nobody sends before."""
    shell.fake.faults.add(Fault(kind=FaultKind.THROTTLE, retry_after="60"))

    with pytest.raises(TryLater) as caught:
        shell.run(lambda api: downloaded(api, f"{shell.url}/files/1"))

    assert caught.value.after == timedelta(seconds=60)
    assert shell.gate.holds == [60.0]


def test_download_is_capped(shell: Shell) -> None:
    """A file larger than allowed stops the download."""
    shell.max_download_bytes = 5_000

    with pytest.raises(ContractChanged, match="download_too_large"):
        shell.run(lambda api: downloaded(api, f"{shell.url}/files/1"))


def test_download_needs_tls_and_a_declared_read(shell: Shell) -> None:
    """The URL comes from a processor's answer, so it passes the same rules."""
    shell.allow_http = False
    with pytest.raises(EgressRefused, match="https_only"):
        shell.run(lambda api: downloaded(api, f"{shell.url}/files/1"))

    async def write(api: Api) -> list[bytes]:
        return [piece async for piece in api.download("put", "https://a.example/")]

    with pytest.raises(EgressRefused, match="download_is_not_a_read"):
        shell.run(write)
