"""Quarantined events as people see them: what is wrong, and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class QuarantinedLine:
    """An event that may not go on."""

    id: str
    state: str
    code: str
    pointer: str
    rule: str
    hint: str
    topic: str
    partition: int
    offset: int
    size: int
    seen_at: datetime
    received_at: datetime | None
    due_at: datetime | None
    expires_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None
    reason: str | None = None
    type: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class QuarantineAction:
    """What somebody did with a quarantined event."""

    action: str
    by: str
    at: datetime
    reason: str | None
