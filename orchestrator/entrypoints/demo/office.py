"""
The privacy office: two people who decide, under pseudonyms.

They decide by the functions that `erasure case approve`, `refuse` and `extend` call.
What the register holds for them waits until it was searched, so that they know what it
is about; between the two words of an approval the systems are asked what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from orchestrator.adapters.reading.queries import Queries
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.cases import Case
from orchestrator.core.grounds import Ground
from orchestrator.core.words import ExtensionReason
from orchestrator.entrypoints.actions.deciding import Deciding
from orchestrator.entrypoints.actions.notices import refusal_notice
from orchestrator.entrypoints.actions.timing import Timing
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.entrypoints.demo.holdings import Holdings
from orchestrator.entrypoints.demo.people import EXTENDED, REFUSED, REVIEWED, Person
from orchestrator.entrypoints.demo.processors import Processors
from schemas.connecting import Action

DECIDERS: Final = ("dpo-1", "dpo-2")
GROUND: Final = Ground.LEGAL_CLAIMS
NOTICE: Final = "refusal.en.txt"


@dataclass(slots=True)
class Office:
    """Everybody who decides; `before_approval` is what there was until then."""

    installation: Installation
    processors: Processors
    folder: Folder
    people: Mapping[str, Person]  # by request id
    before_approval: Holdings = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)

    def turn(self) -> None:
        """Decide what can be decided now."""
        queries = Queries(self.installation.database)
        for line in queries.cases(self.installation.clock.now()):
            person = self.people.get(line.request_id)
            if person is None or line.request_id in self._done:
                continue
            if self._is_decided(person, queries.case_now(line.id)):
                self._done.add(line.request_id)

    def _is_decided(self, person: Person, case: Case) -> bool:
        """Decide about one case; tells whether nothing more is to be decided."""
        if person is EXTENDED:
            reason = ExtensionReason.COMPLEXITY
            Timing(self.installation).extend(case.id, reason, DECIDERS[0])
            return True
        if not case.is_under_review:
            return True
        if not _is_searched(case):
            return False
        if person is REVIEWED:
            return self._approve(case)
        return person is not REFUSED or self._refuse(case)

    def _approve(self, case: Case) -> bool:
        """Let the first say yes, look what is there, and let the second say it."""
        deciding = Deciding(self.installation)
        first, second = DECIDERS
        if case.proposal is None:
            return deciding.approve(case.id, first)
        self.before_approval = self.processors.held_now()
        return deciding.approve(case.id, second)

    def _refuse(self, case: Case) -> bool:
        """Let both refuse, and write down what the person is told."""
        deciding = Deciding(self.installation)
        any(deciding.refuse(case.id, GROUND, decider, ()) for decider in DECIDERS)
        refused = Queries(self.installation.database).case_now(case.id)
        notice = refusal_notice(refused, "en")
        (self.folder.notices / NOTICE).write_text(notice + "\n", encoding="utf-8")
        return True


def _is_searched(case: Case) -> bool:
    """Tell whether every search is over."""
    searches = case.tasks_of(Action.LOCATE)
    return bool(searches) and all(task.is_settled for task in searches)
