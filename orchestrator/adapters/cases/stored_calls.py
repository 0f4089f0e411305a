"""The row of a call as the value that it was stored from."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row

from orchestrator.core.words import AccountId, CallId, CaseId
from orchestrator.ports import Call, CallMember
from schemas.connecting import Action, ItemId, TaskId


def stored_call(row: Row[*tuple[Any, ...]]) -> Call:
    """Return a row as a call."""
    members = tuple(
        CallMember(TaskId(task), CaseId(case), tuple(ItemId(item) for item in items))
        for task, case, items in json.loads(row.members)
    )
    return Call(
        id=CallId(row.id),
        account=AccountId(row.account),
        action=Action(row.action),
        epoch=row.epoch,
        members=members,
        idempotency_key=row.idempotency_key,
        request_hash=row.request_hash,
        made_at=row.made_at,
    )
