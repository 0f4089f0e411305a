"""Why a worker pauses an account by itself, and what a person does about each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "credentials_refused": (
            "renew the credentials where the register points; a good ping resumes it"
        ),
        "access_refused": (
            "grant the missing right at the processor, then resume it: a ping cannot"
            " tell whether that right is there"
        ),
        "secret_missing": (
            "put the secret where the register points; a good ping resumes it"
        ),
        "address_refused": (
            "its address is inside a network: correct base_url in the register, or name"
            " the host under allow_hosts, and restart"
        ),
        "not_set_up": (
            "the register does not fit the system: `erasure account ping` says how;"
            " mend it and restart, or mend the system: a good ping resumes it"
        ),
        "installation_not_set": (
            "write the name that `erasure account ping` shows as its installation in"
            " the register and restart; then a good ping resumes it"
        ),
        "wrong_installation": (
            "correct its address, credentials or name in the register before anything"
            " is written there, and restart"
        ),
        "account_off": (
            "the register has it off, and open cases want something of it: set its mode"
            " back and restart; a good ping then resumes it"
        ),
        "unknown_installation": (
            "correct its address, credentials or options in the register, and restart"
        ),
    }
)
OUR_PAUSES = frozenset(ADVICE)

# What a good ping disproves.  A refused access is not among them: the ping may succeed
# where the refused operation does not, and the account would be paused again at once.
MENDED_BY_PING = OUR_PAUSES - {"access_refused"}


def mended_by_ping(installation: str | None) -> frozenset[str]:
    """Return the pauses that a good ping ends; a name that is not there never came."""
    if installation is None:
        return MENDED_BY_PING - {"installation_not_set"}
    return MENDED_BY_PING
