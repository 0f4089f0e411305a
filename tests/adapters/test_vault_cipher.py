"""A sealed value opens only with its key and in its place."""

from __future__ import annotations

import pickle

import pytest
from pydantic import SecretBytes

from orchestrator.adapters.keys.framing import framed
from orchestrator.adapters.vault.cipher import Cipher, VaultError

SECRET = b"ada@example.org"
# Sealed and wrapped by version 1 under a key of 32 zero bytes, nonce 00 01 … 0b.
WRAPPED_V1 = bytes.fromhex(
    "01000102030405060708090a0b7a3bc5f2d081973b3c11290f1caf749b"
    "1176516f1042a84acc1648654e38c85f138f6cff20650a73436106cea2c8c46d"
)
SEALED_V1 = bytes.fromhex(
    "01000102030405060708090a0b266cf672a180ac6fe427feeec3060d82a62364755b30196c24a58aeb6f"
)
DERIVED_V1 = bytes.fromhex(
    "01000102030405060708090a0b93e44263ff0635a450729fb19583d3dd1d06573e249c3435"
)


def a_cipher(fill: int = 0) -> Cipher:
    """Return a cipher whose key is 32 equal bytes."""
    return Cipher(SecretBytes(bytes([fill]) * 32))


def test_sealed_value_opens_in_its_place() -> None:
    """What was sealed comes back after the key was unwrapped elsewhere."""
    data_key, wrapped = a_cipher().new_data_key("case-1", "identity")
    sealed = data_key.seal(SECRET, "item:7")

    reopened = a_cipher().unwrap(wrapped, "case-1", "identity")

    assert reopened.open(sealed, "item:7") == SECRET
    assert SECRET not in sealed


def test_empty_value_can_be_sealed() -> None:
    """Nothing is a value too."""
    data_key, _ = a_cipher().new_data_key("case-1", "identity")

    assert data_key.open(data_key.seal(b"", "item:7"), "item:7") == b""


def test_stored_formats_stay_readable() -> None:
    """Values written by the first version open for ever."""
    cipher = a_cipher()

    data_key = cipher.unwrap(WRAPPED_V1, "case-1", "identity")

    assert data_key.open(SEALED_V1, "item:7") == b"an identifier"
    assert cipher.derived("embedded-log").open(DERIVED_V1, "7") == b"a record"


@pytest.mark.parametrize(
    ("owner", "purpose"),
    [
        pytest.param("case-2", "identity", id="other-owner"),
        pytest.param("case-1", "export", id="other-purpose"),
        pytest.param("case-1i", "dentity", id="shifted-border"),
        pytest.param("identity", "case-1", id="swapped"),
    ],
)
def test_data_key_opens_for_its_owner_and_purpose_only(
    owner: str, purpose: str
) -> None:
    """A wrapped key copied into another row does not open there."""
    _, wrapped = a_cipher().new_data_key("case-1", "identity")

    with pytest.raises(VaultError, match="does not open") as refusal:
        a_cipher().unwrap(wrapped, owner, purpose)

    assert refusal.value.code == "does_not_open"


def test_data_key_needs_its_key_encryption_key() -> None:
    """With another key-encryption key the error names the file to put back."""
    _, wrapped = a_cipher(0).new_data_key("case-1", "identity")

    with pytest.raises(VaultError, match=r"kek\.key"):
        a_cipher(1).unwrap(wrapped, "case-1", "identity")


@pytest.mark.parametrize("context", ["item:8", "item:", "", "identityitem:7"])
def test_sealed_value_opens_in_its_context_only(context: str) -> None:
    """A sealed value copied into another row does not open there."""
    data_key, _ = a_cipher().new_data_key("case-1", "identity")
    sealed = data_key.seal(SECRET, "item:7")

    with pytest.raises(VaultError, match="does not open"):
        data_key.open(sealed, context)


def test_data_keys_do_not_open_one_another() -> None:
    """Each data key is its own, also for the same owner and purpose."""
    cipher = a_cipher()
    first, _ = cipher.new_data_key("case-1", "identity")
    second, _ = cipher.new_data_key("case-1", "identity")

    with pytest.raises(VaultError):
        second.open(first.seal(SECRET, "item:7"), "item:7")


def test_every_changed_bit_is_noticed() -> None:
    """No single-bit change of a sealed value or a wrapped key opens."""
    cipher = a_cipher()
    data_key, wrapped = cipher.new_data_key("case-1", "identity")
    sealed = data_key.seal(SECRET, "item:7")

    for position in range(len(sealed) * 8):
        with pytest.raises(VaultError):
            data_key.open(flipped(sealed, position), "item:7")
    for position in range(len(wrapped) * 8):
        with pytest.raises(VaultError):
            cipher.unwrap(flipped(wrapped, position), "case-1", "identity")


