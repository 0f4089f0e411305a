"""
Seal a stream of any length in chunks, so that neither side holds it in memory.

Each chunk is bound to its artifact, its number and whether it is the last one: chunks
that are missing, repeated, reordered, cut off or taken from another artifact do not
open.  This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: "Online
Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015, section 7), with
random nonces and the position in the associated data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from orchestrator.adapters.vault.cipher import DataKey, VaultError

CHUNK_BYTES = 256 * 1024


class ChunkSealer:
    """
    Takes a stream by `write` and hands on its sealed chunks by `emit(number, bytes)`.

    Numbers count from 0.  Without `close` the last chunk is missing and the stream
    cannot be opened: an interrupted artifact never passes for a whole one.
    """

    def __init__(
        self,
        data_key: DataKey,
        artifact_id: str,
        emit: Callable[[int, bytes], None],
        chunk_size: int = CHUNK_BYTES,
    ) -> None:
        if chunk_size < 1:
            raise ValueError("A chunk has at least one byte.")
        self._data_key = data_key
        self._artifact_id = artifact_id
        self._emit = emit
        self._chunk_size = chunk_size
        self._pending = bytearray()
        self._number = 0
        self._is_closed = False

    def write(self, data: bytes) -> int:
        """Take the next bytes of the stream; returns how many."""
        if self._is_closed:
            raise ValueError("The stream is closed.")
        self._pending += data
        # One full chunk stays behind: it may turn out to be the last one.
        while len(self._pending) > self._chunk_size:
            self._seal(bytes(self._pending[: self._chunk_size]), is_last=False)
            del self._pending[: self._chunk_size]
        return len(data)

    def close(self) -> None:
        """Seal what is left as the last chunk; an empty stream has one empty chunk."""
        if not self._is_closed:
            self._is_closed = True
            self._seal(bytes(self._pending), is_last=True)
            self._pending.clear()

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        place = _place(self._artifact_id, self._number, is_last=is_last)
        self._emit(self._number, self._data_key.seal(chunk, place))
        self._number += 1


def open_chunks(
    data_key: DataKey, artifact_id: str, chunks: Iterable[bytes]
) -> Iterator[bytes]:
    """
    Yield the plain bytes of sealed *chunks*, in order; raises `VaultError`.

    Every yielded piece is authentic and in its place, but only the end of the iterator
    says that nothing is missing: keep what was read provisional until then.
    """
    remaining = iter(chunks)
    current = next(remaining, None)
    if current is None:
        raise VaultError("malformed", "A sealed artifact has no chunks left.")
    number = 0
    while current is not None:
        following = next(remaining, None)
        place = _place(artifact_id, number, is_last=following is None)
        try:
            plain = data_key.open(current, place)
        except VaultError as error:
            raise VaultError(
                error.code,
                f"Chunk {number} of a sealed artifact does not open: it was changed, "
                "or chunks are missing, repeated or out of order; build it again.",
            ) from None
        yield plain
        current = following
        number += 1


def _place(artifact_id: str, number: int, *, is_last: bool) -> str:
    """
    Name a chunk's place; the id comes last, so that no id can imitate another place.

    Never change: chunks already stored are bound to it.
    """
    return f"chunk/1 {number} {'last' if is_last else 'more'} {artifact_id}"
