"""
The vault: the only home of anything that identifies a person.

Values are sealed under one data key a (case, purpose); destroying that key forgets.
Opening takes the wrapped key and the sealed values of many cases in two queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.adapters.vault.cipher import Cipher, DataKey
from orchestrator.ports import PutEntry, PutKey, Store, VaultEntry, WrappedKey

EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Opened:
    """
    The values of some owners for one purpose, each opened when asked for.

    `repr` shows none.
    """

    purpose: str
    keys: Mapping[str, DataKey] = field(repr=False)
    sealed: Mapping[str, Mapping[str, bytes]] = field(repr=False)

    def holds(self, owner: str) -> bool:
        """Tell whether the owner's key still exists."""
        return owner in self.keys

    def get(self, owner: str, name: str) -> bytes | None:
        """Return one value."""
        sealed = self.sealed.get(owner, {}).get(name)
        return None if sealed is None else self.keys[owner].open(sealed, name)

    def named(self, owner: str, prefix: str) -> Mapping[str, bytes]:
        """Return the owner's values whose names begin with *prefix*."""
        return {
            name: self.keys[owner].open(sealed, name)
            for name, sealed in self.sealed.get(owner, {}).items()
            if name.startswith(prefix)
        }

    def seal(self, owner: str, name: str, value: bytes) -> PutEntry:
        """Seal *value* for *owner*; raises `KeyError` once the owner is forgotten."""
        sealed = self.keys[owner].seal(value, name)
        return PutEntry(VaultEntry(owner, self.purpose, name, sealed))


class Vault:
    """Opens and seals what the store keeps."""

    def __init__(self, store: Store, cipher: Cipher) -> None:
        """Keep the store and the cipher."""
        self._store = store
        self._cipher = cipher

    def open(
        self,
        owners: Collection[str],
        purpose: str,
        names: Collection[str] | None = None,
    ) -> Opened:
        """Open the named values (all without names) of *owners* for *purpose*."""
        wrapped = self._store.keys(owners, purpose)
        keys = {
            owner: self._cipher.unwrap(sealed, owner, purpose)
            for owner, sealed in wrapped.items()
        }
        found: dict[str, dict[str, bytes]] = defaultdict(dict)
        for entry in self._store.entries(owners, purpose, names):
            if entry.owner in keys:
                found[entry.owner][entry.name] = entry.sealed
        return Opened(purpose, keys, found)

    def new_owner(
        self, owner: str, purpose: str, expires_at: datetime | None = None
    ) -> tuple[Opened, PutKey]:
        """Make a data key; it exists once the returned write is stored."""
        key, wrapped = self._cipher.new_data_key(owner, purpose)
        return Opened(purpose, {owner: key}, {}), PutKey(
            WrappedKey(owner, purpose, wrapped, expires_at)
        )

    def forget(self, owner: str, purpose: str) -> None:
        """Drop what memory holds of a key that has been destroyed."""
        self._cipher.forget(owner, purpose)
