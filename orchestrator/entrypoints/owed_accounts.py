"""
Whether the register still has every account at which something is owed.

Records that a law keeps are found again by the processor's own ids, which mean nothing
at another installation, or to another connector.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.adapters.database import Database
from orchestrator.adapters.obligation_rows import OwedThere, owed_there
from orchestrator.adapters.register import Register
from orchestrator.adapters.register.values import AccountEntry
from orchestrator.errors import SetUpError

_ADVICE = (
    "put it back as it was (with `valid_to`, new requests leave it out) until"
    " `erasure status` says that nothing is owed there any more"
)


def check_owed(register: Register, database: Database) -> None:
    """Raise `SetUpError` with a sentence for each account that may not be gone."""
    wrong = list(_wrong(register, database))
    if wrong:
        raise SetUpError("\n".join(wrong))


def _wrong(register: Register, database: Database) -> Iterator[str]:
    """Yield what of the register cannot be, given what is owed."""
    for owed in owed_there(database):
        change = _change(owed, register.accounts.get(owed.account))
        if change is not None:
            what = "of what had to stay"
            owes = f"{owed.count} erasures {what} are"
            if owed.count == 1:
                owes = f"1 erasure {what} is"
            yield (
                f"The account {owed.account} {change}, and {owes} owed there, the"
                f" last after {owed.last_due_on}: {_ADVICE}."
            )


def _change(owed: OwedThere, entry: AccountEntry | None) -> str | None:
    """Return what became of an account, if the records' ids mean nothing there now."""
    if entry is None:
        return "is gone from the register"
    if entry.connector != owed.connector:
        return f"had the connector {owed.connector} and has {entry.connector} now"
    known = {None, owed.installation}
    if owed.installation is not None and entry.installation not in known:
        return (
            f"was the installation {owed.installation} and is to be"
            f" {entry.installation} now"
        )
    return None
