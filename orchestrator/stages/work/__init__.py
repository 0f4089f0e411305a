"""
Work: claim the tasks that are due, and let connectors make their calls.

One worker owns an account (`ownership`), passes its rate windows and lease immediately
before each send (`gate`), makes the calls of a batch durable before they leave
(`claiming`), lets the connector speak (`calling`) and hands what was heard to gather.
"""

from orchestrator.stages.work.accounts import Account, open_account
from orchestrator.stages.work.loop import Worker, WorkParts, WorkSettings

__all__ = [
    "Account",
    "WorkParts",
    "WorkSettings",
    "Worker",
    "open_account",
]
