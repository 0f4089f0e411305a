"""A secret that was rotated is used without a restart, and is shown nowhere."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.errors import ContractChanged, CredentialsRefused, ProcessorError
from connectors.hubspot import HubSpot
from connectors.transport.credentials import Credentials, Keyring, Token
from orchestrator.adapters.register import AccountSecrets
from schemas.connecting import Auth, ClientCredentials, HeaderAuth

Put = Callable[[str], None]

OLD, NEW = "old-secret-1", "new-secret-2"


def _basic(text: str) -> str:
    return f"Basic {b64encode(text.encode()).decode()}"


KINDS = [
    pytest.param(HeaderAuth(), lambda it: f"Bearer {it}", id="bearer"),
    pytest.param(HeaderAuth(template="Basic {basic}"), _basic, id="basic"),
    pytest.param(HeaderAuth(header="Api-Key", template="{secret}"), str, id="API key"),
    pytest.param(
        HeaderAuth(
            secret="app",
            header="X-App",
            template="{secret}",
            beside=HeaderAuth(header="X-Token", template="{secret}"),
        ),
        str,
        id="second of two headers",
    ),
    pytest.param(
        ClientCredentials(client_secret="token"),
        lambda it: _basic(f"me:{it}"),
        id="OAuth",
    ),
]


class Endpoint:
    """Hands out a token, and notes with which headers it was asked."""

    def __init__(self, granted: str = "granted") -> None:
        self.asked: list[Mapping[str, str]] = []
        self._granted = granted

    async def __call__(
        self, operation: str, headers: Mapping[str, str], form: Mapping[str, str]
    ) -> Token:
        """Answer; each token is another."""
        assert operation
        assert form["grant_type"] == "client_credentials"
        self.asked.append(headers)
        token = f"{self._granted}-{len(self.asked)}"
        return Token(access_token=SecretStr(token), expires_in=300)


@pytest.fixture(params=["env", "file"])
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, Put]:
    """Lend a reference, and a way to change what it leads to."""
    if request.param == "env":
        return "env:A_TOKEN", lambda value: monkeypatch.setenv("A_TOKEN", value)
    path = tmp_path / "token"
    return f"file:{path}", lambda value: _rotated(path, value)


def _rotated(path: Path, value: str) -> None:
    """Replace the file as secret stores do: another file under the same name."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{value}\n", encoding="utf-8")
    fresh.replace(path)


def _signed_in(auth: Auth, reference: str, ask: Endpoint) -> Credentials:
    spec = replace(HubSpot.spec, auth=auth)
    references = {"token": reference, "app": "env:AN_APP", "client_id": "env:A_CLIENT"}
    secrets = AccountSecrets("crm", references)
    keyring = Keyring(spec, secrets, ask, {}, lambda: 0.0)
    return keyring.credentials(spec.operations["search"])


@pytest.mark.parametrize(("auth", "sent"), KINDS)
def test_rotated_secret_is_sent_after_a_refusal(
    auth: Auth,
    sent: Callable[[str], str],
    kept: tuple[str, Put],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The old one is sent until the processor refuses it, then the new one."""
    monkeypatch.setenv("AN_APP", "app")
    monkeypatch.setenv("A_CLIENT", "me")
    reference, put = kept
    put(OLD)
    ask = Endpoint()
    credentials = _signed_in(auth, reference, ask)

    async def steps() -> tuple[Mapping[str, str], Mapping[str, str]]:
        first = await credentials.headers()
        put(NEW)
        await credentials.renew(first)
        return first, await credentials.headers()

    first, second = asyncio.run(steps())

    if isinstance(auth, ClientCredentials):
        first, second = ask.asked
    assert sent(OLD) in first.values()
    assert sent(NEW) in second.values()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("one\ntwo", id="line break"),
        pytest.param("one\r\nX-Other: two", id="a second header"),
        pytest.param("one\x00two", id="null"),
        pytest.param("s\u00e9same", id="beyond ASCII"),
        pytest.param("\ufeffone", id="a byte order mark"),
    ],
)
def test_secret_that_fits_no_header_pauses_the_account(
    value: str, tmp_path: Path
) -> None:
    """A slip in the secret's file is told as such, without the secret."""
    path = tmp_path / "token"
    path.write_bytes(value.encode())
    credentials = _signed_in(HeaderAuth(), f"file:{path}", Endpoint())

    with pytest.raises(CredentialsRefused, match="secret_unusable") as caught:
        asyncio.run(credentials.headers())

    assert "one" not in _told(caught.value)


def test_blanks_around_a_secret_do_not_count(tmp_path: Path) -> None:
    """Editors end files with a line end, and people paste blanks."""
    path = tmp_path / "token"
    path.write_text(" \tgood \r\n\n", encoding="utf-8")
    credentials = _signed_in(HeaderAuth(), f"file:{path}", Endpoint())

    assert asyncio.run(credentials.headers()) == {"Authorization": "Bearer good"}


def test_token_that_fits_no_header_is_a_changed_contract(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A token endpoint that answers with a line break adds no header of its own."""
    monkeypatch.setenv("A_CLIENT", "me")
    monkeypatch.setenv("A_TOKEN", OLD)
    ask = Endpoint("one\r\nX-Other: two")
    credentials = _signed_in(
        ClientCredentials(client_secret="token"), "env:A_TOKEN", ask
    )

    with pytest.raises(ContractChanged, match="unusable_token") as caught:
        asyncio.run(credentials.headers())

    assert "X-Other" not in _told(caught.value)


@pytest.mark.parametrize(("auth", "_sent"), KINDS)
def test_credentials_show_and_copy_no_secret(
    auth: Auth,
    _sent: object,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not in `repr`, not among attributes, not in a pickle, not in a log line."""
    caplog.set_level(logging.DEBUG)
    for name in ("AN_APP", "A_CLIENT", "A_TOKEN"):
        monkeypatch.setenv(name, OLD)
    credentials = _signed_in(auth, "env:A_TOKEN", Endpoint())
    asyncio.run(credentials.headers())

    shown = repr(credentials) + repr(vars(credentials)) + str(credentials)

    assert OLD not in shown + caplog.text
    assert "granted" not in shown
    with pytest.raises(TypeError, match="not written down"):
        pickle.dumps(credentials)
    assert OLD.encode() not in pickle.dumps(AccountSecrets("crm", {"t": "env:A_TOKEN"}))


def _told(error: ProcessorError) -> str:
    """Return all that a traceback and the error's own parts tell."""
    return "".join(traceback.format_exception(error)) + repr(error.args)
