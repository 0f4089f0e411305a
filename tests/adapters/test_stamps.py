"""Time stamps: taken from a true authority, and refused where anything is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from orchestrator.adapters.receipts.authority_http import LARGEST, post_query
from orchestrator.adapters.receipts.certificates import load_trusted
from orchestrator.adapters.receipts.stamps import Authority, StampRejected, verify_stamp
from orchestrator.errors import SetUpError, Unavailable
from tests.support.tsa import Tsa, serving

NOTE = "maison.example/receipts\n2\nAAAA\n\n— maison.example/receipts AAAA\n"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    """Serve an authority."""
    with serving(Tsa(tmp_path_factory.mktemp("tsa") / "one")) as served:
        yield served


@pytest.fixture
def authority(tsa: Tsa) -> Iterator[Authority]:
    """Know the authority and its root; it is as it was afterwards."""
    yield Authority(partial(post_query, tsa.url), load_trusted(tsa.ca))
    tsa.answers, tsa.is_refusing = None, False


def test_stamp_says_when_the_note_existed(authority: Authority, tsa: Tsa) -> None:
    """By the authority's clock, verified offline with its root alone."""
    response = authority.stamp(NOTE)

    at = verify_stamp(response, NOTE, load_trusted(tsa.ca))

    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def test_stamp_of_other_bytes_is_refused(authority: Authority) -> None:
    """One digit of the note is enough."""
    response = authority.stamp(NOTE)

    with pytest.raises(StampRejected, match="other bytes"):
        verify_stamp(response, NOTE.replace("2", "3"), authority.trusted)


def test_stamp_of_another_root_is_refused(authority: Authority, tmp_path: Path) -> None:
    """Anybody can be an authority; only the one that is trusted counts."""
    other = Tsa(tmp_path / "other")
    response = authority.stamp(NOTE)

    with pytest.raises(StampRejected):
        verify_stamp(response, NOTE, load_trusted(other.ca))


def test_forged_stamp_is_refused(authority: Authority) -> None:
    """Whatever byte of what is signed, or of the signature, is changed."""
    response = authority.stamp(NOTE)
    refused = 0

    for place in range(40, len(response), 41):
        forged = bytearray(response)
        forged[place] ^= 1
        try:
            at = verify_stamp(bytes(forged), NOTE, authority.trusted)
        except StampRejected:
            refused += 1
        else:  # e.g. a bit of an embedded certificate that is not needed to verify
            assert at == verify_stamp(response, NOTE, authority.trusted)

    assert refused > 30
    with pytest.raises(StampRejected):
        verify_stamp(response[:-1] + bytes([response[-1] ^ 1]), NOTE, authority.trusted)


def test_old_stamp_played_again_is_not_taken(authority: Authority, tsa: Tsa) -> None:
    """The query has a number of its own, and the response repeats it."""
    tsa.answers = authority.stamp(NOTE)

    with pytest.raises(Unavailable, match="no use"):
        authority.stamp(NOTE)


@pytest.mark.parametrize("answer", [b"", b"<html>", bytes(LARGEST + 1)])
def test_answer_that_is_no_stamp_is_not_taken(
    authority: Authority, tsa: Tsa, answer: bytes
) -> None:
    """A gateway's page, or too much of anything."""
    tsa.answers = answer

    with pytest.raises(Unavailable):
        authority.stamp(NOTE)


def test_authority_that_refuses_is_asked_again_later(
    authority: Authority, tsa: Tsa
) -> None:
    """Its status is said, and nothing of what it sent."""
    tsa.is_refusing = True

    with pytest.raises(Unavailable, match="status 503"):
        authority.stamp(NOTE)


def test_authority_that_is_away_is_asked_again_later(tsa: Tsa) -> None:
    """Nobody listens at the port of a closed server."""
    away = Authority(
        partial(post_query, "http://127.0.0.1:1/tsr"), load_trusted(tsa.ca)
    )

    with pytest.raises(Unavailable, match="did not answer"):
        away.stamp(NOTE)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_root_that_is_none_is_refused(tmp_path: Path, content: str | None) -> None:
    """One sentence says what to name instead."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(SetUpError, match="time stamping authority"):
        load_trusted(path)
