"""The key directory is made once, read strictly, and shows nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from orchestrator.adapters.keys.directory import KeysError, create_keys, load_keys
from orchestrator.adapters.keys.files import load_public_key
from orchestrator.errors import SetUpError


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a directory that holds a fresh set of keys."""
    create_keys(tmp_path / "keys")
    return tmp_path / "keys"


def contents(directory: Path) -> dict[str, bytes]:
    """Return every file of *directory* by name."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def signing_file(directory: Path) -> Path:
    """Return the one signing key in *directory*."""
    (path,) = directory.glob("signing-*.pem")
    return path


def test_created_keys_can_be_loaded(tmp_path: Path) -> None:
    """What `create_keys` made is what `load_keys` reads."""
    created = create_keys(tmp_path / "deep" / "keys")

    ring = load_keys(tmp_path / "deep" / "keys")

    assert ring.signing_key_id == created.signing_key_id
    assert len(ring.kek.get_secret_value()) == 32
    assert len(ring.pseudonym_key.get_secret_value()) == 32
    assert ring.kek != ring.pseudonym_key


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    """The directory has mode 0700 and its files 0600, whatever the umask is."""
    before = os.umask(0)
    try:
        created = create_keys(tmp_path / "keys")
    finally:
        os.umask(before)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in created.files}

    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert modes == {0o600}
    assert len(created.files) == 4


def test_every_set_of_keys_is_new(tmp_path: Path) -> None:
    """Two installations share no key."""
    create_keys(tmp_path / "one")
    create_keys(tmp_path / "two")

    one, two = load_keys(tmp_path / "one"), load_keys(tmp_path / "two")

    assert one.kek != two.kek
    assert one.pseudonym_key != two.pseudonym_key
    assert one.signing_key_id != two.signing_key_id


def test_keys_are_never_overwritten(directory: Path) -> None:
    """A second creation changes nothing and names what is there."""
    before = contents(directory)

    with pytest.raises(KeysError, match=r"already holds .*kek\.key"):
        create_keys(directory)

    assert contents(directory) == before


@pytest.mark.parametrize("survivor", ["kek.key", "pseudonym.key", "signing"])
def test_one_remaining_key_stops_a_creation(directory: Path, survivor: str) -> None:
    """An incomplete set is not completed by new keys that would open nothing."""
    for path in directory.iterdir():
        if not path.name.startswith(survivor):
            path.unlink()
    before = contents(directory)

    with pytest.raises(KeysError, match="already holds"):
        create_keys(directory)

    assert contents(directory) == before


def test_keys_of_a_faster_creator_are_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that appear after the check and before the write stay as they are."""

    def slow_urandom(size: int) -> bytes:
        monkeypatch.undo()
        create_keys(tmp_path / "keys")
        faster.update(contents(tmp_path / "keys"))
        return os.urandom(size)

    faster: dict[str, bytes] = {}
    monkeypatch.setattr("orchestrator.adapters.keys.directory.urandom", slow_urandom)

    with pytest.raises(KeysError, match="made by somebody else"):
        create_keys(tmp_path / "keys")

    assert contents(tmp_path / "keys") == faster
    assert load_keys(tmp_path / "keys").signing_key_id


