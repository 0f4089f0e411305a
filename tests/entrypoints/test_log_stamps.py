"""`erasure log` with time stamps of an authority outside."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from orchestrator.adapters.sql import tables as t
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.words import CaseId
from orchestrator.errors import Unavailable
from orchestrator.ports import PutStatement, SignedStatement
from orchestrator.stages.stamp import EVERY, Stamper
from schemas.receipts import RECEIPT_MEDIA_TYPE
from tests.adapters.test_receipts_documented import blocks
from tests.support.clock import FrozenClock
from tests.support.command import Ran, erasure
from tests.support.installation import AnInstallation
from tests.support.tsa import Tsa, serving


class Stamped:
    """An installation with an authority, and a checkpoint file in a folder."""

    def __init__(self, installation: AnInstallation, tsa: Tsa) -> None:
        self.installation, self.tsa = installation, tsa
        self.file = installation.folder / "checkpoints.jsonl"
        self.env = {
            "ERASURE_TSA_URL": tsa.url,
            "ERASURE_TSA_CA_FILE": str(tsa.ca),
            "ERASURE_CHECKPOINT_FILE": str(self.file),
        }
        settings = installation.parts.settings.model_copy(
            update={
                "tsa_url": tsa.url,
                "tsa_ca_file": tsa.ca,
                "checkpoint_file": self.file,
            }
        )
        self.parts = Installation(settings)

    def __call__(self, *args: object, **env: str) -> Ran:
        """Run `erasure`."""
        return erasure(*args, env={**self.installation.env, **self.env, **env})

    def answer(self, number: int) -> None:
        """Sign the final statement of a case now, and append it to the log."""
        now = datetime.now(UTC)
        said = json.dumps({"number": number}).encode()
        statement = SignedStatement(
            id=f"c-{number}-1",
            case=CaseId(f"c-{number}"),
            number=1,
            kind="final",
            signed_at=now,
            key_id=self.parts.signer.key_id,
            sha256="0" * 64,
            envelope=self.parts.signer.sign(RECEIPT_MEDIA_TYPE, said),
        )
        with self.parts.store.transaction() as transaction:
            transaction.write([PutStatement(statement)], now)
        assert self.parts.sequencer(lambda: None).turn() == 1

    def stamp(self) -> int:
        """Let the authority stamp the newest checkpoint, as a new process would."""
        stamper = self.parts.stamper()
        assert stamper is not None
        return stamper.turn()

    def change(self, **values: object) -> None:
        """Change what the database says of its checkpoints."""
        with self.parts.database.writing() as connection:
            connection.execute(update(t.log_checkpoints).values(**values))


@pytest.fixture
def stamped(installation: AnInstallation) -> Iterator[Stamped]:
    """Lend an installation that has checkpoints stamped."""
    with serving(Tsa(installation.folder / "tsa")) as tsa:
        made = Stamped(installation, tsa)
        yield made
        made.parts.close()


def _facts(ran: Ran) -> tuple[int, int, int, list[str]]:
    """Return code, good stamps, statements stamped, and faults of a check."""
    codes = [one["code"] for one in ran.data["faults"]]
    return ran.code, ran.data["stamps"], ran.data["stamped_size"], codes


def test_newest_checkpoint_is_stamped_and_checked(stamped: Stamped) -> None:
    """One stamp covers everything before it; each head is stamped once."""
    stamped.answer(1)
    stamped.answer(2)

    turns = [stamped.stamp(), stamped.stamp()]
    stamped.answer(3)
    ran = stamped("log", "check", "--json")

    assert (turns, stamped.tsa.asked) == ([1, 0], 1)
    assert _facts(ran) == (0, 1, 2, [])
    at = datetime.fromisoformat(ran.data["stamped_at"])
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def test_receipt_is_proven_with_its_time(stamped: Stamped) -> None:
    """Offline, with the public key and the authority's root; openssl agrees."""
    stamped.answer(1)
    stamped.stamp()
    stamped.answer(2)
    folder = stamped.installation.folder
    proof, tsr, key = folder / "ID.tlog-proof", folder / "ID.tsr", folder / "public.pem"
    stamped.parts.keys.export_public(key)
    receipt = stamped("receipt", "download", "c-1", "--to", folder).out.splitlines()[0]

    proven = stamped("log", "prove", "c-1", "--to", proof, "--stamp", tsr)
    verify = ("log", "verify", receipt, "--key", key, "--proof", proof)
    ran = stamped(*verify, "--stamp", tsr, "--tsa-ca", stamped.tsa.ca, "--json")
    unproven = stamped("log", "prove", "c-2", "--stamp", folder / "2.tsr")

    assert (proven.code, ran.code, ran.data["size"]) == (0, 0, 1), ran.err
    assert "stamped_at" in ran.data
    assert (unproven.code, "has a time stamp" in unproven.err) == (1, True)
    (folder / "ca.pem").write_bytes(stamped.tsa.ca.read_bytes())
    documented = blocks("sh")[3]
    subprocess.run([*("sh", "-ec"), documented], cwd=folder, check=True)


