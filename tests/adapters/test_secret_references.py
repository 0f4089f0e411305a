"""Where secrets come from, and that none is shown on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.register import AccountSecrets, proxy_at, resolve_secret
from orchestrator.core.words import AccountId
from orchestrator.errors import SetUpError
from tests.adapters.register_builders import a_register

CRM = AccountId("crm")
PASTED = "pat-eu1-7c1e9f32-0b0c-literal"


def test_secret_is_read_from_the_environment_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A value that changed is picked up by the next look."""
    secrets = AccountSecrets("crm", {"token": "env:CRM_TOKEN"})
    monkeypatch.setenv("CRM_TOKEN", "first")
    first = secrets.get("token")

    monkeypatch.setenv("CRM_TOKEN", "second")

    assert (first, secrets.get("token", fresh=True)) == ("first", "second")


def test_secret_is_read_from_a_file_without_its_newline(tmp_path: Path) -> None:
    """A file's last newline is no part of the secret."""
    path = tmp_path / "token"
    path.write_text("from-file\n", encoding="utf-8")

    assert resolve_secret(f"file:{path}").get_secret_value() == "from-file"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        pytest.param(
            "env:NOT_THERE",
            "The environment variable NOT_THERE is not set; set it.",
            id="environment",
        ),
        pytest.param(
            "file:/nowhere/token",
            "The secret's file /nowhere/token cannot be read (No such file or "
            "directory); put it there, readable to this user.",
            id="file",
        ),
        pytest.param(
            PASTED,
            'A secret is not a reference; write "env:NAME" or "file:/PATH" instead.',
            id="literal",
        ),
    ],
)
def test_unresolved_secret_says_what_to_do(reference: str, expected: str) -> None:
    """A reference that leads nowhere is one sentence without a value."""
    with pytest.raises(SetUpError) as caught:
        resolve_secret(reference)

    assert str(caught.value) == expected


def test_empty_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is a mistake, not an empty password."""
    monkeypatch.setenv("CRM_TOKEN", " ")

    with pytest.raises(SetUpError, match="The secret at env:CRM_TOKEN is empty"):
        resolve_secret("env:CRM_TOKEN")


def test_reprs_hold_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a register nor an account's secrets show a value in `repr`."""
    monkeypatch.setenv("CRM_TOKEN", PASTED)
    register = a_register(tmp_path)
    secrets = AccountSecrets("crm", register.accounts[CRM].secrets)

    assert secrets.get("token") == PASTED
    assert PASTED not in repr(secrets)
    assert PASTED not in repr(register)
    assert PASTED not in repr(resolve_secret("env:CRM_TOKEN"))


def test_account_without_the_secret_says_where_to_write_it() -> None:
    """Asking for a secret that the register does not name is one sentence."""
    with pytest.raises(SetUpError, match=r"under \[accounts\.crm\.secrets\]"):
        AccountSecrets("crm", {}).get("token")


def test_proxy_is_read_from_where_the_register_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A plain address stands for itself; one with a password is kept elsewhere."""
    monkeypatch.setenv("A_PROXY", "http://me:pw@proxy.example:3128")

    assert proxy_at("http://proxy.example:3128") == "http://proxy.example:3128"
    assert proxy_at("env:A_PROXY") == "http://me:pw@proxy.example:3128"


@pytest.mark.parametrize("value", ["proxy.example", "socks5://me:pw@p", "http://["])
def test_what_is_no_proxy_is_told_without_its_password(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the reference and what to put there."""
    monkeypatch.setenv("A_PROXY", value)

    with pytest.raises(SetUpError) as caught:
        proxy_at("env:A_PROXY")

    assert str(caught.value) == (
        "What env:A_PROXY leads to is no proxy; put http://USER:PASSWORD@HOST:PORT "
        "there."
    )