def flipped(data: bytes, position: int) -> bytes:
    """Return *data* with one bit changed."""
    changed = bytearray(data)
    changed[position // 8] ^= 1 << position % 8
    return bytes(changed)


@pytest.mark.parametrize(
    ("sealed", "code"),
    [
        pytest.param(b"", "malformed", id="empty"),
        pytest.param(b"\x01" + bytes(27), "malformed", id="too-short"),
        pytest.param(b"\x02" + bytes(40), "unknown_version", id="newer"),
        pytest.param(b"\x01" + bytes(40), "does_not_open", id="garbage"),
    ],
)
def test_what_is_wrong_is_named(sealed: bytes, code: str) -> None:
    """Values that cannot be opened say why, both sealed ones and wrapped keys."""
    data_key, _ = a_cipher().new_data_key("case-1", "identity")

    with pytest.raises(VaultError) as of_value:
        data_key.open(sealed, "item:7")
    with pytest.raises(VaultError) as of_key:
        a_cipher().unwrap(sealed, "case-1", "identity")

    assert (of_value.value.code, of_key.value.code) == (code, code)


def test_errors_show_no_content() -> None:
    """The text of an error holds neither the owner, the context nor the value."""
    data_key, _ = a_cipher().new_data_key("case-1", "identity")

    with pytest.raises(VaultError) as refusal:
        data_key.open(data_key.seal(SECRET, "one"), "ada@example.org")

    assert "ada" not in str(refusal.value)
    assert "case-1" not in str(refusal.value)


def test_equal_values_are_sealed_differently() -> None:
    """Two sealings of one value share nothing, so equality does not show."""
    data_key, _ = a_cipher().new_data_key("case-1", "identity")

    nonces = {data_key.seal(SECRET, "item:7")[1:13] for _ in range(1000)}

    assert len(nonces) == 1000


def test_known_key_is_not_given_for_other_wrapped_bytes() -> None:
    """A remembered key serves only who still holds its wrapped bytes."""
    cipher = a_cipher()
    made, wrapped = cipher.new_data_key("case-1", "identity")

    assert cipher.unwrap(wrapped, "case-1", "identity") is made
    with pytest.raises(VaultError):
        cipher.unwrap(wrapped[:-1] + b"\x00", "case-1", "identity")


def test_forgotten_key_is_unwrapped_anew() -> None:
    """After `forget` the cipher holds no key of that owner and purpose."""
    cipher = a_cipher()
    made, wrapped = cipher.new_data_key("case-1", "identity")
    remembered = cipher.unwrap(wrapped, "case-1", "identity")

    cipher.forget("case-1", "identity")
    cipher.forget("case-1", "never-made")

    assert remembered is made
    assert cipher.unwrap(wrapped, "case-1", "identity") is not made


def test_few_keys_are_remembered() -> None:
    """The oldest key goes when the cache is full, the one just used stays."""
    cipher = Cipher(SecretBytes(bytes(32)), cached_keys=2)
    first, wrapped_first = cipher.new_data_key("case-1", "identity")
    second, wrapped_second = cipher.new_data_key("case-2", "identity")
    cipher.unwrap(wrapped_first, "case-1", "identity")

    cipher.new_data_key("case-3", "identity")

    assert cipher.unwrap(wrapped_first, "case-1", "identity") is first
    assert cipher.unwrap(wrapped_second, "case-2", "identity") is not second


def test_derived_keys_are_stable_and_apart() -> None:
    """A label always gives the same key, another label or key another one."""
    sealed = a_cipher(0).derived("embedded-log").seal(SECRET, "7")

    assert a_cipher(0).derived("embedded-log").open(sealed, "7") == SECRET
    for other in (
        a_cipher(0).derived("quarantine"),
        a_cipher(1).derived("embedded-log"),
    ):
        with pytest.raises(VaultError):
            other.open(sealed, "7")


def test_repr_hides_the_keys() -> None:
    """Neither the cipher nor a data key shows key bytes or the owner."""
    cipher = a_cipher(0x41)
    data_key, _ = cipher.new_data_key("case-1", "identity")

    shown = repr(cipher) + repr(data_key)

    assert "AAAA" not in shown
    assert "case-1" not in shown


def test_keys_are_never_pickled() -> None:
    """A key cannot slip into another process or onto a disk by pickling."""
    cipher = a_cipher()
    data_key, _ = cipher.new_data_key("case-1", "identity")

    for secret in (cipher, data_key):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(secret)


def test_short_key_encryption_key_is_refused() -> None:
    """A key-encryption key of another length is a mistake, not a weaker cipher."""
    with pytest.raises(ValueError, match="32 bytes"):
        Cipher(SecretBytes(bytes(16)))


def test_framing_keeps_borders_apart() -> None:
    """No two lists of fields give the same bytes."""
    lists = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), ()]

    assert len({framed(*fields) for fields in lists}) == len(lists)
