"""A sealed stream opens whole and in order, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import SecretBytes

from orchestrator.adapters.vault.cipher import Cipher, DataKey, VaultError
from orchestrator.adapters.vault.sealed_chunks import ChunkSealer, open_chunks

TEXT = bytes(range(256)) * 5  # 1,280 bytes: five chunks of 256


@pytest.fixture
def data_key() -> DataKey:
    """Return the export key of one case."""
    return Cipher(SecretBytes(bytes(32))).new_data_key("case-1", "export")[0]


def sealed(
    data_key: DataKey, text: bytes, *, artifact: str = "package-1", step: int = 100
) -> list[bytes]:
    """Return the chunks of *text*, written in pieces of *step* bytes."""
    chunks: list[bytes] = []

    def emit(number: int, chunk: bytes) -> None:
        assert number == len(chunks)
        chunks.append(chunk)

    sealer = ChunkSealer(data_key, artifact, emit, chunk_size=256)
    for start in range(0, len(text), step):
        sealer.write(text[start : start + step])
    sealer.close()
    return chunks


@pytest.mark.parametrize(
    ("length", "chunks"), [(0, 1), (1, 1), (255, 1), (256, 1), (257, 2), (1280, 5)]
)
@pytest.mark.parametrize("step", [1, 100, 256, 5000])
def test_stream_comes_back(
    data_key: DataKey, length: int, chunks: int, step: int
) -> None:
    """Any length, written in any pieces, comes back in as few chunks as needed."""
    stored = sealed(data_key, TEXT[:length], step=step)

    assert b"".join(open_chunks(data_key, "package-1", stored)) == TEXT[:length]
    assert len(stored) == chunks


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda chunks: chunks[:-1], id="last-cut-off"),
        pytest.param(lambda chunks: chunks[:1], id="all-but-first-cut-off"),
        pytest.param(lambda chunks: chunks[1:], id="first-missing"),
        pytest.param(lambda chunks: chunks[:2] + chunks[3:], id="one-missing"),
        pytest.param(lambda chunks: [chunks[0], *chunks], id="first-repeated"),
        pytest.param(lambda chunks: [*chunks, chunks[-1]], id="last-repeated"),
        pytest.param(lambda chunks: [chunks[1], chunks[0], *chunks[2:]], id="swapped"),
        pytest.param(lambda chunks: chunks[::-1], id="reversed"),
        pytest.param(lambda chunks: [*chunks[:-1], chunks[-1][:-1]], id="bytes-lost"),
        pytest.param(lambda _: [], id="nothing-left"),
    ],
)
def test_damaged_stream_does_not_open(
    data_key: DataKey, damage: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Chunks that are missing, repeated, reordered or cut off are noticed."""
    stored = damage(sealed(data_key, TEXT))

    with pytest.raises(VaultError):
        list(open_chunks(data_key, "package-1", stored))


def test_chunks_of_another_artifact_do_not_open(data_key: DataKey) -> None:
    """A chunk cannot be moved into another artifact under the same key."""
    mine = sealed(data_key, TEXT)
    other = sealed(data_key, TEXT, artifact="package-2")

    with pytest.raises(VaultError):
        list(open_chunks(data_key, "package-1", [mine[0], other[1], *mine[2:]]))


def test_unclosed_stream_does_not_open(data_key: DataKey) -> None:
    """An interrupted artifact never passes for a whole one."""
    chunks: list[bytes] = []
    sealer = ChunkSealer(
        data_key, "package-1", lambda _, chunk: chunks.append(chunk), chunk_size=256
    )

    sealer.write(TEXT)

    assert len(chunks) == 4
    with pytest.raises(VaultError, match="Chunk 3"):
        list(open_chunks(data_key, "package-1", chunks))


def test_closed_stream_takes_nothing_more(data_key: DataKey) -> None:
    """Closing twice is harmless, writing after it is a mistake."""
    chunks: list[bytes] = []
    sealer = ChunkSealer(data_key, "package-1", lambda _, chunk: chunks.append(chunk))
    sealer.close()
    sealer.close()

    with pytest.raises(ValueError, match="closed"):
        sealer.write(b"more")

    assert len(chunks) == 1
