"""What is known of a person, out of the vault or out of the batch that just came."""

from __future__ import annotations

from orchestrator.core.answer.dossier import ALL_IDENTIFIERS, load_identifiers
from orchestrator.core.words import CaseId
from orchestrator.ports import OpenVault
from orchestrator.stages.ingest.batch import Batch
from orchestrator.stages.ingest.opening import IngestParts
from schemas.connecting import Identifier


def identity_of(
    parts: IngestParts, batch: Batch, case: CaseId
) -> tuple[OpenVault, frozenset[Identifier]]:
    """Return a case's open vault and whom it knows, of this batch or of earlier."""
    if case not in batch.people:
        vault = parts.vault.open([case], "identity", [ALL_IDENTIFIERS])
        known = load_identifiers(vault.named(case, ALL_IDENTIFIERS).values())
        batch.people[case] = vault, frozenset(known)
    return batch.people[case]
