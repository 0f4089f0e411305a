"""
Seal what identifies a person: AES-256-GCM under data keys wrapped by a key outside.

One data key belongs to one owner (a case) and one purpose (identity, export,
obligation).  It is stored only wrapped; who deletes the wrapped bytes has forgotten
everything sealed under it.  Where the bytes are stored is not decided here.

Each value is bound to its place (owner, purpose, context) as associated data, so that
a ciphertext copied into another row does not open there.  Nonces are random 96-bit
values: one key may seal 2**32 values (NIST SP 800-38D, section 8.3), far above what
one case, one embedded log or one quarantine writes.

Not here: erasing keys from memory.  Python cannot overwrite `bytes`; `forget` drops
the reference, and a core dump of a running process must be treated as secret.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from os import urandom
from threading import Lock
from typing import Literal, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretBytes

from orchestrator.adapters.keys.framing import framed
from orchestrator.errors import OrchestratorError

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_SHORTEST = 1 + _NONCE_BYTES + _TAG_BYTES

# Never change: the first byte of each stored format.  A new format takes a new
# number, and the old ones stay readable.
_SEALED_V1 = b"\x01"
_WRAPPED_V1 = b"\x01"

# Never change: these words are bound into every stored value (associated data) and
# into the keys derived from the key-encryption key.
_VALUE = "erasure/value/1"
_DATA_KEY = "erasure/data-key/1"
_WRAPPING = "erasure/wrapping/1"
_DERIVED = "erasure/derived/1"

_CACHED_KEYS = 4096

VaultErrorCode = Literal["malformed", "unknown_version", "does_not_open"]


class VaultError(OrchestratorError):
    """A sealed value or a wrapped key cannot be opened; `code` says why."""

    def __init__(self, code: VaultErrorCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class DataKey:
    """
    One 256-bit key of one owner and purpose.

    `seal` and `open` take a few microseconds; the object may be shared by threads.
    """

    __slots__ = ("_aead", "_owner", "_purpose")

    def __init__(self, key: bytes, owner: str, purpose: str) -> None:
        self._aead = AESGCM(key)
        self._owner = owner
        self._purpose = purpose

    def __repr__(self) -> str:
        return f"DataKey(purpose={self._purpose!r}, key hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A data key is never pickled: it must not leave the process.")

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """
        Encrypt *plaintext* for the place *context*.

        Never change: the version byte, then a random 12-byte nonce, then AES-256-GCM
        ciphertext and 16-byte tag; associated data is the framed version word, owner,
        purpose and context.
        """
        nonce = urandom(_NONCE_BYTES)
        associated = framed(_VALUE, self._owner, self._purpose, context)
        return _SEALED_V1 + nonce + self._aead.encrypt(nonce, plaintext, associated)

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made for *context*; raises `VaultError`."""
        _check_format(sealed, _SEALED_V1, "sealed value")
        associated = framed(_VALUE, self._owner, self._purpose, context)
        try:
            return self._aead.decrypt(sealed[1:13], sealed[13:], associated)
        except InvalidTag:
            raise VaultError(
                "does_not_open",
                f"A sealed value of purpose {self._purpose!r} does not open: it was "
                "changed, or sealed for another owner, purpose or context, or by "
                "another key; restore the row it came from.",
            ) from None


class _Kek:
    """One key-encryption key; it never encrypts anything itself."""

    __slots__ = ("_derived", "_raw", "_wrapping")

    def __init__(self, kek: SecretBytes) -> None:
        self._raw = kek.get_secret_value()
        if len(self._raw) != KEY_BYTES:
            raise ValueError(f"A key-encryption key has {KEY_BYTES} bytes.")
        # A key for each use.
        self._wrapping = AESGCM(_expand(self._raw, framed(_WRAPPING)))
        self._derived: dict[str, DataKey] = {}

    def wrap(self, key: bytes, owner: str, purpose: str) -> bytes:
        """
        Wrap a data key.

        Never change: the version byte, then a random 12-byte nonce, then the key under
        AES-256-GCM; associated data is the framed version word, owner and purpose.
        """
        nonce = urandom(_NONCE_BYTES)
        associated = framed(_DATA_KEY, owner, purpose)
        return _WRAPPED_V1 + nonce + self._wrapping.encrypt(nonce, key, associated)

    def unwrap(self, wrapped: bytes, owner: str, purpose: str) -> bytes | None:
        """Return the data key, or None if another key wrapped it."""
        associated = framed(_DATA_KEY, owner, purpose)
        try:
            return self._wrapping.decrypt(wrapped[1:13], wrapped[13:], associated)
        except InvalidTag:
            return None

    def derived_bytes(self, label: str) -> bytes:
        """Return the 32 secret bytes named *label*."""
        return _expand(self._raw, framed(_DERIVED, label))

    def derived(self, label: str) -> DataKey:
        """Return the long-lived key named *label*."""
        if label not in self._derived:
            self._derived[label] = DataKey(self.derived_bytes(label), "derived", label)
        return self._derived[label]


class Derived:
    """
    The long-lived key named by a label, under whichever key-encryption key is current.

    It opens what was sealed under the retired ones too.
    """

    __slots__ = ("_keks", "_label")

    def __init__(self, keks: Callable[[], Sequence[_Kek]], label: str) -> None:
        self._keks = keks
        self._label = label

    def __repr__(self) -> str:
        return f"Derived(label={self._label!r}, key hidden)"

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Encrypt *plaintext* for the place *context*."""
        return self._keks()[0].derived(self._label).seal(plaintext, context)

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made for *context*; raises `VaultError`."""
        *keks, last = self._keks()
        for kek in keks:
            with suppress(VaultError):
                return kek.derived(self._label).open(sealed, context)
        return last.derived(self._label).open(sealed, context)

    def renewed(self, sealed: bytes, context: str) -> bytes | None:
        """Seal it under the current key; None if it is.  Raises `VaultError`."""
        with suppress(VaultError):
            self._keks()[0].derived(self._label).open(sealed, context)
            return None
        return self.seal(self.open(sealed, context), context)


