"""
What must be right before a process starts: each wrong thing is one sentence.

The same checks are those of `erasure config check`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog

from orchestrator.adapters.keys.checks import SqlKeyChecks
from orchestrator.adapters.reading.queries import Queries
from orchestrator.adapters.receipts.log_standing import Standing
from orchestrator.adapters.receipts.stamps import check_stamps_can_be_read
from orchestrator.adapters.register.expiring import expiring
from orchestrator.adapters.sql.schema import check_schema
from orchestrator.adapters.vault.cipher import VaultError
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.words import AccountId
from orchestrator.entrypoints.actions.owed_accounts import check_owed
from orchestrator.entrypoints.running import STAGES
from orchestrator.errors import OrchestratorError, SetUpError
from orchestrator.settings import UNSIGNED_TAKEN, Unsigned

log = structlog.get_logger()

Check = Callable[[Installation], None]


def check_start(installation: Installation) -> None:
    """Raise `SetUpError` or `Unavailable` for the first thing that is wrong."""
    with libraries_silenced():
        for _, check in CHECKS:
            if check is not _log_of_statements:
                check(installation)
    hold_if_restored(installation)


def tell_doubts(installation: Installation) -> None:
    """Log what a process that starts should not do in earnest, or not for long."""
    if installation.settings.unsigned_requests is Unsigned.TAKE:
        log.warning("unsigned_requests_taken", advice=UNSIGNED_TAKEN)
    today = installation.clock.now().date()
    for warning in expiring(installation.register, today):
        log.warning("publisher_key_ends", advice=str(warning))


@contextmanager
def libraries_silenced() -> Iterator[None]:
    """Leave out what libraries log of a part that is away: one sentence says it."""
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def wrong_things(installation: Installation) -> Iterator[tuple[str, str | None]]:
    """Yield each check's name with what is wrong, or None."""
    for name, check in CHECKS:
        try:
            check(installation)
        except OrchestratorError as error:
            yield name, str(error)
        else:
            yield name, None


def chosen_stages(installation: Installation, only: Sequence[str]) -> Sequence[str]:
    """Return the stages to run; raises `SetUpError` where that cannot be."""
    strangers = sorted(set(only) - set(STAGES))
    if strangers:
        raise SetUpError(
            f"There is no stage {strangers[0]}; the stages are {', '.join(STAGES)}."
        )
    if only and installation.is_embedded:
        raise SetUpError(
            "The embedded log allows one process with every stage: leave --only out,"
            " or set ERASURE_KAFKA and a PostgreSQL database."
        )
    return [stage for stage in STAGES if not only or stage in only]


def chosen_accounts(
    installation: Installation, accounts: Sequence[str], stages: Sequence[str]
) -> Collection[AccountId] | None:
    """Return the accounts to work for, all as None; raises `SetUpError`."""
    if not accounts:
        return None
    if "work" not in stages:
        raise SetUpError(
            "--account says whom the stage work works for, and --only leaves that"
            " stage out; add --only work, or leave --account out."
        )
    if installation.is_embedded:
        raise SetUpError(
            "The embedded log allows one process for every account: leave --account"
            " out, or set ERASURE_KAFKA and a PostgreSQL database."
        )
    known = installation.register.accounts
    for name in accounts:
        if name not in known:
            raise SetUpError(
                f"There is no account {name} in the register; it has"
                f" {', '.join(sorted(known))}."
            )
    return frozenset(AccountId(name) for name in accounts)


def _register(installation: Installation) -> None:
    _ = installation.register


def _keys(installation: Installation) -> None:
    _ = installation.keys


def _schema(installation: Installation) -> None:
    check_schema(installation.database)


def _owed(installation: Installation) -> None:
    check_owed(installation.register, installation.database)


def _keys_fit(installation: Installation) -> None:
    """Open one stored data key: a database of other keys is found out at once."""
    stored = Queries(installation.database).a_wrapped_key()
    if stored is None:
        return
    owner, purpose, wrapped = stored
    try:
        installation.cipher.unwrap(wrapped, owner, purpose)
    except VaultError:
        raise SetUpError(
            "The keys in ERASURE_KEYS_DIR are not those of this database: its data"
            " keys do not open; put the right kek.key back."
        ) from None


def _other_keys_fit(installation: Installation) -> None:
    """Compare the keys that would go on unnoticed with those of the first run."""
    stored = SqlKeyChecks(installation.database).stored()
    before = installation.keys.retired_signing
    for key, value in _key_checks(installation).items():
        if stored.get(key, value) not in {value, *(before if key == "signing" else ())}:
            raise SetUpError(
                f"The {key} key in ERASURE_KEYS_DIR is not the one this database was"
                f" begun with; put the right {KEY_FILES[key]} back."
            )


def remember_keys(installation: Installation) -> None:
    """Keep the keys' check values, so that other keys are found out at any start."""
    now = installation.clock.now()
    SqlKeyChecks(installation.database).keep(_key_checks(installation), now)


def _key_checks(installation: Installation) -> Mapping[str, str]:
    """Return a value of each key that gives nothing of it away."""
    return {
        "pseudonym": installation.pseudonyms.digest("key-check", b""),
        "signing": installation.keys.signing_key_id,
    }


KEY_FILES = {"pseudonym": "pseudonym.key", "signing": "signing-*.pem"}


def _log_of_statements(installation: Installation) -> None:
    """Find out a restored backup; `run` starts all the same, and holds."""
    found = installation.log_watch.compared()
    if found.is_held:
        raise SetUpError(found.sentence)


def hold_if_restored(installation: Installation) -> None:
    """
    Hold everything irreversible where the database lacks what was published.

    Two histories of one log are not to be mixed any further: nothing starts on one.
    """
    found = installation.log_watch.look()
    if found.standing is Standing.CONTRADICTED:
        raise SetUpError(found.sentence)


def _checkpoint_file(installation: Installation) -> None:
    """Make sure that checkpoints can leave the database."""
    if installation.checkpoint_file is not None:
        installation.checkpoint_file.check()


def _stamps(installation: Installation) -> None:
    """Make sure that stamps could be asked for, and verified."""
    if installation.stamp_roots is not None:
        check_stamps_can_be_read()


def _event_log(installation: Installation) -> None:
    missing = installation.topics.missing(installation.wanted_topics)
    if missing:
        raise SetUpError(
            f"Kafka has no topic {', '.join(missing)}; run `erasure topics create`."
        )


CHECKS: Sequence[tuple[str, Check]] = (
    ("register", _register),
    ("keys", _keys),
    ("database", _schema),
    ("keys of the database", _keys_fit),
    ("names and signatures", _other_keys_fit),
    ("time stamps", _stamps),
    ("accounts that are owed to", _owed),
    ("event log", _event_log),
    ("checkpoint file", _checkpoint_file),
    ("log of statements", _log_of_statements),
)
