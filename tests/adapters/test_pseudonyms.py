"""Pseudonyms are stable, keyed, and apart by use."""

from __future__ import annotations

import pickle

import pytest
from pydantic import SecretBytes

from orchestrator.adapters.keys.pseudonyms import Pseudonyms

ZERO = Pseudonyms(SecretBytes(bytes(32)))
OTHER = Pseudonyms(SecretBytes(b"\x01" * 32))


def test_stored_pseudonyms_stay_the_same() -> None:
    """Values computed by the first version are found again for ever."""
    assert ZERO.subject_reference("acme-eu", "C-1001") == (
        "sub1-735f452c4b1636107f99d2aa27be36d647da89a04d847eb764c2e282bed9db7d"
    )
    assert ZERO.digest("request", b"{}") == (
        "6141c12aff420e9597b70cecdd3d8a79937ed1c55f545352f6c2be692cf57437"
    )
    assert ZERO.identifier_digest("case-1", "email", "ada@example.org") == (
        "8636b97e4f35050bead6017285749ce9a724e9d31a9ffe093566b52c22546a49"
    )


def test_pseudonyms_need_the_key() -> None:
    """Another key gives other names, so nobody without it can test a guess."""
    assert ZERO.subject_reference("a", "1") != OTHER.subject_reference("a", "1")
    assert ZERO.digest("request", b"x") != OTHER.digest("request", b"x")
    assert ZERO.identifier_digest("c", "email", "x") != OTHER.identifier_digest(
        "c", "email", "x"
    )


def test_different_uses_never_share_a_digest() -> None:
    """Fields that look alike across uses, borders and cases stay apart."""
    digests = [
        ZERO.subject_reference("a", "b").removeprefix("sub1-"),
        ZERO.subject_reference("ab", "").removeprefix("sub1-"),
        ZERO.subject_reference("b", "a").removeprefix("sub1-"),
        ZERO.digest("a", b"b"),
        ZERO.digest("ab", b""),
        ZERO.identifier_digest("a", "b", ""),
        ZERO.identifier_digest("a", "", "b"),
        ZERO.identifier_digest("x", "b", ""),
    ]

    assert len(set(digests)) == len(digests)


def test_customer_ids_are_taken_as_they_are() -> None:
    """Ids that differ by case or white space are different people."""
    references = {ZERO.subject_reference("a", each) for each in ("x1", "X1", "x1 ")}

    assert len(references) == 3


def test_key_stays_hidden() -> None:
    """The key shows neither in `repr` nor in a pickle."""
    pseudonyms = Pseudonyms(SecretBytes(b"A" * 32))

    assert "AAAA" not in repr(pseudonyms)
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(pseudonyms)


def test_short_key_is_refused() -> None:
    """A key of another length is a mistake."""
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms(SecretBytes(b"short"))
