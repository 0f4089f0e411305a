"""What a package says of itself: its files, the accounts' answers, recipients."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from orchestrator.core.answer.copying import CopyLine
from schemas.connecting import Provenance

# Never change: readers of packages look for this word.
FORMAT = "erasure-export/1"


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """One file of the package, as the manifest lists it."""

    path: str
    account: str
    category: str
    provenance: Provenance
    rows: int
    third_party_rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """A file of the package that is not an account's; `rows` are its entries."""

    path: str
    sha256: str
    size: int
    rows: int


def answered(
    lines: Sequence[CopyLine], rows: Mapping[str, int]
) -> Sequence[Mapping[str, object]]:
    """Say of each account how it answered; one that gave nothing shows with 0 rows."""
    told = {line.account: line for line in lines}
    answers = []
    for account, count in rows.items():
        line = told.get(account) or CopyLine(account, "exported")
        answers.append(
            {
                "account": account,
                "outcome": line.outcome,
                "reasons": list(line.reasons),
                "rows": count,
            }
        )
    return answers


def manifest(
    case_id: str,
    created_at: datetime,
    answers: Sequence[Mapping[str, object]],
    files: Iterable[PackagedFile],
    recipients: Labelled,
) -> bytes:
    """List what was packed, how each account answered, and who got the data."""
    document = {
        "format": FORMAT,
        "case": case_id,
        "created_at": created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "accounts": answers,
        "recipients": asdict(recipients),
        "files": [
            {
                "path": file.path,
                "sha256": file.sha256,
                "size": file.size,
                "account": file.account,
                "category": file.category,
                "provenance": file.provenance.value,
                "rows": file.rows,
                "third_party_rows": file.third_party_rows,
            }
            for file in files
        ],
    }
    return json.dumps(document, indent=2).encode() + b"\n"
