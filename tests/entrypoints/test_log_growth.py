"""`erasure log prove-growth`: a kept checkpoint is how the log of today begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from orchestrator.adapters.sql import tables as t
from tests.support.installation import AnInstallation
from tests.support.logged_answers import log_answers


def _kept(installation: AnInstallation) -> Path:
    """Keep the newest checkpoint as it is printed."""
    note = installation("log", "checkpoint").out
    path = installation.folder / f"kept-{note.splitlines()[1]}.note"
    path.write_text(note, encoding="utf-8")
    return path


def _proven(installation: AnInstallation, kept: Path) -> Path:
    """Prove that the log grew from *kept*."""
    path = installation.folder / "growth"
    ran = installation("log", "prove-growth", kept, "--to", path)
    assert (ran.code, ran.out) == (0, f"{path}\n"), ran.err
    return path


@pytest.fixture
def key(installation: AnInstallation) -> Path:
    """Export the public key."""
    path = installation.folder / "public.pem"
    installation.parts.keys.export_public(path)
    return path


def test_every_kept_checkpoint_is_shown_to_be_the_beginning(
    installation: AnInstallation, key: Path
) -> None:
    """Whatever its size, up to today's own; the verifier needs no database."""
    kept = []
    for number in range(1, 8):
        log_answers(installation, number)
        kept.append(_kept(installation))

    for size, path in enumerate(kept, start=1):
        proof = _proven(installation, path)
        args = ("log", "verify-growth", proof, "--from", path, "--key", key, "--json")
        said = installation(*args, ERASURE_DATABASE_URL="sqlite:////nowhere/a.db").data
        assert (said["size_then"], said["size_now"]) == (size, 7)


def test_file_is_what_a_witness_takes(installation: AnInstallation) -> None:
    """c2sp.org/tlog-witness: old size, hashes, an empty line, the newer checkpoint."""
    log_answers(installation, 1, 2, 3)
    kept = _kept(installation)
    log_answers(installation, 4, 5)

    text = _proven(installation, kept).read_text(encoding="utf-8")

    head, _, note = text.partition("\n\n")
    assert head.splitlines()[0] == "old 3"
    assert all(len(line) == 44 for line in head.splitlines()[1:])
    assert note == installation("log", "checkpoint").out
    assert installation("log", "prove-growth", kept).out == text


def test_altered_proof_shows_nothing(installation: AnInstallation, key: Path) -> None:
    """One hash fewer, changed or more, another size or note: exit 1, one sentence."""
    log_answers(installation, 1, 2, 3)
    kept = _kept(installation)
    log_answers(installation, 4, 5)
    proof = _proven(installation, kept)
    good = proof.read_text(encoding="utf-8")
    head, _, note = good.partition("\n\n")
    old, first, *rest = head.splitlines()
    flipped = ("B" if first[0] == "A" else "A") + first[1:]
    texts = {
        "fewer": "\n".join([old, *rest]) + f"\n\n{note}",
        "changed": "\n".join([old, flipped, *rest]) + f"\n\n{note}",
        "more": "\n".join([old, first, first, *rest]) + f"\n\n{note}",
        "size": good.replace("old 3", "old 2"),
        "note": good.replace("\n5\n", "\n4\n"),
        "none": "old\n",
    }

    for what, text in texts.items():
        assert text != good, what
        proof.write_text(text, encoding="utf-8")
        ran = installation("log", "verify-growth", proof, "--from", kept, "--key", key)
        assert (ran.code, ran.out, len(ran.sentences)) == (1, "", 1), what


def test_rewritten_log_is_not_proven(installation: AnInstallation) -> None:
    """An entry that changed since: no proof, and the sentence says where to look."""
    log_answers(installation, 1, 2, 3)
    kept = _kept(installation)
    log_answers(installation, 4)
    changed = update(t.log_entries).where(t.log_entries.c.number == 1)
    with installation.parts.database.writing() as connection:
        connection.execute(changed.values(leaf=bytes(32)))

    ran = installation("log", "prove-growth", kept)

    assert (ran.code, ran.out, len(ran.sentences)) == (1, "", 1)
    assert "log check --against" in ran.err


def test_checkpoint_of_a_longer_log_is_not_its_beginning(
    installation: AnInstallation,
) -> None:
    """What signs more than there is was kept before something was lost."""
    log_answers(installation, 1)
    kept = _kept(installation)
    text = kept.read_text(encoding="utf-8").replace("\n1\n", "\n9\n")
    kept.write_text(text, encoding="utf-8")

    assert installation("log", "prove-growth", kept).code == 1