def test_keys_are_not_made_where_others_may_enter(tmp_path: Path) -> None:
    """An existing directory must be closed to others before keys are made in it."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)

    with pytest.raises(KeysError, match="chmod 700"):
        create_keys(shared)

    assert contents(shared) == {}


def test_creation_says_what_each_loss_means(tmp_path: Path) -> None:
    """Each file that was made has a sentence about its loss."""
    created = create_keys(tmp_path / "keys")

    said = " ".join(created.sentences)

    assert "Back up" in created.sentences[0]
    assert all(f"If {path.name} is lost" in said for path in created.files)


def test_missing_directory_is_said(tmp_path: Path) -> None:
    """Without a directory the error names the command and the setting."""
    with pytest.raises(SetUpError, match=r"erasure keys init.*ERASURE_KEYS_DIR"):
        load_keys(tmp_path / "nowhere")


def remove(name: str) -> Callable[[Path], None]:
    """Return a damage: the file is gone."""
    return lambda directory: (directory / name).unlink()


def hold(name: str, content: bytes) -> Callable[[Path], None]:
    """Return a damage: the file holds something else."""

    def damage(directory: Path) -> None:
        (directory / name).write_bytes(content)

    return damage


def open_to(name: str, mode: int) -> Callable[[Path], None]:
    """Return a damage: others may use the file."""
    return lambda directory: (directory / name).chmod(mode)


def other_curve(directory: Path) -> None:
    """Replace the signing key by one of another algorithm."""
    pem = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    signing_file(directory).write_bytes(pem)


def other_signing_key(directory: Path) -> None:
    """Replace the signing key by another good one, under the old name."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    signing_file(directory).write_bytes(pem)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(remove("kek.key"), "kek.key is missing", id="no-kek"),
        pytest.param(remove("pseudonym.key"), "is missing", id="no-pseudonym"),
        pytest.param(
            lambda directory: signing_file(directory).unlink(),
            "holds no signing",
            id="no-signing",
        ),
        pytest.param(hold("kek.key", b""), "32 bytes in base64url", id="empty"),
        pytest.param(hold("kek.key", b"QUJD\n"), "32 bytes in base64url", id="short"),
        pytest.param(hold("kek.key", b"A" * 44), "32 bytes in base64url", id="long"),
        pytest.param(hold("kek.key", b"\xff\x00"), "in base64url", id="not-text"),
        pytest.param(hold("kek.key", b"+" * 43), "in base64url", id="not-url-safe"),
        pytest.param(open_to("kek.key", 0o640), "chmod 600", id="group-readable"),
        pytest.param(open_to("pseudonym.key", 0o604), "chmod 600", id="world-readable"),
        pytest.param(
            lambda directory: signing_file(directory).chmod(0o660),
            "chmod 600",
            id="signing-readable",
        ),
        pytest.param(other_curve, "not an unencrypted Ed25519", id="not-ed25519"),
        pytest.param(
            lambda directory: signing_file(directory).write_bytes(b"no key"),
            "not an unencrypted Ed25519",
            id="not-pem",
        ),
        pytest.param(other_signing_key, "another key than its name", id="renamed"),
        pytest.param(
            hold("signing-00000000.pem", b""), "holds 2 signing keys", id="two-signing"
        ),
    ],
)
def test_damaged_directory_is_refused(
    directory: Path, damage: Callable[[Path], None], said: str
) -> None:
    """Every damage is refused with one sentence that says what to do."""
    damage(directory)

    with pytest.raises(KeysError, match=said) as refusal:
        load_keys(directory)

    assert str(refusal.value).endswith(".")
    assert "\n" not in str(refusal.value)


def test_no_error_quotes_a_key(directory: Path) -> None:
    """A file that is nearly a key is not repeated in the error."""
    secret = (directory / "kek.key").read_text().strip()[:-1]
    (directory / "kek.key").write_text(secret)

    with pytest.raises(KeysError) as refusal:
        load_keys(directory)

    assert secret not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_repr_hides_every_key(directory: Path) -> None:
    """Neither `repr` nor `str` of a key ring shows a byte of a key."""
    ring = load_keys(directory)

    shown = repr(ring) + str(ring)

    for secret in (ring.kek, ring.pseudonym_key):
        assert repr(secret.get_secret_value())[2:10] not in shown
        assert secret.get_secret_value().hex()[:8] not in shown
    assert ring.signing_key.private_bytes_raw().hex()[:8] not in shown
    assert ring.signing_key_id[:8] in shown


def test_key_id_is_the_fingerprint_of_the_public_key(
    directory: Path, tmp_path: Path
) -> None:
    """The key id is the SHA-256 of the exported raw public key."""
    ring = load_keys(directory)

    ring.export_public(tmp_path / "public.pem")

    exported = load_public_key(tmp_path / "public.pem")
    assert ring.signing_key_id == sha256(exported.public_bytes_raw()).hexdigest()
    assert b"PRIVATE" not in (tmp_path / "public.pem").read_bytes()


def test_export_into_a_missing_directory_is_said(
    directory: Path, tmp_path: Path
) -> None:
    """A public key that cannot be written is a sentence, not a traceback."""
    ring = load_keys(directory)

    with pytest.raises(KeysError, match="cannot be written"):
        ring.export_public(tmp_path / "nowhere" / "public.pem")
