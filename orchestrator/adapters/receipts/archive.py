"""
Receipts as an archive keeps them: files, read back after a backup was restored.

Read tolerantly: a receipt of another version of this program has members that this one
does not know.  Nothing here is verified but the envelope's spelling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.adapters.keys.signing import (
    LARGEST_ENVELOPE,
    ReceiptRejected,
    read_envelope,
)
from orchestrator.core.answer.merkle import leaf_hash
from orchestrator.core.words import Result, StatementKind
from orchestrator.errors import SetUpError
from schemas.fields import UtcInstant
from schemas.receipts import RECEIPT_MEDIA_TYPE


class _Tolerant(BaseModel):
    """A part of a receipt, of which more may be there."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class SaidTimes(_Tolerant):
    """When the receipt says that it was signed."""

    signed_at: UtcInstant | None = None


class SaidOwed(_Tolerant):
    """What a receipt says is still to happen."""

    what: str
    account: str
    due_on: date | None = None


class SaidKept(_Tolerant):
    """Records that a law kept until a day."""

    record_class: str
    rule: str
    until: date


class SaidLine(_Tolerant):
    """What a receipt says of one account; of a supplement, what it had kept."""

    account: str
    was_kept: tuple[SaidKept, ...] | None = None


class Said(_Tolerant):
    """What must be known of a receipt to follow it."""

    statement_id: str
    number: int
    kind: StatementKind
    result: Result
    request_id: str
    case_id: str
    times: SaidTimes
    lines: tuple[SaidLine, ...] = ()
    owed: tuple[SaidOwed, ...] = ()


@dataclass(frozen=True, slots=True)
class Archived:
    """A receipt that an archive kept."""

    said: Said
    key_id: str
    envelope: bytes = field(repr=False)

    @property
    def leaf(self) -> str:
        """Its hash as the log has it, in hex."""
        return leaf_hash(self.envelope).hex()

    @property
    def sha256(self) -> str:
        """The digest by which events name it."""
        return sha256(self.envelope).hexdigest()


def read_archived(envelope: bytes) -> Archived | None:
    """Take a receipt apart; None if it is none of a real case."""
    try:
        parts = read_envelope(envelope)
        said = Said.model_validate_json(parts.payload)
    except (ReceiptRejected, ValidationError):
        return None
    if parts.payload_type != RECEIPT_MEDIA_TYPE:
        return None
    return Archived(said, parts.key_id, envelope)


def archived_in(folder: Path) -> Iterator[Archived]:
    """Yield every receipt below *folder*; raises `SetUpError` if there is none such."""
    if not folder.is_dir():
        raise SetUpError(
            f"{folder} is no directory; name the one where the archive keeps receipts"
            " (*.dsse.json)."
        )
    for path in sorted(folder.rglob("*.dsse.json")):
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_ENVELOPE + 1)
        except OSError as error:
            raise SetUpError(
                f"{path} cannot be read ({error.strerror}); mend its access rights."
            ) from None
        found = read_archived(content)
        if found is not None:
            yield found
