"""
Which accounts are opened by one credential, and so count against one limit.

A processor limits a credential, not our name for an account.  Accounts of one connector
at one address that refer to the same secret belong together, over any number of steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from orchestrator.adapters.register.values import AccountEntry
from orchestrator.core.words import AccountId


def sharing(
    entries: Iterable[AccountEntry],
) -> Mapping[AccountId, frozenset[AccountId]]:
    """Return for each account those that share a credential with it, and itself."""
    users: dict[tuple[str, str, str], set[AccountId]] = defaultdict(set)
    together: dict[AccountId, frozenset[AccountId]] = {}
    for entry in entries:
        together[entry.id] = frozenset({entry.id})
        base = entry.bases.get("base_url", "")
        for reference in entry.secrets.values():
            users[entry.connector, base, reference].add(entry.id)
    for ids in users.values():
        joined = frozenset().union(*(together[id_] for id_ in ids))
        together |= dict.fromkeys(joined, joined)
    return together
