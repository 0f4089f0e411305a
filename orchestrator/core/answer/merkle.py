"""
A Merkle tree over statements, as RFC 6962 section 2.1 defines it.

It shows that a statement is in the log (inclusion), and that a later log still holds
all of an earlier one, in its order (consistency).  So a statement that was deleted,
reordered, altered or put in afterwards shows against any checkpoint that has left the
house.  Pure: hashes go in and out, 32 bytes each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

Hash = bytes
EMPTY_ROOT: Hash = sha256(b"").digest()


class ProofError(ValueError):
    """A proof does not show what it claims."""


def leaf_hash(entry: bytes) -> Hash:
    """Return the hash of one entry (0x00 keeps it apart from inner nodes)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """
    The right edge of a growing tree: enough to append and to know the root.

    `parts` are the roots of its full subtrees, largest first; a tree of *n* entries has
    as many as *n* has ones in binary.
    """

    def __init__(self, size: int = 0, parts: Sequence[Hash] = ()) -> None:
        """Go on from a stored edge; raises `ValueError` if it fits no such size."""
        if size.bit_count() != len(parts):
            raise ValueError("The stored edge of the log does not fit its size.")
        self.size = size
        self.parts = list(parts)

    def append(self, leaf: Hash) -> None:
        """Add one entry's hash."""
        self.parts.append(leaf)
        complete, self.size = self.size, self.size + 1
        while complete & 1:
            right, left = self.parts.pop(), self.parts.pop()
            self.parts.append(node_hash(left, right))
            complete >>= 1

    @property
    def root(self) -> Hash:
        """The root of the tree as it is now."""
        if not self.parts:
            return EMPTY_ROOT
        *lefts, found = self.parts
        for left in reversed(lefts):
            found = node_hash(left, found)
        return found


def root_of(leaves: Sequence[Hash]) -> Hash:
    """Return the root over *leaves*."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root


def inclusion_proof(leaves: Sequence[Hash], index: int) -> list[Hash]:
    """Return the path of one leaf, lowest first (section 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise ProofError("The log has no entry with this number.")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root_of(leaves[split:])]
    path = inclusion_proof(leaves[split:], index - split)
    return [*path, root_of(leaves[:split])]


def consistency_proof(leaves: Sequence[Hash], earlier: int) -> list[Hash]:
    """Return what shows that the first *earlier* leaves are still there (2.1.2)."""
    if not 0 <= earlier <= len(leaves):
        raise ProofError("The log was never of this size.")
    if earlier in {0, len(leaves)}:
        return []
    return _subproof(leaves, earlier, whole=True)


def check_inclusion(
    leaf: Hash, index: int, size: int, path: Sequence[Hash], root: Hash
) -> None:
    """Raise `ProofError` unless *leaf* is entry *index* under this *root*."""
    if not 0 <= index < size:
        raise ProofError("The proof names an entry outside the log.")
    found = leaf
    for other, is_left in _climb(index, size - 1, path):
        found = node_hash(other, found) if is_left else node_hash(found, other)
    if found != root:
        raise ProofError("The entry is not in the log that the checkpoint signs.")


def check_consistency(
    earlier: int, size: int, path: Sequence[Hash], before: Hash, root: Hash
) -> None:
    """Raise `ProofError` unless the later tree begins with the earlier one."""
    if not 0 <= earlier <= size:
        raise ProofError("The later checkpoint is of a shorter log.")
    if earlier in {0, size}:
        if path or before != (EMPTY_ROOT if earlier == 0 else root):
            raise ProofError("The two checkpoints are of different logs.")
        return
    # RFC 9162 section 2.1.4.2: a full subtree's own root is not sent.
    nodes = [before, *path] if earlier.bit_count() == 1 else list(path)
    if not nodes:
        raise ProofError("The proof is too short for the log.")
    first, *rest = nodes
    place, last = earlier - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = first
    for other, is_left in _climb(place, last, rest):
        old = node_hash(other, old) if is_left else old
        new = node_hash(other, new) if is_left else node_hash(new, other)
    if old != before or new != root:
        raise ProofError("The later log does not begin with the earlier one.")


def _climb(place: int, last: int, path: Sequence[Hash]) -> Iterator[tuple[Hash, bool]]:
    """
    Yield the hashes of *path* up from node *place* of a level that ends with *last*.

    With each comes whether it stands to the left.  Raises `ProofError` if the path ends
    below the root or goes on above it.
    """
    for other in path:
        if last == 0:
            raise ProofError("The proof is too long for the log.")
        is_left = bool(place & 1) or place == last
        yield other, is_left
        while is_left and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofError("The proof is too short for the log.")


def _subproof(leaves: Sequence[Hash], earlier: int, *, whole: bool) -> list[Hash]:
    """Return SUBPROOF of section 2.1.2."""
    if earlier == len(leaves):
        return [] if whole else [root_of(leaves)]
    split = _split(len(leaves))
    if earlier <= split:
        path = _subproof(leaves[:split], earlier, whole=whole)
        return [*path, root_of(leaves[split:])]
    path = _subproof(leaves[split:], earlier - split, whole=False)
    return [*path, root_of(leaves[:split])]


def _split(size: int) -> int:
    """Return the largest power of two below *size*."""
    return 1 << (size - 1).bit_length() - 1
