"""Encrypted pieces of copies: stored as they come, whole or swept away."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from orchestrator.adapters.sql import tables as t
from orchestrator.core.words import CaseId
from orchestrator.errors import Conflict
from orchestrator.ports import Artifact, DestroyKey, FinishArtifact
from schemas.connecting import TaskId
from tests.contracts.stored import Stored
from tests.core.builders import CRM, DAY, HOUR, MAIL, SECOND, T0

CASE = CaseId("case-1")
ROWS = Artifact("a1", CASE, "rows", MAIL, TaskId("case-1.mail.export"), 0, None)
PACKAGE = Artifact("p1", CASE, "package", None, None, 0, None)


def _finish(
    stored: Stored, artifact: Artifact, at: datetime = T0, **changes: object
) -> Artifact:
    """Begin and finish an artifact of one chunk."""
    stored.artifacts.begin(artifact, at)
    stored.artifacts.put(artifact.id, 0, artifact.id.encode())
    done = replace(artifact, **changes)  # type: ignore[arg-type]
    stored.write(FinishArtifact(done))
    return done


def test_chunks_come_in_order(stored: Stored) -> None:
    """Byte for byte, by number and not by when they were put."""
    stored.artifacts.begin(ROWS, T0)
    chunks = [bytes([n]) * (n + 1) for n in range(12)]
    for seq in (1, 0, *range(11, 1, -1)):
        stored.artifacts.put("a1", seq, chunks[seq])

    assert list(stored.artifacts.get("a1")) == chunks


def test_chunk_put_again_is_replaced(stored: Stored) -> None:
    """A put whose answer was lost is repeated."""
    stored.artifacts.begin(ROWS, T0)
    stored.artifacts.put("a1", 0, b"first")
    stored.artifacts.put("a1", 0, b"again")

    assert list(stored.artifacts.get("a1")) == [b"again"]


def test_unknown_artifact_has_no_chunks(stored: Stored) -> None:
    """Neither has one that was begun and never filled."""
    stored.artifacts.begin(ROWS, T0)

    assert list(stored.artifacts.get("never")) == []
    assert list(stored.artifacts.get("a1")) == []


def test_artifact_begins_once(stored: Stored) -> None:
    """A name that is taken is a conflict: two copies never mix."""
    stored.artifacts.begin(ROWS, T0)

    with pytest.raises(Conflict):
        stored.artifacts.begin(replace(ROWS, case=CaseId("case-2")), T0)


def test_unfinished_artifact_is_not_complete(stored: Stored) -> None:
    """However many chunks it has; only its last step says that it is whole."""
    stored.artifacts.begin(ROWS, T0)
    stored.artifacts.put("a1", 0, b"chunk")

    assert stored.artifacts.complete(CASE, "rows") == []


def test_finished_artifact_is_complete(stored: Stored) -> None:
    """With the rows and the digest that its end told, by case and kind."""
    rows = _finish(stored, ROWS, rows=7)
    other = CaseId("case-2")
    package = _finish(stored, replace(PACKAGE, case=other), sha256="c" * 64)

    assert stored.artifacts.complete(CASE, "rows") == [rows]
    assert stored.artifacts.complete(other, "package") == [package]
    assert stored.artifacts.complete(other, "rows") == []


def test_package_takes_the_place_of_its_rows(stored: Stored) -> None:
    """Once it is whole, nothing else of the case's copy is kept."""
    _finish(stored, ROWS)
    _finish(stored, replace(PACKAGE, id="p0"))
    _finish(stored, replace(ROWS, id="o1", case=CaseId("case-2")))

    package = _finish(stored, PACKAGE)

    assert stored.artifacts.complete(CASE, "package") == [package]
    assert [list(stored.artifacts.get(one)) for one in ("a1", "p0", "p1", "o1")] == [
        *([], []),
        *([b"p1"], [b"o1"]),
    ]


