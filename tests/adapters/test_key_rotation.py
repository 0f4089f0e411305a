"""Keys are exchanged without a moment in which one is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.keys import files, rotation
from orchestrator.adapters.keys.directory import create_keys, load_keys
from orchestrator.adapters.keys.files import KeysError, public_keys_in
from orchestrator.adapters.keys.rotation import (
    KekFolder,
    exchange_kek,
    exchange_signing,
)
from orchestrator.adapters.keys.signing import DsseSigner, ReceiptRejected
from orchestrator.adapters.receipts.receipt_files import verify_file
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.errors import NotPossible
from schemas.receipts import RECEIPT_MEDIA_TYPE

Exchange = Callable[[Path], object]


class Died(BaseException):
    """The process was killed."""


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Make a key directory."""
    create_keys(tmp_path / "keys")
    return tmp_path / "keys"


def _a_cipher(keys: Path) -> Cipher:
    """Return the cipher of a process that starts now."""
    return Cipher(load_keys(keys).kek, present=KekFolder(keys))


@contextmanager
def _dying_at(step: int) -> Iterator[list[str]]:
    """Let the process die right before its so-manyth change of the disk."""
    done: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object, **kwargs: object) -> Any:  # noqa: ANN401 (the call's own)
            if len(done) == step:
                raise Died
            done.append(name)
            return real(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patched:
        for owner, name in (
            (os, "open"),
            (os, "fsync"),
            (Path, "replace"),
            (Path, "unlink"),
        ):
            patched.setattr(owner, name, counted(name, getattr(owner, name)))
        yield done


def _deaths(tmp_path: Path, exchange: Exchange) -> Iterator[Path]:
    """Yield a directory for each step at which an exchange can be cut short."""
    for step in range(200):
        keys = tmp_path / f"keys-{step}"
        create_keys(keys)
        (tmp_path / f"{step}").write_bytes(_a_cipher(keys).derived("x").seal(b"s", "p"))
        (tmp_path / f"{step}-signer").write_text(load_keys(keys).signing_key_id)
        try:
            with _dying_at(step):
                exchange(keys)
        except Died:
            yield keys
        else:
            assert step > 5
            return
    raise AssertionError("The exchange has no end.")


def test_key_encryption_key_survives_every_death(tmp_path: Path) -> None:
    """Whenever the exchange dies, all opens, and the next try ends it."""
    for keys in _deaths(tmp_path, exchange_kek):
        sealed = (tmp_path / keys.name.removeprefix("keys-")).read_bytes()
        before = load_keys(keys).kek
        assert _a_cipher(keys).derived("x").open(sealed, "p") == b"s"

        exchange_kek(keys)

        assert load_keys(keys).kek != before
        assert not (keys / "next-kek.key").exists()
        assert _a_cipher(keys).derived("x").open(sealed, "p") == b"s"


def test_signing_key_survives_every_death(tmp_path: Path) -> None:
    """There is one key that signs at every moment, and the old one still verifies."""
    for keys in _deaths(tmp_path, exchange_signing):
        first = (tmp_path / f"{keys.name.removeprefix('keys-')}-signer").read_text()
        assert first in {
            load_keys(keys).signing_key_id,
            *load_keys(keys).retired_signing,
        }

        exchange_signing(keys)

        ring = load_keys(keys)
        assert ring.signing_key_id != first
        assert first in ring.retired_signing
        assert len(list(keys.glob("signing-*.pem"))) == 1


def test_key_that_was_prepared_is_the_next_one(keys: Path) -> None:
    """It can be backed up and brought to other machines before anything needs it."""
    path = rotation.prepare_kek(keys)
    prepared = path.read_bytes()

    rotation.prepare_kek(keys)
    exchange_kek(keys)

    assert (keys / "kek.key").read_bytes() == prepared


def test_machine_with_the_prepared_key_opens_what_another_seals(
    keys: Path, tmp_path: Path
) -> None:
    """So machines with directories of their own need not stop together."""
    rotation.prepare_kek(keys)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    for path in keys.iterdir():
        copied = elsewhere / path.name
        copied.write_bytes(path.read_bytes())
        copied.chmod(0o600)
    other = _a_cipher(elsewhere)

    exchange_kek(keys)
    _, wrapped = _a_cipher(keys).new_data_key("case-1", "identity")

    other.unwrap(wrapped, "case-1", "identity")


def test_running_process_takes_the_new_key_into_use(keys: Path) -> None:
    """It opens what was sealed before and after, and seals under the new key."""
    running = _a_cipher(keys)
    old, wrapped = running.new_data_key("case-1", "identity")
    derived = running.derived("inbox")
    letter = derived.seal(b"before", "i-1")

    exchange_kek(keys)

    anew = Cipher(load_keys(keys).kek)
    assert anew.derived("inbox").open(derived.seal(b"after", "i-2"), "i-2") == b"after"
    assert derived.open(letter, "i-1") == b"before"
    again = running.rewrapped(wrapped, "case-1", "identity")
    assert again is not None
    assert (
        anew.unwrap(again, "case-1", "identity").open(old.seal(b"s", "p"), "p") == b"s"
    )
    assert running.rewrapped(again, "case-1", "identity") is None


def test_keys_in_memory_go_on_while_the_directory_is_away(keys: Path) -> None:
    """A volume that is gone for a moment ends no process."""
    running = _a_cipher(keys)
    sealed = running.derived("x").seal(b"s", "p")
    keys.rename(keys.with_name("away"))

    assert running.derived("x").open(sealed, "p") == b"s"


def test_retired_key_is_deleted_once_it_has_settled(keys: Path) -> None:
    """A process may have stored something it sealed just before the exchange."""
    sealed = _a_cipher(keys).derived("x").seal(b"s", "p")
    exchange_kek(keys)
    now = datetime.now(UTC)

    with pytest.raises(NotPossible, match="ask again after"):
        rotation.prune_keks(keys, now + timedelta(hours=23))
    gone = rotation.prune_keks(keys, now + timedelta(hours=25))

    assert len(gone) == 1
    assert not rotation.retired_keks(keys)
    with pytest.raises(Exception, match="does not open"):
        _a_cipher(keys).derived("x").open(sealed, "p")


def test_current_key_is_no_retired_one(keys: Path) -> None:
    """Cut short after its copy was made, the key in use must not be pruned."""
    current = (keys / "kek.key").read_bytes()
    copy = keys / "retired-kek-00000000.key"
    files.put(copy, current)

    assert not rotation.retired_keks(keys)


def test_old_receipts_verify_by_the_key_they_name(keys: Path, tmp_path: Path) -> None:
    """The folder of a controller, or of who was handed its public keys, is enough."""
    receipts = []
    for number in range(3):
        ring = load_keys(keys)
        signer = DsseSigner(ring.signing_key, ring.signing_key_id)
        receipts.append(tmp_path / f"{number}.dsse.json")
        receipts[-1].write_bytes(signer.sign(RECEIPT_MEDIA_TYPE, b'{"n":1}'))
        exchange_signing(keys)
    public = tmp_path / "public"

    written = rotation.export_public_keys(keys, public)

    assert len(written) == 5  # three retired, one that signs, one of tests
    for receipt in receipts:
        assert verify_file(receipt, keys).key_id == verify_file(receipt, public).key_id
    assert b"PRIVATE" not in b"".join(path.read_bytes() for path in written)


def test_receipt_of_an_unknown_key_is_rejected(keys: Path, tmp_path: Path) -> None:
    """It names a key that nobody here ever had."""
    create_keys(tmp_path / "other")
    ring = load_keys(tmp_path / "other")
    path = tmp_path / "forged.dsse.json"
    signer = DsseSigner(ring.signing_key, ring.signing_key_id)
    path.write_bytes(signer.sign(RECEIPT_MEDIA_TYPE, b"{}"))

    with pytest.raises(ReceiptRejected, match="none of those") as rejected:
        verify_file(path, keys)

    assert rejected.value.code == "other_key"


def test_private_half_of_a_retired_signing_key_is_gone(keys: Path) -> None:
    """What does not exist cannot be stolen."""
    before = load_keys(keys).signing_key.private_bytes_raw()

    exchange_signing(keys)

    assert not any(before in path.read_bytes() for path in keys.iterdir())
    assert len(public_keys_in(keys)) == 2
    assert len(public_keys_in(keys, with_tests=True)) == 3


def test_keys_are_never_made_beside_retired_ones(keys: Path) -> None:
    """A directory that lost its current keys must not look like a new one."""
    exchange_kek(keys)
    for path in (*keys.glob("*signing*"), keys / "kek.key", keys / "pseudonym.key"):
        path.unlink()

    with pytest.raises(KeysError, match="retired-kek"):
        create_keys(keys)
