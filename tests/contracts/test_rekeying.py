"""Everything comes under the new key, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest
from pydantic import SecretBytes
from sqlalchemy import insert, select

from orchestrator.adapters.embedded_log import place
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.vault import rekeying
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.adapters.vault.rekeying import Rekeyed, SqlRekeying
from schemas.topics import CASE_EVENTS, CONFIRMATIONS, REQUESTS
from tests.contracts.stored import Stored
from tests.core.builders import T0

OLD, NEW, LOST = (SecretBytes(bytes([fill]) * 32) for fill in (1, 2, 3))
LABELS = ("quarantine", "inbox", "log")


def _both() -> Cipher:
    keks = (NEW, OLD)
    return Cipher(NEW, present=lambda: keks)


def _rekeying(stored: Stored) -> SqlRekeying:
    return SqlRekeying(stored.database, _both(), *LABELS)


def _fill(stored: Stored, cipher: Cipher, *ids: str) -> None:
    """Store one value in each place, as a process under *cipher* would."""
    quarantine, inbox, log = (cipher.derived(label) for label in LABELS)
    with stored.database.writing() as connection:
        for number, id_ in enumerate(ids):
            wrapped = cipher.new_data_key(id_, "identity")[1]
            at = {"owner": id_, "purpose": "identity", "made_at": T0}
            connection.execute(insert(t.data_keys), [{**at, "wrapped": wrapped}])
            row = {**_QUARANTINED, "id": id_, "topic": id_, "offset": number}
            sealed = quarantine.seal(b"refused", id_)
            connection.execute(insert(t.quarantine), [{**row, "sealed": sealed}])
            row = {**_LETTER, "id": id_, "sealed": inbox.seal(b"said", id_)}
            connection.execute(insert(t.inbox), [row])
            key, topic = id_.encode(), (REQUESTS, CONFIRMATIONS)[number % 2]
            headers = log.seal(b"[]", place(topic, key, "headers"))
            row = {
                "topic": topic,
                "key": key,
                "headers": b64encode(headers).decode(),
                "value": log.seal(b"asked", place(topic, key, "value")),
                "appended_at": T0,
            }
            connection.execute(insert(t.log_records), [row])


_QUARANTINED = {
    **dict.fromkeys(("state", "code", "pointer", "rule", "hint"), "x"),
    "partition": 0,
    "heard": 0,
    "size": 1,
    "seen_at": T0,
    "expires_at": T0,
}
_LETTER = {
    **dict.fromkeys(("account", "channel", "state"), "x"),
    "received_at": T0,
    "look_at": T0,
    "expires_at": T0,
    "size": 1,
}


def _opened(stored: Stored, cipher: Cipher) -> list[bytes]:
    """Open everything with *cipher* alone; raises if something does not."""
    quarantine, inbox, log = (cipher.derived(label) for label in LABELS)
    for row in _rows(stored, t.data_keys):
        cipher.unwrap(row.wrapped, row.owner, row.purpose)
    requests = [row for row in _rows(stored, t.log_records) if row.topic != CASE_EVENTS]
    return [
        *(quarantine.open(it.sealed, it.id) for it in _rows(stored, t.quarantine)),
        *(inbox.open(it.sealed, it.id) for it in _rows(stored, t.inbox)),
        *(log.open(it.value, place(it.topic, it.key, "value")) for it in requests),
        *(
            log.open(b64decode(it.headers), place(it.topic, it.key, "headers"))
            for it in requests
        ),
    ]


def _rows(stored: Stored, table: Any) -> list[Any]:  # noqa: ANN401 (any table)
    with stored.database.reading() as connection:
        return list(connection.execute(select(table)).all())


def test_all_opens_with_the_new_key_alone(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches, of every place, whatever was under the new key already."""
    monkeypatch.setattr(rekeying, "AT_ONCE", 2)
    _fill(stored, Cipher(OLD), "a", "b", "c")
    _fill(stored, Cipher(NEW), "d")

    done = _rekeying(stored).rekey()

    assert done == Rekeyed(moved=15, lost=0)
    assert sorted(set(_opened(stored, Cipher(NEW)))) == [
        b"[]",
        b"asked",
        b"refused",
        b"said",
    ]
    assert not _rekeying(stored).is_behind()


def test_what_was_cut_short_goes_on(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each batch all of it opens, some under either key."""
    monkeypatch.setattr(rekeying, "AT_ONCE", 1)
    _fill(stored, Cipher(OLD), "a", "b")
    for most in range(1, 10):
        with monkeypatch.context() as patched:
            _die_after(patched, most)
            with pytest.raises(KeyboardInterrupt):
                _rekeying(stored).rekey()
        assert len(_opened(stored, _both())) == 8
        if not _rekeying(stored).is_behind():
            break
        assert _rekeying(stored).is_behind()

    _rekeying(stored).rekey()

    assert len(_opened(stored, Cipher(NEW))) == 8


def _die_after(patched: pytest.MonkeyPatch, batches: int) -> None:
    """Let the process be killed after so many batches were stored."""
    real, stored = SqlRekeying._store, []  # noqa: SLF001 (there is no other seam)

    def store(self: SqlRekeying, *args: Any) -> None:  # noqa: ANN401 (its own)
        real(self, *args)
        stored.append(1)
        if len(stored) == batches:
            raise KeyboardInterrupt

    patched.setattr(SqlRekeying, "_store", store)


def test_what_was_destroyed_meanwhile_stays_destroyed(stored: Stored) -> None:
    """A key that is forgotten while it is wrapped anew must not come back."""
    _fill(stored, Cipher(OLD), "a", "b")
    rekeying_ = _rekeying(stored)
    (keys, *_) = rekeying_._places  # noqa: SLF001 (the moment between read and write)
    ((changes, _),) = rekeying_._batches(keys)  # noqa: SLF001
    other = Cipher(OLD).new_data_key("b", "identity")[1]
    with stored.database.writing() as connection:
        connection.execute(t.data_keys.delete().where(t.data_keys.c.owner == "a"))
        connection.execute(t.data_keys.update().values(wrapped=other))

    rekeying_._store(keys, changes)  # noqa: SLF001

    assert [(row.owner, row.wrapped) for row in _rows(stored, t.data_keys)] == [
        ("b", other)
    ]


def test_what_opens_with_no_key_is_counted_and_left(stored: Stored) -> None:
    """One damaged row stops nothing, and does not hold a retired key for ever."""
    _fill(stored, Cipher(LOST), "a")
    _fill(stored, Cipher(OLD), "b")

    done = _rekeying(stored).rekey()

    assert done == Rekeyed(moved=5, lost=5)
    assert not _rekeying(stored).is_behind()


def test_what_is_sealed_under_no_key_of_ours_is_left_alone(stored: Stored) -> None:
    """Other topics' records are not sealed, and a payload may be destroyed."""
    _fill(stored, Cipher(OLD), "a")
    row = {"topic": CASE_EVENTS, "key": b"k", "headers": "[]", "value": b"{}"}
    with stored.database.writing() as connection:
        connection.execute(t.log_records.insert(), [{**row, "appended_at": T0}])
        connection.execute(t.quarantine.update().values(sealed=None))

    done = _rekeying(stored).rekey()

    assert done == Rekeyed(moved=4, lost=0)
