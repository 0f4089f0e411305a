"""What a person decides about a case's time: to extend it, or to ask who it is."""

from __future__ import annotations

from datetime import datetime

from orchestrator.adapters.reading.queries import Queries
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.events import CaseExtended, IdentityAsked, IdentityReceived
from orchestrator.core.ruling.extending import why_not_extended
from orchestrator.core.words import CaseId, ExtensionReason
from orchestrator.engine import Step
from orchestrator.errors import NotPossible


class Timing:
    """Takes people's words about time; raises `NotPossible` where one does not fit."""

    def __init__(self, installation: Installation) -> None:
        """Keep the parts; nothing is opened yet."""
        self._parts = installation
        self._queries = Queries(installation.database)

    def extend(self, id_: str, reason: ExtensionReason, by: str) -> datetime:
        """Move the deadline once; returns by when the notice must leave."""
        case = self._queries.case_now(id_)
        now = self._parts.clock.now()
        why_not = why_not_extended(case, now)
        if why_not is not None:
            raise NotPossible(f"This changes nothing: {why_not}.")
        self._apply(case.id, CaseExtended(now, reason, by))
        extension = self._queries.case_now(id_).extension
        return extension.send_by if extension else case.due_at

    def ask_identity(self, id_: str, by: str) -> None:
        """Note that the person is asked who they are; nothing is erased meanwhile."""
        case = self._queries.case_now(id_)
        self._apply(case.id, IdentityAsked(self._parts.clock.now(), by))

    def receive_identity(self, id_: str, by: str) -> None:
        """Note that the person has answered, and let the work go on."""
        case = self._queries.case_now(id_)
        self._apply(case.id, IdentityReceived(self._parts.clock.now(), by))

    def _apply(
        self, case: CaseId, event: CaseExtended | IdentityAsked | IdentityReceived
    ) -> None:
        """Apply a decision; says so if it changed nothing."""
        (applied,) = self._parts.engine.apply([Step(case, event)])
        if not applied:
            raise NotPossible(
                "This changes nothing: it was said before, or the case is not open; "
                f"see `erasure case show {case}`."
            )