class Cipher:
    """
    Makes, wraps and unwraps data keys under the current key-encryption key.

    Retired ones still open.  Unwrapped keys are remembered, but given out only to a
    caller who still holds the very same wrapped bytes: a key whose row was deleted
    stays out of reach even in a process that used it before.
    """

    def __init__(
        self,
        kek: SecretBytes,
        cached_keys: int = _CACHED_KEYS,
        *,
        present: Callable[[], Sequence[SecretBytes]] | None = None,
    ) -> None:
        """
        Begin with *kek*; *present* says which keys there are now, the current first.

        It is asked at each use, and must return the same object until they change.
        """
        self._seen: Sequence[SecretBytes] = (kek,)
        self._keks: tuple[_Kek, ...] = (_Kek(kek),)
        self._present = present
        self._cache: OrderedDict[tuple[str, str], tuple[bytes, DataKey]] = OrderedDict()
        self._cached_keys = cached_keys
        self._lock = Lock()

    def __repr__(self) -> str:
        return "Cipher(keys hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A cipher is never pickled: it must not leave the process.")

    def new_data_key(self, owner: str, purpose: str) -> tuple[DataKey, bytes]:
        """Make a random data key; returns it with the wrapped bytes to store."""
        key = urandom(KEY_BYTES)
        wrapped = self._now()[0].wrap(key, owner, purpose)
        data_key = DataKey(key, owner, purpose)
        self._remember(owner, purpose, wrapped, data_key)
        return data_key, wrapped

    def unwrap(self, wrapped: bytes, owner: str, purpose: str) -> DataKey:
        """Return the data key inside *wrapped*; raises `VaultError`."""
        with self._lock:
            known = self._cache.get((owner, purpose))
            if known is not None and known[0] == wrapped:
                self._cache.move_to_end((owner, purpose))
                return known[1]
        data_key = DataKey(self._unwrapped(wrapped, owner, purpose), owner, purpose)
        self._remember(owner, purpose, bytes(wrapped), data_key)
        return data_key

    def unwrapped(self, wrapped: bytes, owner: str, purpose: str) -> bytes:
        """Return the raw data key, to be sealed to somebody else at once."""
        return self._unwrapped(wrapped, owner, purpose)

    def wrapped(self, key: bytes, owner: str, purpose: str) -> bytes:
        """Wrap a raw data key that somebody handed back under the current key."""
        if len(key) != KEY_BYTES:
            raise VaultError("malformed", "What was handed back is not a data key.")
        return self._now()[0].wrap(key, owner, purpose)

    def rewrapped(self, wrapped: bytes, owner: str, purpose: str) -> bytes | None:
        """
        Wrap a data key under the current key; None if it is.

        The data key stays, and so does all it sealed.  Raises `VaultError`.
        """
        current = self._now()[0]
        if current.unwrap(wrapped, owner, purpose) is not None:
            return None
        key = self._unwrapped(wrapped, owner, purpose)
        return current.wrap(key, owner, purpose)

    def forget(self, owner: str, purpose: str) -> None:
        """Drop a remembered data key; the caller deletes its wrapped bytes."""
        with self._lock:
            self._cache.pop((owner, purpose), None)

    def derived(self, label: str) -> Derived:
        """
        Return the long-lived key named *label*, which is stored nowhere.

        For values that belong to no case (the embedded log, the quarantine).  The same
        key-encryption key and label always give the same key (HKDF-SHA256, RFC 5869).
        """
        return Derived(self._now, label)

    def derived_bytes(self, label: str) -> Sequence[bytes]:
        """Return the 32 secret bytes named *label* of each key, the current first."""
        return [kek.derived_bytes(label) for kek in self._now()]

    def _now(self) -> Sequence[_Kek]:
        """Return the keys there are now, the current one first."""
        if self._present is None:
            return self._keks
        present = self._present()
        with self._lock:
            if present is not self._seen:
                self._keks = tuple(_Kek(kek) for kek in present)
                self._seen = present
            return self._keks

    def _unwrapped(self, wrapped: bytes, owner: str, purpose: str) -> bytes:
        """Return the bytes of a data key, whichever key wrapped it."""
        _check_format(wrapped, _WRAPPED_V1, "wrapped data key")
        for kek in self._now():
            key = kek.unwrap(wrapped, owner, purpose)
            if key is not None:
                return key
        raise VaultError(
            "does_not_open",
            f"A data key of purpose {purpose!r} does not open: kek.key is not the "
            "one it was wrapped with, or its row was changed or belongs to another "
            "owner or purpose; put back the kek.key of this database.",
        )

    def _remember(self, owner: str, purpose: str, wrapped: bytes, key: DataKey) -> None:
        with self._lock:
            self._cache[owner, purpose] = (wrapped, key)
            self._cache.move_to_end((owner, purpose))
            while len(self._cache) > self._cached_keys:
                self._cache.popitem(last=False)


def _expand(kek: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(kek)


def _check_format(data: bytes, version: bytes, what: str) -> None:
    if len(data) < _SHORTEST:
        raise VaultError("malformed", f"A {what} is too short to be one.")
    if data[:1] != version:
        raise VaultError(
            "unknown_version",
            f"A {what} has format {data[0]}, which this version does not know; run the "
            "version that wrote it, or restore the row.",
        )
