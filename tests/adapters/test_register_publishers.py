"""Publishers in the register: what is read, and what a wrong one says about itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from orchestrator.adapters.keys.files import key_id_of
from tests.adapters.register_builders import REGISTER, a_register, sentences_of

ONE = "SkSDvmP2sVnMKwYjzMy9bGnXuiyiHXXydwQ+0m4CnIE="
OTHER = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq7+vnuSQh7qaRRG0iw="


def a_publisher(name: str = "portal", **changes: str) -> str:
    """Write a publisher of the builders' register."""
    values = {
        "keys": f'[{{ public_key = "{ONE}" }}]',
        "sources": '["/portal"]',
        "controllers": '["maison"]',
        "rights": '["erasure"]',
        **changes,
    }
    lines = [f"{key} = {value}" for key, value in values.items()]
    return "\n".join([REGISTER, f"[publishers.{name}]", *lines, ""])


def test_key_may_stand_in_a_file(tmp_path: Path) -> None:
    """The PEM that openssl writes, or the same 32 bytes in base64."""
    key = Ed25519PrivateKey.generate().public_key()
    pem = tmp_path / "portal.pem"
    pem.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    register = a_register(
        tmp_path, a_publisher(keys=f'[{{ public_key = "file:{pem}" }}]')
    )

    (read,) = register.publishers["portal"].keys
    assert read.id == key_id_of(key)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            a_publisher(keys='[{ public_key = "short" }]'),
            "an Ed25519 public key has 32 bytes",
            id="no key",
        ),
        pytest.param(
            a_publisher(keys='[{ public_key = "file:/nowhere/x.pem" }]'),
            "/nowhere/x.pem cannot be read",
            id="no file",
        ),
        pytest.param(a_publisher(keys="[]"), "publishers.portal.keys", id="none"),
        pytest.param(
            a_publisher(
                keys=f'[{{ public_key = "{ONE}", valid_from = 2027-01-01,'
                " valid_to = 2026-01-01 }]"
            ),
            "valid_to is before its valid_from",
            id="days turned round",
        ),
        pytest.param(
            a_publisher(
                keys=f'[{{ public_key = "{ONE}", valid_to = 2026-01-01 }},'
                f' {{ public_key = "{ONE}" }}]'
            ),
            "one key stands here twice",
            id="one key twice",
        ),
        pytest.param(
            a_publisher(sources='["ada@example.com"]'),
            "is not a CloudEvents source",
            id="source with an address",
        ),
        pytest.param(
            a_publisher(controllers='["nobody"]'), "is not a controller", id="stranger"
        ),
        pytest.param(
            a_publisher(rights='["oblivion"]'), "publishers.portal.rights", id="right"
        ),
        pytest.param(
            a_publisher()
            + a_publisher("chat", sources='["/chat"]').removeprefix(REGISTER),
            "another publisher has the same key",
            id="one key of two",
        ),
        pytest.param(
            a_publisher()
            + a_publisher("chat", keys=f'[{{ public_key = "{OTHER}" }}]').removeprefix(
                REGISTER
            ),
            'another publisher has the source "/portal" too',
            id="one source of two",
        ),
    ],
)
def test_wrong_publisher_is_told(tmp_path: Path, text: str, said: str) -> None:
    """Each mistake is a sentence about its key."""
    sentences = sentences_of(tmp_path, text)

    assert any(said in sentence for sentence in sentences)
    assert all("publishers." in sentence for sentence in sentences)
