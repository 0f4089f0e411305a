"""
Requests that may have been answered by a statement that nobody has any more.

Where the backup knows the case, the case itself waits for a person.  Where it does not,
the request is read again and opens another case: that one waits, if the statement may
have been of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from orchestrator.adapters.receipts.lost_statements import Lost
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.ruled import AnswerDoubted
from orchestrator.core.words import CaseId, StatementKind
from orchestrator.engine import Step
from orchestrator.entrypoints.actions.missed import Missed

# A restore under running processes is found out so late, by the topic.
UNNOTICED = timedelta(minutes=5)


def doubt(
    parts: Installation, missed: Missed, let_go: Mapping[str, tuple[str, str]]
) -> int:
    """Let cases wait that lost statements may have answered; returns how many."""
    lost = [one for one in missed.lost if not _is_answered(one, missed)]
    unknown = [one for one in lost if not parts.lost_statements.is_known(one.case)]
    if not unknown:
        return 0
    requests, until = _answerable(parts, unknown)
    parts.lost_statements.doubt(missed.lost, requests, until)
    now = parts.clock.now()
    since = (parts.restore_hold.found_at() or now) - UNNOTICED
    ids = parts.lost_statements.opened_since(since, requests, until)
    by = let_go[unknown[0].leaf]
    return sum(parts.engine.apply([Step(id_, AnswerDoubted(now, by)) for id_ in ids]))


def _is_answered(lost: Lost, missed: Missed) -> bool:
    """Tell whether the final statement of the same case was found."""
    return any(
        one.archived.said.case_id == lost.case
        and one.archived.said.kind is not StatementKind.INTERIM
        for one in (*missed.found, *missed.later)
    )


def _answerable(
    parts: Installation, unknown: Sequence[Lost]
) -> tuple[set[str], datetime | None]:
    """Return which requests these may have answered, and else received until when."""
    opened = _requests_by_case(parts)
    requests = {opened[one.case] for one in unknown if one.case in opened}
    unnamed = [one.published_at for one in unknown if one.case not in opened]
    return requests, max(unnamed, default=None)


def _requests_by_case(parts: Installation) -> Mapping[str, str]:
    """Return the request of each case that was told of on the topic of case events."""
    found: dict[str, str] = {}
    for record in parts.told():
        try:
            data = json.loads(record.value or b"{}")
            found[CaseId(data["case_id"])] = str(data["request_id"])
        except (ValueError, KeyError, TypeError):
            continue
    return found
