"""Set the demo's installation up: keys, secrets, register, database, log."""

from __future__ import annotations

import shlex
import socket
from base64 import b64encode
from pathlib import Path
from typing import TextIO

from pydantic import SecretStr

from orchestrator.adapters.keys.directory import create_keys, new_signing_key
from orchestrator.adapters.keys.files import read_signing_key
from orchestrator.adapters.logs import configure_logs
from orchestrator.adapters.sql.schema import upgrade
from orchestrator.bootstrap.installation import Installation
from orchestrator.entrypoints.demo.example_files import register_text
from orchestrator.entrypoints.demo.fakes import CALLING_BACK
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.processors import Processors
from orchestrator.entrypoints.demo.register_text import (
    quoted,
    with_accounts,
    with_values,
)
from orchestrator.entrypoints.demo.register_values import (
    REVIEW,
    changes_for,
    secrets_of,
)
from orchestrator.settings import Settings


def set_up(folder: Folder, processors: Processors, log: TextIO) -> Installation:
    """Return the parts of a whole installation in *folder* that uses *processors*."""
    configure_logs("json", "info", stream=log)
    created = create_keys(folder.keys)
    _write_secrets(folder, processors)
    portal = _write_key(folder.portal_key)
    _write_key(folder.stranger_key)
    folder.register.write_text(_register(folder, processors, portal), encoding="utf-8")
    # Not read from the environment: another installation's settings stay out.
    settings = Settings.model_construct(
        database_url=SecretStr(f"sqlite:///{folder.database.resolve()}"),
        register_path=folder.register,
        keys_dir=created.directory,
        kafka="",
        request_key=folder.portal_key,
        callback_bind=_an_address() if CALLING_BACK in processors.accounts else None,
    )
    installation = Installation(settings)
    upgrade(installation.database)
    installation.keys.export_public(folder.public_key)
    _write_environment(folder)
    return installation


def _an_address() -> str:
    """Return a free port of loopback, for what systems say by themselves."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def _write_key(path: Path) -> str:
    """Make a key with which requests can be signed; return its public half."""
    path.touch(mode=0o600)
    path.write_bytes(new_signing_key()[1])
    public = read_signing_key(path).public_key().public_bytes_raw()
    return b64encode(public).decode("ascii")


def _write_secrets(folder: Folder, processors: Processors) -> None:
    for account in processors.accounts:
        for name, secret in secrets_of(account, processors).items():
            path = _secret_file(folder, account, name)
            path.touch(mode=0o600)
            path.write_text(secret, encoding="utf-8")


def _secret_file(folder: Folder, account: str, name: str) -> Path:
    return folder.secrets / f"{account}-{name}"


def _write_environment(folder: Folder) -> None:
    """Let other commands look at what this run left."""
    values = {
        "ERASURE_DATABASE_URL": f"sqlite:///{folder.database.resolve()}",
        "ERASURE_REGISTER": str(folder.register.resolve()),
        "ERASURE_KEYS_DIR": str(folder.keys.resolve()),
        "ERASURE_REQUEST_KEY": str(folder.portal_key.resolve()),
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    folder.environment.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _register(folder: Folder, processors: Processors, portal: str) -> str:
    """Return the example register, pointed at the fakes and made quick."""
    changes = changes_for(
        processors, lambda account, name: _secret_file(folder, account, name)
    )
    keys = f"[{{ public_key = {quoted(portal)} }}]"
    changes["publishers.portal"] = {"keys": keys}
    text = with_accounts(register_text(), processors.accounts)
    return with_values(text, changes) + REVIEW
