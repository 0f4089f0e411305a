"""Exchange keys: what must be so before, and what a person is told after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from orchestrator.adapters.keys import rotation
from orchestrator.adapters.keys.rotation import SETTLED_AFTER, retired_keks
from orchestrator.bootstrap.installation import Installation
from orchestrator.errors import NotPossible
from schemas.topics import CONFIRMATIONS, EVERY_TOPIC

_BACK_UP = (
    "Back up the key directory now, apart from the database, and bring it to every"
    " other machine that runs this program."
)
_EXPORT = "`erasure keys export-public --all --to FOLDER`."
# A copy that was sealed to the old key may lie on its topic for so long.
TOPIC_KEEPS = next(it.retention for it in EVERY_TOPIC if it.name == CONFIRMATIONS)


def exchange_kek(parts: Installation, *, only_prepare: bool) -> Sequence[str]:
    """Exchange the key-encryption key, or go on where that was cut short."""
    folder = parts.settings.keys_dir
    if only_prepare:
        made = rotation.prepare_kek(folder)
        return (f"{made} is prepared: it opens, and seals nothing yet.", _BACK_UP)
    said: list[str] = []
    if parts.rekeying.is_behind() and not rotation.is_kek_prepared(folder):
        said.append("An earlier exchange was not finished; no further key is made.")
    else:
        names = rotation.exchange_kek(folder)
        said.append(
            f"Key-encryption key {names.current} seals from now on; {names.retired}"
            " opens what it sealed."
        )
    done = parts.rekeying.rekey()
    said.append(f"{done.moved} values were brought under the new key.")
    if done.lost:
        said.append(
            f"{done.lost} values do not open under any key, and did not before: a row"
            " was changed, or its key is missing."
        )
    return (
        *said,
        _BACK_UP,
        "`erasure keys prune` deletes the retired key once nothing needs it.",
    )


def exchange_signing(
    folder: Path, *, only_prepare: bool, of_tests: bool = False
) -> Sequence[str]:
    """Exchange the key that signs statements and instructions, or that of tests."""
    if only_prepare:
        made = rotation.prepare_signing(folder, of_tests=of_tests)
        hand_on = "Give its public half to whoever verifies"
        return (f"{made} is prepared: it signs nothing yet.", f"{hand_on}: {_EXPORT}")
    names = rotation.exchange_signing(folder, of_tests=of_tests)
    said = (
        f"Signing key {names.current} signs from now on, in processes that run as"
        f" well; of {names.retired} the public half is kept."
    )
    return said, f"Hand out the public keys: {_EXPORT}", _BACK_UP


def prune_keks(parts: Installation, *, are_told: bool) -> Sequence[str]:
    """Delete the retired key-encryption keys; raises `NotPossible` if one is needed."""
    folder = parts.settings.keys_dir
    if not retired_keks(folder):
        return ()
    if parts.rekeying.is_behind():
        raise NotPossible(
            "Something is still sealed under a retired key; run `erasure keys rotate`,"
            " which finishes that first."
        )
    settled = SETTLED_AFTER
    if parts.participants or parts.register.publishers:
        settled = TOPIC_KEEPS + timedelta(days=1)
        if not are_told:
            raise NotPossible(
                "Publishers seal people, and systems of one's own their copies, to our"
                " public key, and we cannot see to which: give each the one that"
                " `erasure keys show` prints, then say so by --told."
            )
        if any(line.due_at for line in parts.quarantine.lines(limit=10_000)):
            raise NotPossible(
                "Requests wait in quarantine, and whom they are about may be sealed to"
                " a retired key; rule on each of `erasure quarantine list` first."
            )
    return rotation.prune_keks(folder, parts.clock.now(), settled)
