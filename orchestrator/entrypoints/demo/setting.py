"""Set the demo's installation up: keys, secrets, register, database, log."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TextIO

from pydantic import SecretStr

from orchestrator.adapters.keys import create_keys
from orchestrator.adapters.logs import configure_logs
from orchestrator.adapters.schema import upgrade
from orchestrator.bootstrap import Installation
from orchestrator.entrypoints.demo.example_files import register_text
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.people import INVOICES
from orchestrator.entrypoints.demo.processors import (
    INSTALLATIONS,
    MIXPANEL_PROJECT_TOKEN,
    SECRETS,
)
from orchestrator.entrypoints.demo.register_text import (
    quoted,
    with_accounts,
    with_values,
)
from orchestrator.settings import Settings
from schemas.addresses import place_of

# The fakes answer at once: what takes a day in real life takes a moment here.
_QUICK = {"retry_base": '"200ms"', "check_after": '"250ms"'}
_SETTLE = {"settle_for": '"300ms"'}


def set_up(folder: Folder, url: str, log: TextIO) -> Installation:
    """Return the parts of a whole installation in *folder*, with fakes below *url*."""
    configure_logs("json", "info", stream=log)
    created = create_keys(folder.keys)
    _write_secrets(folder)
    folder.register.write_text(_register(folder, url), encoding="utf-8")
    # Not read from the environment: another installation's settings stay out.
    settings = Settings.model_construct(
        database_url=SecretStr(f"sqlite:///{folder.database.resolve()}"),
        register_path=folder.register,
        keys_dir=created.directory,
        kafka="",
    )
    installation = Installation(settings)
    upgrade(installation.database)
    installation.keys.export_public(folder.public_key)
    _write_environment(folder)
    return installation


def _write_secrets(folder: Folder) -> None:
    for account, secrets in SECRETS.items():
        for name, secret in secrets.items():
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
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    folder.environment.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _register(folder: Folder, url: str) -> str:
    """Return the example register, pointed at the fakes and made quick."""
    changes: dict[str, dict[str, str]] = {}
    for account, installation in INSTALLATIONS.items():
        changes[f"accounts.{account}"] = {
            "base_url": quoted(f"{url}/{account}"),
            "allow_http": "true",
            "allow_hosts": f"[{quoted(place_of(url).host)}]",
            "mode": '"live"',
            "installation": quoted(installation),
        }
        changes[f"accounts.{account}.waits"] = dict(_QUICK)
        changes[f"accounts.{account}.secrets"] = {
            name: quoted(f"file:{_secret_file(folder, account, name).resolve()}")
            for name in SECRETS[account]
        }
    changes["accounts.klaviyo.waits"] |= _SETTLE
    changes["accounts.mixpanel.limits"] = {"rates": '[{ limit = 20, per = "1s" }]'}
    changes["accounts.mixpanel.options"] = {
        "project_token": quoted(MIXPANEL_PROJECT_TOKEN)
    }
    project = INSTALLATIONS["commercetools"]
    changes["accounts.commercetools.options"] = {
        "auth_url": quoted(f"{url}/commercetools"),
        "project_key": quoted(project),
        "scope": quoted(f"manage_project:{project}"),
        # One invoice a customer: the container that the retention rule is about.
        "custom_objects": (
            f"[{{ container = {quoted(INVOICES)}, "
            'key = "{externalId}", record_class = "invoice" }]'
        ),
    }
    return with_values(with_accounts(register_text(), INSTALLATIONS), changes)
