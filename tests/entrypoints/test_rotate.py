"""`erasure keys rotate` and `prune`, on an installation and beside one that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.fakes.every import Street, every_fake
from connectors.fakes.serving import serve
from orchestrator.adapters.keys.directory import load_keys
from orchestrator.adapters.keys.signing import DsseSigner
from orchestrator.bootstrap.installation import Installation
from orchestrator.entrypoints.starting import remember_keys
from schemas.receipts import RECEIPT_MEDIA_TYPE, TEST_RECEIPT_MEDIA_TYPE
from tests.support.finished import a_request_file, running, until
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission, settle_in

ADA, BOB = Human(1), Human(2)


def _started_now(installation: AnInstallation) -> Installation:
    """Return the parts of a process that starts now."""
    return Installation(installation.parts.settings)


def _without_retired_keys(installation: AnInstallation) -> None:
    """Lose the retired keys, as pruning does."""
    for path in installation.keys.glob("retired-kek-*"):
        path.unlink()


def test_all_is_readable_without_the_old_key(installation: AnInstallation) -> None:
    """Identifiers, a request that waits and a refused one are under the new key."""
    case = installation.a_case(ADA)
    installation.publish(a_submission(BOB, controller="nobody"))
    installation.ingest()
    (refused,) = installation("quarantine", "list", "--json").data
    installation.publish(a_submission(BOB))

    ran = installation("keys", "rotate")
    _without_retired_keys(installation)

    assert ran.code == 0, ran.err
    # A data key for each purpose; the payload; the request that waits, in two parts,
    # and so the one of the open case.
    assert "values were brought under the new key." in ran.out
    parts = _started_now(installation)
    assert parts.vault.open([case], "identity").named(case, "identifiers:")
    assert installation("quarantine", "show", refused["id"]).code == 0
    parts.ingest(parts.consumer(), lambda: None).turn(0)
    assert len(installation("case", "list", "--json").data) == 2
    assert installation("config", "check").code == 0
    parts.close()


def test_exchange_that_was_cut_short_is_ended_first(
    installation: AnInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run again, it makes no further key."""
    installation.a_case(ADA)
    with monkeypatch.context() as patched:
        patched.setattr(
            "orchestrator.adapters.vault.rekeying.SqlRekeying._store", _dies
        )
        assert installation("keys", "rotate").code != 0
    between = (installation.keys / "kek.key").read_bytes()
    refused = installation("keys", "prune")

    ran = installation("keys", "rotate")

    assert (refused.code, refused.err.split(";")[0]) == (
        1,
        "Something is still sealed under a retired key",
    )
    assert ran.out.startswith("An earlier exchange was not finished")
    assert (installation.keys / "kek.key").read_bytes() == between
    assert len(list(installation.keys.glob("retired-kek-*"))) == 1


def _dies(*_: object) -> None:
    raise RuntimeError


def test_fresh_exchange_is_not_pruned(installation: AnInstallation) -> None:
    """Something sealed before may still be on its way."""
    installation("keys", "rotate")

    ran = installation("keys", "prune", "--told")

    assert ran.code == 1
    assert "ask again after" in ran.err
    assert list(installation.keys.glob("retired-kek-*"))


def test_nothing_is_pruned_before_publishers_were_told(
    installation: AnInstallation,
) -> None:
    """What they seal to the old key would open no more."""
    installation("keys", "rotate")

    ran = installation("keys", "prune")

    assert ran.code == 1
    assert "--told" in ran.err


def test_nothing_is_pruned_while_a_request_is_quarantined(
    installation: AnInstallation,
) -> None:
    """Whom it is about may be sealed to the retired key, and nobody can see that."""
    installation.publish(a_submission(Human(1), controller="nobody"))
    installation.ingest()
    installation("keys", "rotate")

    ran = installation("keys", "prune", "--told")

    assert ran.code == 1
    assert "rule on each" in ran.err


def test_nothing_to_prune_is_said(installation: AnInstallation) -> None:
    """There is one key, and it stays."""
    ran = installation("keys", "prune")

    assert (ran.code, ran.out) == (0, "There is no retired key-encryption key.\n")


def test_prepared_key_opens_and_seals_nothing(installation: AnInstallation) -> None:
    """The systems of one's own can be told of its public half already."""
    before = (installation.keys / "kek.key").read_bytes()

    ran = installation("keys", "rotate", "--prepare")

    assert ran.code == 0, ran.err
    assert (installation.keys / "kek.key").read_bytes() == before
    uses = [row["use"] for row in installation("keys", "show", "--json").data]
    assert uses[-1] == "next or before: opens too"


def test_old_receipts_verify_after_the_signing_key_went(
    installation: AnInstallation,
) -> None:
    """By this installation, and by whoever holds the exported keys."""
    remember_keys(installation.parts)
    ring = load_keys(installation.keys)
    receipt = installation.folder / "r.dsse.json"
    signer = DsseSigner(ring.signing_key, ring.signing_key_id)
    receipt.write_bytes(signer.sign(RECEIPT_MEDIA_TYPE, b'{"result":"complete"}'))
    public = installation.folder / "public"

    ran = installation("keys", "rotate", "--signing")
    exported = installation("keys", "export-public", "--all", "--to", public)

    assert (ran.code, exported.code) == (0, 0), ran.err + exported.err
    assert load_keys(installation.keys).signing_key_id != ring.signing_key_id
    assert installation("receipt", "verify", receipt).code == 0
    assert installation("receipt", "verify", receipt, "--key", public).code == 0
    ours = _the_new_one(public, installation)
    assert installation("receipt", "verify", receipt, "--key", ours).code == 1
    assert "names and signatures" in installation("config", "check").out
    assert installation("config", "check").code == 0