def test_note_and_stamp_lie_beside_the_checkpoint_file(stamped: Stamped) -> None:
    """They outlive the database, and openssl alone verifies them."""
    stamped.answer(1)
    stamped.stamp()

    folder = stamped.file.with_name(f"{stamped.file.name}.stamps")

    assert sorted(one.name for one in folder.iterdir()) == ["1.note", "1.tsr"]
    assert _openssl_verifies(folder / "1.note", folder / "1.tsr", stamped.tsa.ca)


def test_other_root_or_note_is_refused(stamped: Stamped) -> None:
    """By `check`, and by whoever holds receipt, proof and stamp."""
    stamped.answer(1)
    stamped.stamp()
    folder = stamped.installation.folder
    other = Tsa(folder / "other").ca
    key, proof, tsr = folder / "k.pem", folder / "p", folder / "s"
    stamped.parts.keys.export_public(key)
    receipt = stamped("receipt", "download", "c-1", "--to", folder).out.splitlines()[0]
    stamped("log", "prove", "c-1", "--to", proof, "--stamp", tsr)
    stamped.answer(2)
    later = folder / "later"
    stamped("log", "prove", "c-1", "--to", later)

    check = stamped("log", "check", "--tsa-ca", other, "--json")
    verify = ("log", "verify", receipt, "--key", key, "--stamp", tsr)
    runs = [
        stamped(*verify, "--proof", proof, "--tsa-ca", other),
        stamped(*verify, "--proof", later, "--tsa-ca", stamped.tsa.ca),
        stamped(*verify, "--proof", proof),
    ]

    assert _facts(check) == (1, 0, 0, ["stamp_rejected"])
    assert [ran.code for ran in runs] == [1, 1, 2]


def test_altered_stamp_and_altered_time_show(stamped: Stamped) -> None:
    """Other bytes, and a checkpoint that says a later time than its stamp."""
    stamped.answer(1)
    stamped.stamp()
    with stamped.parts.database.reading() as connection:
        good = connection.execute(select(t.log_checkpoints.c.stamp)).scalar_one()

    stamped.change(stamp=good[:-1] + bytes([good[-1] ^ 1]))
    forged = stamped("log", "check", "--json")
    stamped.change(stamp=good, signed_at=datetime.now(UTC) + timedelta(days=1))
    early = stamped("log", "check", "--json")

    assert _facts(forged) == (1, 0, 0, ["stamp_rejected"])
    assert _facts(early) == (1, 0, 0, ["stamped_before_it_was_signed"])


def test_stamps_are_not_called_good_unless_verified(stamped: Stamped) -> None:
    """Without the authority's root it is said, and nothing is counted."""
    stamped.answer(1)
    stamped.stamp()

    ran = stamped("log", "check", "--json", ERASURE_TSA_URL="", ERASURE_TSA_CA_FILE="")

    assert _facts(ran) == (0, 0, 0, [])
    assert "not verified" in ran.err


def test_authority_without_its_root_is_refused(stamped: Stamped) -> None:
    """Nobody could verify what it signs."""
    ran = stamped("config", "show", ERASURE_TSA_CA_FILE="")

    assert (ran.code, "ERASURE_TSA_CA_FILE" in ran.err) == (2, True)


class _Away:
    """An authority that does not answer at first."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def stamp(self, note: str) -> bytes:
        """Answer the second time."""
        self.asked.append(note)
        if len(self.asked) == 1:
            raise Unavailable("The authority is away.")
        return b"stamp"


def test_authority_that_is_away_delays_nothing(stamped: Stamped) -> None:
    """Receipts enter the log; a minute later the head of then is stamped instead."""
    clock, authority = FrozenClock(), _Away()
    stamper = Stamper(stamped.parts.stamps, authority, clock)
    stamped.answer(1)

    with pytest.raises(Unavailable):
        stamper.turn()
    stamped.answer(2)
    at_once = stamper.turn()
    clock.advance(timedelta(seconds=EVERY))
    later = stamper.turn()

    assert (at_once, later, len(authority.asked)) == (0, 1, 2)
    assert [one.size for one in stamped.parts.stamps.all()] == [2]


def _openssl_verifies(note: Path, tsr: Path, ca: Path) -> bool:
    """Ask openssl."""
    ran = subprocess.run(
        [*("openssl", "ts", "-verify"), "-data", note, "-in", tsr, "-CAfile", ca],
        capture_output=True,
        check=False,
    )
    return ran.returncode == 0
