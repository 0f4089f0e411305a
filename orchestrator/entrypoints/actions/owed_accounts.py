"""
Whether the register still has every account at which something is owed.

Records that a law keeps are found again by the processor's own ids, which mean nothing
at another installation, or to another connector.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from orchestrator.adapters.cases.obligation_rows import OwedThere, owed_there
from orchestrator.adapters.register import Register
from orchestrator.adapters.register.advice import RegisterWarning
from orchestrator.adapters.register.values import AccountEntry
from orchestrator.adapters.sql.database import Database
from orchestrator.core.words import AccountId
from orchestrator.errors import SetUpError
from schemas.connecting import Mode

_ADVICE = (
    "put it back as it was (with `valid_to`, new requests leave it out) until"
    " `erasure status` says that nothing is owed there any more"
)


def check_owed(register: Register, database: Database) -> None:
    """Raise `SetUpError` with a sentence for each account that may not be gone."""
    wrong = list(_wrong(register, database))
    if wrong:
        raise SetUpError("\n".join(wrong))


def owed_meanwhile(register: Register, database: Database) -> list[RegisterWarning]:
    """Return a warning for each account that is live no more and still owed to."""
    owed: dict[AccountId, list[OwedThere]] = defaultdict(list)
    for one in owed_there(database):
        owed[one.account].append(one)
    return [
        RegisterWarning(
            f"accounts.{id_}.mode",
            f"{_erasures(sum(one.count for one in there))} owed there, the last after"
            f" {max(one.last_due_on for one in there)}, and nothing is erased while it"
            f' is "{entry.mode.value}": whatever comes due goes to a person;'
            " `erasure account pause` would let it wait.",
        )
        for id_, there in sorted(owed.items())
        if (entry := register.accounts.get(id_)) and entry.mode is not Mode.LIVE
    ]


def _erasures(count: int) -> str:
    """Say how many erasures are owed, with the verb."""
    what = "of what had to stay"
    return f"1 erasure {what} is" if count == 1 else f"{count} erasures {what} are"


def _wrong(register: Register, database: Database) -> Iterator[str]:
    """Yield what of the register cannot be, given what is owed."""
    for owed in owed_there(database):
        change = _change(owed, register.accounts.get(owed.account))
        if change is not None:
            yield (
                f"The account {owed.account} {change}, and {_erasures(owed.count)} owed"
                f" there, the last after {owed.last_due_on}: {_ADVICE}."
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