def _the_new_one(public: Path, installation: AnInstallation) -> Path:
    return public / f"{load_keys(installation.keys).signing_key_id[:8]}.pem"


def test_keys_are_exchanged_while_a_process_runs(tmp_path: Path) -> None:
    """What it opened before it finishes after, and what comes then as well."""
    fakes = every_fake()
    settle_in(fakes, [ADA, BOB])
    with serve(Street(fakes)) as url:
        made = AnInstallation(tmp_path, url=url)
        files = [a_request_file(tmp_path, human) for human in (ADA, BOB)]
        with running(made) as process:
            assert made("request", "publish", files[0]).code == 0
            until(lambda: _cases(made) == 1, made, process)
            rotated = made("keys", "rotate")
            assert made("request", "publish", files[1]).code == 0
            until(lambda: _cases(made, "closed") == 2, made, process)
        log = (tmp_path / "process.log").read_text()
        made.close()

    assert rotated.code == 0, rotated.err
    assert "VaultError" not in log
    assert process.returncode == 0


def test_next_receipt_of_a_running_process_is_signed_by_the_next_key(
    tmp_path: Path,
) -> None:
    """No restart: statement and checkpoint change keys together, and both verify."""
    fakes = every_fake()
    settle_in(fakes, [ADA, BOB])
    with serve(Street(fakes)) as url:
        made = AnInstallation(tmp_path, url=url)
        files = [a_request_file(tmp_path, human) for human in (ADA, BOB)]
        with running(made) as process:
            assert made("request", "publish", files[0]).code == 0
            until(lambda: _logged(made) == 1, made, process)
            before = load_keys(made.keys).signing_key_id
            rotated = made("keys", "rotate", "--signing")
            assert made("request", "publish", files[1]).code == 0
            until(lambda: _logged(made) == 2, made, process)
        checked = made("log", "check")
        head = made("log", "checkpoint", "--json").data
        public = tmp_path / "public"
        made("keys", "export-public", "--all", "--to", public)
        signed = {one["key_id"]: one["id"] for one in _receipts(made)}
        verified = [_verified(made, id_, public) for id_ in signed.values()]
        after = load_keys(made.keys).signing_key_id
        made.close()

    assert (rotated.code, "restart" in rotated.out.lower()) == (0, False)
    assert set(signed) == {before, after}
    assert verified == [0, 0]
    assert (checked.code, head["key_id"]) == (0, after)


def _logged(installation: AnInstallation) -> int:
    """Count the receipts in the log."""
    return int(installation("status", "--json").data["logged"])


def _receipts(installation: AnInstallation) -> list[dict[str, str]]:
    """List the signed receipts."""
    found: list[dict[str, str]] = installation("receipt", "list", "--json").data
    return found


def _verified(installation: AnInstallation, receipt: str, public: Path) -> int:
    """Download a receipt, verify it with the exported keys, return the exit code."""
    folder = installation.folder / "receipts"
    said = installation("receipt", "download", receipt, "--to", folder).out
    file = said.splitlines()[0]
    return installation("receipt", "verify", file, "--key", public).code


def test_test_key_is_exchanged_too(installation: AnInstallation) -> None:
    """Old tests still verify as tests; the key of receipts stays as it is."""
    ring = load_keys(installation.keys)
    path = installation.folder / "t.dsse.json"
    signer = DsseSigner(ring.test_signing_key, ring.test_signing_key_id)
    path.write_bytes(signer.sign(TEST_RECEIPT_MEDIA_TYPE, b'{"result":"complete"}'))
    public = installation.folder / "public"

    both = installation("keys", "rotate", "--signing", "--test-signing")
    ran = installation("keys", "rotate", "--test-signing")
    installation("keys", "export-public", "--all", "--to", public)

    after = load_keys(installation.keys)
    assert (both.code, ran.code) == (2, 0), ran.err
    assert after.test_signing_key_id != ring.test_signing_key_id
    assert after.signing_key_id == ring.signing_key_id
    verify = ("receipt", "verify", path, "--test")
    assert installation(*verify).code == 0
    assert installation(*verify, "--key", public).code == 0


def test_receipt_by_the_test_key_is_none(installation: AnInstallation) -> None:
    """Whoever has only the key of tests cannot make a receipt that verifies."""
    ring = load_keys(installation.keys)
    path, public = installation.folder / "f.dsse.json", installation.folder / "public"
    signer = DsseSigner(ring.test_signing_key, ring.test_signing_key_id)
    path.write_bytes(signer.sign(RECEIPT_MEDIA_TYPE, b'{"result":"complete"}'))
    installation("keys", "export-public", "--all", "--to", public)

    runs = [
        installation("receipt", "verify", path),
        installation("receipt", "verify", path, "--key", public),
    ]

    assert [ran.code for ran in runs] == [1, 1]


def _cases(installation: AnInstallation, status: str | None = None) -> int:
    """Count the cases, or those of a status."""
    cases = installation("case", "list", "--json").data
    return len([one for one in cases if status in (None, one["status"])])
