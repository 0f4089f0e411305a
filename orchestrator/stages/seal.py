"""
Seal: make the copy's package, and sign statements: interim, final, supplements.

A statement says only what was durable before it was signed: it is made from the
committed case, and stored only if the case has not moved since.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import structlog

from orchestrator.core.answer.copying import label_of
from orchestrator.core.answer.moments import signing_time
from orchestrator.core.answer.statements import (
    final_receipt,
    interim_receipt,
    supplement_receipt,
)
from orchestrator.core.cases import Case, Wants
from orchestrator.core.events import ExportSealed, StatementSigned
from orchestrator.core.words import StatementKind
from orchestrator.engine import Announcement, Engine, Step
from orchestrator.engine.apart import Apart
from orchestrator.ports import (
    Artifact,
    Artifacts,
    Clock,
    CopyPart,
    FinishArtifact,
    Packing,
    PutStatement,
    SignedStatement,
    Store,
    Vault,
)
from schemas.receipts import (
    RECEIPT_MEDIA_TYPE,
    RECEIPT_SEALED,
    TEST_RECEIPT_MEDIA_TYPE,
    receipt_bytes,
)
from schemas.topics import RECEIPTS

log = structlog.get_logger()

AT_ONCE = 100

WANTED = {
    StatementKind.INTERIM: Wants.SEAL_INTERIM,
    StatementKind.FINAL: Wants.SEAL_STATEMENT,
    StatementKind.SUPPLEMENT: Wants.SEAL_SUPPLEMENT,
}
SEALS = frozenset({*WANTED.values(), Wants.SEAL_EXPORT})
MADE_BY = {
    StatementKind.INTERIM: interim_receipt,
    StatementKind.FINAL: final_receipt,
    StatementKind.SUPPLEMENT: supplement_receipt,
}


class Signer(Protocol):
    """Signs bytes as a DSSE envelope."""

    @property
    def key_id(self) -> str:
        """The fingerprint of the key that signs."""

    def sign(self, payload_type: str, payload: bytes) -> bytes:
        """Return the envelope in its one spelling."""


@dataclass(frozen=True, slots=True)
class SealParts:
    """What seal works with; `software` is the version that receipts print."""

    store: Store
    engine: Engine
    vault: Vault
    artifacts: Artifacts
    packing: Packing
    signer: Signer
    test_signer: Signer
    clock: Clock
    software: str


class Seal:
    """Seals copies and statements; several may run: the case row decides."""

    def __init__(self, parts: SealParts, on_signed: Callable[[], None]) -> None:
        """Keep the parts; *on_signed* wakes who sends statements, at once."""
        self._parts = parts
        self._on_signed = on_signed
        self._apart = Apart("seal")

    def turn(self) -> int:
        """Seal what waits for it; returns how many cases moved."""
        wanted, moved = self._parts.store.wanted(SEALS), 0
        if Wants.SEAL_INTERIM in wanted:
            moved += self._sign_statements(StatementKind.INTERIM)
        if Wants.SEAL_EXPORT in wanted:
            moved += self._seal_exports()
        if wanted:
            # What was sealed just now may be all that a statement waited for.
            moved += self._sign_statements(StatementKind.FINAL)
        if Wants.SEAL_SUPPLEMENT in wanted:
            moved += self._sign_statements(StatementKind.SUPPLEMENT)
        return moved

    def _seal_exports(self) -> int:
        """Build the package of each case whose accounts have all exported."""
        cases = self._parts.store.cases_wanting(Wants.SEAL_EXPORT, AT_ONCE)
        return sum(moved for _, moved in self._apart.each(cases, self._seal_export))

    def _seal_export(self, case: Case) -> bool:
        """Build one package, chunk by chunk, and make it the case's."""
        opened = self._parts.vault.open([case.id], "export", [])
        key = opened.keys[case.id]
        now = self._parts.clock.now()
        package = Artifact(
            self._parts.clock.new_id("a"), case.id, "package", None, None, 0, None
        )
        self._parts.artifacts.begin(package, now)
        artifacts = self._parts.artifacts
        parts = [
            CopyPart(str(one.account), one.id, artifacts.get(one.id), kind == "file")
            for kind in ("rows", "file")
            for one in artifacts.complete(case.id, kind)
        ]

        def store(seq: int, sealed: bytes) -> None:
            self._parts.artifacts.put(package.id, seq, sealed)

        label = label_of(case, now)
        digest = self._parts.packing.build(key, package.id, label, parts, store)
        finished = Artifact(
            package.id, case.id, "package", None, None, len(parts), digest
        )
        event = ExportSealed(now, digest, now + case.plan.export_kept_for)
        (moved,) = self._parts.engine.apply(
            [Step(case.id, event, (FinishArtifact(finished),))]
        )
        log.info("export_sealed", case=case.id, count=len(parts))
        return moved

    def _sign_statements(self, kind: StatementKind) -> int:
        """Sign the statement of each case that has come so far; returns how many."""
        cases = self._parts.store.cases_wanting(WANTED[kind], AT_ONCE)
        signed = list(self._apart.each(cases, lambda case: self._signed(case, kind)))
        applied = self._parts.engine.apply([step for _, step in signed])
        if any(applied):
            self._on_signed()
        for (case, _), is_signed in zip(signed, applied, strict=True):
            if is_signed:
                log.info("statement_signed", case=case.id, kind=kind.value)
        return sum(applied)

    def _signed(self, case: Case, kind: StatementKind) -> Step:
        """Return the step that adds the next statement to *case*."""
        now = signing_time(case, self._parts.clock.now())
        number = case.next_number
        statement_id = f"{case.id}-{number}"
        receipt = MADE_BY[kind](case, statement_id, now, self._parts.software)
        signer, media_type = self._signing(case)
        envelope = signer.sign(media_type, receipt_bytes(receipt))
        digest, key_id = sha256(envelope).hexdigest(), signer.key_id
        statement = SignedStatement(
            id=statement_id,
            case=case.id,
            number=number,
            kind=kind.value,
            signed_at=now,
            key_id=key_id,
            sha256=digest,
            envelope=envelope,
            is_rehearsal=bool(case.rehearsal),
        )
        event = StatementSigned(
            at=now,
            number=number,
            kind=kind,
            sha256=digest,
            key_id=key_id,
            case_version=case.version,
        )
        news = Announcement(RECEIPTS, RECEIPT_SEALED, envelope.decode(), case.id)
        # The archive keeps what was done for real, and nothing else.
        told = () if case.rehearsal else (news,)
        return Step(case.id, event, (PutStatement(statement),), told)

    def _signing(self, case: Case) -> tuple[Signer, str]:
        """Return who signs and as what: a rehearsal never looks like a receipt."""
        if case.rehearsal:
            return self._parts.test_signer, TEST_RECEIPT_MEDIA_TYPE
        return self._parts.signer, RECEIPT_MEDIA_TYPE
