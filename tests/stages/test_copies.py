"""What a copy is made of: packed once, and never added to afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import cast
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from orchestrator.adapters.copies.packing import ZipPacking
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.vault.artifacts import SqlArtifacts
from orchestrator.adapters.vault.sealed_chunks import open_chunks
from orchestrator.core.cases import Case
from orchestrator.core.events import ExportSealed, ItemsLocated
from orchestrator.engine import Step as Applied
from orchestrator.errors import Conflict
from orchestrator.ports import Artifact, DestroyKey, FinishArtifact
from orchestrator.stages.seal import Seal, SealParts, Signer
from schemas.connecting import (
    Action,
    Exported,
    Mode,
    Provenance,
    Row,
)
from tests.core.builders import (
    ACCESS,
    CASE,
    CRM,
    DAY,
    MAIL,
    T0,
    a_plan,
    an_account,
    an_item,
    an_opening,
    reported,
    task_of,
)
from tests.stages.an_office import Office

ROW = Row("profile", Provenance.PROVIDED, "ref-1", {"n": 1})


def _copying(office: Office, *accounts: str) -> Case:
    """Open a case whose accounts are found to hold a record each."""
    planned = [an_account(MAIL), an_account(CRM, mode=Mode.OFF)]
    opening = an_opening(rights=ACCESS)
    office.open([opening], a_plan(*planned[: len(accounts) or 1]))
    _tell(office, Action.LOCATE, ItemsLocated((an_item("i-1"),)))
    return office.case(CASE)


def _tell(
    office: Office,
    action: Action,
    report: Exported | ItemsLocated,
    *writes: FinishArtifact,
) -> None:
    """Claim a task of the mail account and let it report."""
    office.claims.register([MAIL])
    now = office.clock.now()
    office.claims.acquire([MAIL], "w", now, now + DAY, by_force=True)
    (epoch,) = (one.epoch for one in office.claims.accounts())
    office.claims.claim({MAIL: 9}, {MAIL: epoch}, "w", now, lambda _: [], {})
    event = reported(office.case(CASE), MAIL, action, report, epoch=epoch)
    assert office.engine.apply([Applied(CASE, event, writes)]) == [True]


def _a_seal(office: Office) -> Seal:
    parts = SealParts(
        store=office.store,
        engine=office.engine,
        vault=office.vault,
        artifacts=SqlArtifacts(office.database),
        packing=ZipPacking(),
        signer=cast("Signer", None),  # only copies are sealed here
        test_signer=cast("Signer", None),
        clock=office.clock,
        software="1",
    )
    return Seal(parts, lambda: None)


def _copied(office: Office, *accounts: str) -> None:
    """Let the mail account deliver one row into an artifact."""
    case = _copying(office, *accounts)
    artifacts, packing = SqlArtifacts(office.database), ZipPacking()
    task = task_of(case, MAIL, Action.EXPORT)
    rows = Artifact("a-rows", CASE, "rows", MAIL, task.id, 1, None)
    artifacts.begin(rows, T0)
    key = office.vault.open([CASE], "export", []).keys[CASE]
    sealer = packing.sealer(key, rows.id, lambda n, s: artifacts.put(rows.id, n, s))
    sealer.write(packing.line(ROW))
    sealer.close()
    _tell(office, Action.EXPORT, Exported(1), FinishArtifact(rows))


def _sealed_export(office: Office) -> None:
    seal_exports: Callable[[], int] = _a_seal(office)._seal_exports  # noqa: SLF001 (signs nothing)
    assert seal_exports() == 1


def test_rows_go_once_the_package_is_the_cases(office: Office) -> None:
    """The copy lies in the database once: what it was packed of is dropped with it."""
    _copied(office)

    _sealed_export(office)

    with office.database.reading() as connection:
        kinds = connection.execute(select(t.artifacts.c.id, t.artifacts.c.kind)).all()
        of = set(connection.execute(select(t.chunks.c.artifact)).scalars())
    assert [row.kind for row in kinds] == ["package"]
    assert of == {row.id for row in kinds}


def test_package_names_accounts_that_gave_nothing_and_recipients(
    office: Office,
) -> None:
    """A sealed copy lists every account that was asked for one, and whose it is."""
    _copied(office, "mail", "crm")

    _sealed_export(office)

    artifacts = SqlArtifacts(office.database)
    (package,) = artifacts.complete(CASE, "package")
    key = office.vault.open([CASE], "export", []).keys[CASE]
    whole = b"".join(open_chunks(key, package.id, artifacts.get(package.id)))
    with ZipFile(BytesIO(whole)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        recipients = json.loads(archive.read("recipients.json"))["recipients"]
    assert [(a["account"], a["outcome"], a["rows"]) for a in manifest["accounts"]] == [
        ("mail", "exported", 1),
        ("crm", "not_applicable", 0),
    ]
    assert manifest["accounts"][1]["reasons"] == ["account_off"]
    assert [(one["legal_name"], one["accounts"]) for one in recipients] == [
        ("crm Inc.", ["crm"]),
        ("mail Inc.", ["mail"]),
    ]


def test_rows_stay_if_the_package_is_not_the_cases(office: Office) -> None:
    """A second sealer that comes too late drops nothing."""
    _copied(office)
    stale = Artifact("a-p", CASE, "package", None, None, 1, "0" * 64)
    SqlArtifacts(office.database).begin(stale, T0)
    late = ExportSealed(T0, "0" * 64, T0 + DAY)

    _sealed_export(office)
    applied = office.engine.apply([Applied(CASE, late, (FinishArtifact(stale),))])

    assert applied == [False]
    kept = SqlArtifacts(office.database).complete(CASE, "package")
    assert [one.id for one in kept] != ["a-p"]


def test_chunk_of_a_shredded_copy_is_not_stored(office: Office) -> None:
    """An export still under way when its key goes leaves no row behind."""
    _copying(office)
    artifacts = SqlArtifacts(office.database)
    rows = Artifact("a-rows", CASE, "rows", MAIL, None, 0, None)
    artifacts.begin(rows, T0)
    artifacts.put(rows.id, 0, b"sealed")
    with office.store.transaction() as transaction:
        transaction.write([DestroyKey(CASE, "export")], T0)

    with pytest.raises(Conflict):
        artifacts.put(rows.id, 1, b"sealed")

    with office.database.reading() as connection:
        assert connection.execute(select(t.chunks)).all() == []
