"""
What the demo changes in the example register: where the fakes are, and how quick.

What takes a day in real life takes a moment here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from connectors.fakes.opendsr import FakeOpenDsr
from connectors.fakes.opendsr_signing import DOMAIN
from orchestrator.entrypoints.demo.fakes import (
    AMPLITUDE_PROJECT,
    DESKS,
    INSTALLATIONS,
    LEDGER,
    MIXPANEL_PROJECT_TOKEN,
    PARTICIPANT,
    SEALING_KEY,
    SECRETS,
    TEAM_KEYS,
)
from orchestrator.entrypoints.demo.people import REVIEWED
from orchestrator.entrypoints.demo.processors import Processors
from orchestrator.entrypoints.demo.records import INVOICES
from orchestrator.entrypoints.demo.register_text import Values, quoted
from schemas.addresses import place_of

# Four eyes for erasures of those who live where the reviewed and the refused live.
REVIEW: Final = f"""
[[review]]
right = "erasure"
decided_by = "two_people"
jurisdictions = [{quoted(REVIEWED.lives_in)}]
"""

Changes = dict[str, dict[str, str]]  # table, key, value as TOML spells it

_QUICK: Final = {"retry_base": '"200ms"', "check_after": '"250ms"'}
_SETTLE: Final = {"settle_for": '"300ms"'}
_FAST: Final = {"rates": '[{ limit = 20, per = "1s" }]'}
_NOT_HTTP: Final = {*DESKS, PARTICIPANT, LEDGER}
# Asked so late that its callback is there before.
_LATE: Final = {"check_after": '"1h"'}


def changes_for(
    processors: Processors, secret_file: Callable[[str, str], Path]
) -> Changes:
    """Return what to change, so that every account leads to its system."""
    changes: Changes = {}
    for account in processors.accounts:
        # Its cases are to be over, and forgotten, before the demo ends.
        wanted = {"mode": '"live"', "read_back": "[]"}
        own = changes.setdefault(f"accounts.{account}", wanted)
        if account in INSTALLATIONS:
            own["installation"] = quoted(INSTALLATIONS[account])
        if account not in _NOT_HTTP:
            own |= {
                "base_url": quoted(f"{processors.url}/{account}"),
                "allow_http": "true",
                "allow_hosts": f"[{quoted(place_of(processors.url).host)}]",
            }
            changes[f"accounts.{account}.waits"] = dict(_QUICK)
        if secrets := secrets_of(account, processors):
            changes[f"accounts.{account}.secrets"] = {
                name: quoted(f"file:{secret_file(account, name).resolve()}")
                for name in secrets
            }
        for part, values in _OWN.get(account, _nothing)(processors.url).items():
            changes.setdefault(f"accounts.{account}{part}", {}).update(values)
    return changes


def secrets_of(account: str, processors: Processors) -> Mapping[str, str]:
    """Return an account's credentials at its fake, by name."""
    if account == LEDGER and processors.ledger is not None:
        dsn = f"sqlite:///{processors.ledger.path}"
        return {"dsn": dsn, "pseudonym_key": "the-demos-own-pseudonym-key-of-32-bytes"}
    return SECRETS.get(account, {})


def _nothing(_: str) -> Mapping[str, Values]:
    return {}


def _commercetools(url: str) -> Mapping[str, Values]:
    project = INSTALLATIONS["commercetools"]
    options = {
        "auth_url": quoted(f"{url}/commercetools"),
        "project_key": quoted(project),
        "scope": quoted(f"manage_project:{project}"),
        # One invoice a customer: the container that the retention rule is about.
        "custom_objects": (
            f"[{{ container = {quoted(INVOICES)}, "
            'key = "{externalId}", record_class = "invoice" }]'
        ),
    }
    return {".options": options}


def _cdp(_: str) -> Mapping[str, Values]:
    """Trust the authority that the fake made for its certificate."""
    return {
        ".waits": _LATE,
        ".options": {
            "busy_after": '"500ms"',
            "roots_pem": quoted(FakeOpenDsr().roots_pem),
        },
        ".options.differs": {
            "processor_domain": quoted(DOMAIN),
            "certificate_host": quoted("127.0.0.1"),
        },
    }


def _keys(account: str) -> Values:
    return {"signing_keys": f"[{quoted(TEAM_KEYS[account])}]"}


_OWN: Final[Mapping[str, Callable[[str], Mapping[str, Values]]]] = {
    "klaviyo": lambda _: {".waits": _SETTLE},
    "iterable": lambda _: {".waits": _SETTLE},
    "ads": lambda _: {".options": _keys("ads")},
    "mixpanel": lambda _: {
        ".limits": _FAST,
        ".options": {"project_token": quoted(MIXPANEL_PROJECT_TOKEN)},
    },
    "amplitude": lambda _: {
        ".limits": _FAST,
        ".options": {
            "projects": f"[{quoted(AMPLITUDE_PROJECT)}]",
            "check_copy_after": '"250ms"',
        },
    },
    "cdp": _cdp,
    "bookings": lambda _: {".options": _keys("bookings")},
    "commercetools": _commercetools,
    "vtex": lambda _: {".waits": _SETTLE},
    "returns": lambda _: {
        ".options": {**_keys("returns"), "sealing_key": quoted(SEALING_KEY)}
    },
    "refunds": lambda _: {"": {"installation": quoted("ledger.db")}},
    "zendesk": lambda _: {".options": {"check_job_after": '"250ms"'}},
}
