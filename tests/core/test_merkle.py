"""The Merkle tree of RFC 6962: known hashes, and proofs that hold or do not."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.answer.merkle import (
    EMPTY_ROOT,
    Frontier,
    Hash,
    ProofError,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
)

# The entries of the reference implementation's own tests, and the roots that follow.
ENTRIES = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    bytes(range(0x60, 0x70)),
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

SIZES = st.integers(min_value=1, max_value=70)


def leaves(count: int) -> list[Hash]:
    """Return *count* different leaves."""
    return [leaf_hash(str(number).encode()) for number in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_root_is_the_one_that_others_compute(size: int) -> None:
    """The published roots over the first entries of the reference list."""
    found = root_of([leaf_hash(entry) for entry in ENTRIES[:size]])
    assert found.hex() == ROOTS[size]


def test_leaf_is_never_taken_for_a_node() -> None:
    """Two hashes side by side, logged as an entry, are not their parent."""
    one, two = leaves(2)
    assert leaf_hash(one + two) != node_hash(one, two)


@given(SIZES)
def test_frontier_goes_on_where_it_was_stored(size: int) -> None:
    """A tree that grows from a stored edge has the root of one that grew at once."""
    half = size // 2
    first = Frontier()
    for leaf in leaves(half):
        first.append(leaf)
    second = Frontier(first.size, first.parts)
    for leaf in leaves(size)[half:]:
        second.append(leaf)
    assert second.root == root_of(leaves(size))
    assert len(second.parts) == size.bit_count()


def test_edge_that_fits_no_size_is_refused() -> None:
    """A damaged row is told, not built upon."""
    with pytest.raises(ValueError, match="does not fit"):
        Frontier(3, leaves(1))


@given(SIZES, st.data())
def test_each_entry_is_proven_to_be_in_the_log(size: int, data: st.DataObject) -> None:
    """Whatever the size and the place."""
    index = data.draw(st.integers(0, size - 1))
    log = leaves(size)
    path = inclusion_proof(log, index)
    check_inclusion(log[index], index, size, path, root_of(log))


@given(SIZES, st.data())
def test_inclusion_of_anything_else_is_refused(size: int, data: st.DataObject) -> None:
    """Another entry, another place, a path with one hash altered, cut or added."""
    index = data.draw(st.integers(0, size - 1))
    log = leaves(size)
    path, root = inclusion_proof(log, index), root_of(log)
    stranger = sha256(b"stranger").digest()
    wrong = [
        (stranger, index, path),
        (log[index], (index + 1) % size if size > 1 else 1, path),
        (log[index], index, [*path, stranger]),
        (log[index], -1, path),
        (log[index], size, path),
    ]
    if path:
        wrong += [
            (log[index], index, path[:-1]),
            (log[index], index, [stranger, *path[1:]]),
        ]
    for leaf, place, steps in wrong:
        with pytest.raises(ProofError):
            check_inclusion(leaf, place, size, steps, root)


@given(SIZES, st.data())
def test_longer_log_is_proven_to_hold_the_shorter(
    size: int, data: st.DataObject
) -> None:
    """Whatever the two sizes."""
    earlier = data.draw(st.integers(0, size))
    log = leaves(size)
    path = consistency_proof(log, earlier)
    check_consistency(earlier, size, path, root_of(log[:earlier]), root_of(log))


@given(st.integers(2, 70), st.data())
def test_log_that_lost_or_moved_an_entry_is_found_out(
    size: int, data: st.DataObject
) -> None:
    """An entry was deleted, altered, or exchanged with its neighbour."""
    earlier = data.draw(st.integers(2, size))
    log = leaves(size)
    before = root_of(log[:earlier])
    at = data.draw(st.integers(0, earlier - 2))
    deleted = [*log[:at], *log[at + 1 :], leaf_hash(b"new")]
    altered = [*log[:at], leaf_hash(b"altered"), *log[at + 1 :]]
    moved = [*log[:at], log[at + 1], log[at], *log[at + 2 :]]
    for forged in (deleted, altered, moved):
        path = consistency_proof(forged, earlier)
        with pytest.raises(ProofError):
            check_consistency(earlier, size, path, before, root_of(forged))


@given(st.integers(2, 70), st.data())
def test_altered_consistency_proof_is_refused(size: int, data: st.DataObject) -> None:
    """A path with a hash altered, cut or added; sizes exchanged."""
    earlier = data.draw(st.integers(1, size - 1))
    log = leaves(size)
    path, before, root = (
        consistency_proof(log, earlier),
        root_of(log[:earlier]),
        root_of(log),
    )
    stranger = sha256(b"stranger").digest()
    for steps in ([stranger, *path[1:]], path[:-1], [*path, stranger]):
        with pytest.raises(ProofError):
            check_consistency(earlier, size, steps, before, root)
    with pytest.raises(ProofError):
        check_consistency(size, earlier, path, root, before)


def test_empty_log_begins_every_log() -> None:
    """Nothing is shown by an empty path, and nothing else is taken for it."""
    check_consistency(0, 3, [], EMPTY_ROOT, root_of(leaves(3)))
    with pytest.raises(ProofError):
        check_consistency(0, 3, [], leaves(1)[0], root_of(leaves(3)))
