"""Public keys as the register writes them."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import TypeAdapter, ValidationError

from connectors.signed.public_keys import SealingKey, SigningKey

ED, X = Ed25519PrivateKey.generate().public_key(), X25519PrivateKey.generate()
RAW = ED.public_bytes_raw()
KEPT = b64encode(RAW).decode()
PEM = ED.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
OTHER_PEM = (
    X.public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
SIGNING: TypeAdapter[str] = TypeAdapter(SigningKey)
SEALING: TypeAdapter[str] = TypeAdapter(SealingKey)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(KEPT, id="base64"),
        pytest.param(urlsafe_b64encode(RAW).decode(), id="base64url"),
        pytest.param(PEM, id="PEM"),
    ],
)
def test_key_is_read_in_any_of_its_spellings(text: str) -> None:
    """Teams write what their tools print; we keep one spelling."""
    assert SIGNING.validate_python(text) == KEPT


def test_key_is_read_of_a_file(tmp_path: Path) -> None:
    """`file:/PATH` names a PEM beside the register."""
    path = tmp_path / "team.pem"
    path.write_text(PEM, "utf-8")

    assert SIGNING.validate_python(f"file:{path}") == KEPT


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param(SIGNING, OTHER_PEM, id="a sealing key that should sign"),
        pytest.param(SEALING, PEM, id="a signing key that should seal"),
        pytest.param(SIGNING, b64encode(RAW[:31]).decode(), id="too short"),
        pytest.param(SIGNING, "not base64!", id="no base64"),
        pytest.param(SIGNING, "-----BEGIN PUBLIC KEY-----\nx", id="broken PEM"),
        pytest.param(SIGNING, "file:/nowhere/at/all.pem", id="no file"),
        pytest.param(SIGNING, 7, id="no text"),
    ],
)
def test_what_is_no_such_key_is_refused(kind: TypeAdapter[str], text: object) -> None:
    """A wrong key is a mistake at start, not a signature that never holds."""
    with pytest.raises(ValidationError):
        kind.validate_python(text)