def test_newest_of_each_task_counts(stored: Stored) -> None:
    """A copy that was made again replaces the earlier one, by time and then by id."""
    other = replace(ROWS, account=CRM, task=TaskId("case-1.crm.export"))
    _finish(stored, replace(ROWS, id="a5"), T0 + HOUR, rows=5)
    _finish(stored, replace(ROWS, id="a6"), T0 + HOUR, rows=6)
    _finish(stored, replace(ROWS, id="a7"), T0, rows=7)
    _finish(stored, replace(other, id="b1"), T0, rows=1)

    found = stored.artifacts.complete(CASE, "rows")

    assert {(one.task, one.rows) for one in found} == {(ROWS.task, 6), (other.task, 1)}


def test_artifact_that_is_gone_cannot_be_finished(stored: Stored) -> None:
    """Its chunks are gone too: a copy without them must not count as made."""
    stored.artifacts.begin(ROWS, T0)
    stored.artifacts.drop_unfinished(T0 + DAY)

    with pytest.raises(LookupError):
        stored.write(FinishArtifact(ROWS))


def test_chunk_of_an_artifact_that_is_gone_is_refused(stored: Stored) -> None:
    """Nobody would ever delete it."""
    stored.artifacts.begin(ROWS, T0)
    stored.artifacts.drop_unfinished(T0 + DAY)

    with pytest.raises(Conflict):
        stored.artifacts.put("a1", 1, b"late")

    assert stored.count(t.chunks) == 0


def test_what_was_never_finished_is_swept_away(stored: Stored) -> None:
    """Only what is older than the time given, with its chunks; it says how many."""
    for number, at in enumerate((T0 - SECOND, T0, T0 - HOUR)):
        stored.artifacts.begin(replace(ROWS, id=f"a{number}"), at)
        stored.artifacts.put(f"a{number}", 0, b"chunk")
    done = _finish(stored, replace(ROWS, id="a9"), T0 - DAY)

    first = stored.artifacts.drop_unfinished(T0)
    second = stored.artifacts.drop_unfinished(T0)

    assert (first, second) == (2, 0)
    assert stored.artifacts.complete(CASE, "rows") == [done]
    left = {id_: list(stored.artifacts.get(id_)) for id_ in ("a0", "a1", "a2", "a9")}
    assert left == {"a0": [], "a1": [b"chunk"], "a2": [], "a9": [b"a9"]}


def test_destroyed_export_key_takes_the_copy_along(stored: Stored) -> None:
    """Rows and package of that case, finished or not, and no other case's."""
    other = replace(ROWS, id="o1", case=CaseId("case-2"))
    for artifact in (PACKAGE, ROWS, other):
        _finish(stored, artifact)
    stored.artifacts.begin(replace(ROWS, id="a2"), T0)
    stored.artifacts.put("a2", 0, b"chunk")

    stored.write(DestroyKey(CASE, "identity"))
    after_identity = stored.count(t.artifacts)
    stored.write(DestroyKey(CASE, "export"))

    assert after_identity == 4
    assert [stored.count(table) for table in (t.artifacts, t.chunks)] == [1, 1]
    assert list(stored.artifacts.get("o1")) == [b"o1"]


def test_evidence_outlives_the_copy(stored: Stored) -> None:
    """Neither a package nor the end of the export key takes a person's file along."""
    _finish(stored, replace(ROWS, id="e1", kind="evidence"))
    _finish(stored, ROWS)

    _finish(stored, PACKAGE)
    stored.write(DestroyKey(CASE, "export"))

    assert stored.count(t.artifacts) == 1
    assert list(stored.artifacts.get("e1")) == [b"e1"]


def test_destroyed_evidence_key_takes_its_own_file_along(stored: Stored) -> None:
    """And no other, of the same task or not."""
    _finish(stored, replace(ROWS, id="e1", kind="evidence"))
    _finish(stored, replace(ROWS, id="e2", kind="evidence"))

    stored.write(DestroyKey("e1", "evidence"))

    assert list(stored.artifacts.get("e1")) == []
    assert list(stored.artifacts.get("e2")) == [b"e2"]
