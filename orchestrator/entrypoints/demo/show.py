"""The demo from its first line to its exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from orchestrator.adapters.clock import SystemClock
from orchestrator.adapters.intake.quarantine import Wanted
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.words import AccountId
from orchestrator.entrypoints.actions.publishing import publish
from orchestrator.entrypoints.demo.elsewhere import Elsewhere
from orchestrator.entrypoints.demo.evidence import Evidence
from orchestrator.entrypoints.demo.example_files import requests_of_today
from orchestrator.entrypoints.demo.fetching import (
    fetch_copies,
    fetch_events,
    fetch_receipts,
)
from orchestrator.entrypoints.demo.folder import Folder, make_folder
from orchestrator.entrypoints.demo.forging import Forgery, forge, publish_forged
from orchestrator.entrypoints.demo.office import Office
from orchestrator.entrypoints.demo.page import Page, program_of
from orchestrator.entrypoints.demo.people import PEOPLE, Person
from orchestrator.entrypoints.demo.plainly import speak_plainly
from orchestrator.entrypoints.demo.processors import (
    Preparation,
    Processors,
    open_processors,
)
from orchestrator.entrypoints.demo.proving import facts_of
from orchestrator.entrypoints.demo.setting import set_up
from orchestrator.entrypoints.demo.watching import Watch
from orchestrator.entrypoints.running import Running
from schemas.intake import RequestFile

INTERRUPTED: Final = 130  # as shells say of SIGINT


def show(
    root: Path | None,
    accounts: Sequence[str],
    prepare: Preparation | None,
    patience: float,
) -> int:
    """Run the demo; see `run_demo`."""
    speak_plainly()
    console = Console(highlight=False)
    folder = make_folder(root)
    now = SystemClock().now()
    try:
        with (
            folder.log.open("w", encoding="utf-8") as log,
            open_processors(now, accounts, prepare) as processors,
        ):
            installation = set_up(folder, processors, log)
            page = Page(console, folder, accounts)
            run = _Run(folder, installation, processors, page)
            return 0 if run.from_request_to_proof(console, patience) else 1
    except KeyboardInterrupt:
        console.print(f"\nStopped; what it left lies in {folder.root}.", markup=False)
        return INTERRUPTED


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of the demo, with all that it needs."""

    folder: Folder
    installation: Installation
    processors: Processors
    page: Page

    def from_request_to_proof(self, console: Console, patience: float) -> bool:
        """Let the requests through the system; tell whether every claim holds."""
        clock = self.installation.clock
        began = clock.monotonic()
        requests = requests_of_today(clock.now())
        people = {one.submitted.request.request_id: _person(one) for one in requests}
        self.page.opening(self.processors.url, len(requests))
        accounts = [AccountId(name) for name in self.processors.accounts]
        watch = Watch(self.installation, console, people, accounts)
        running = Running(self.installation)
        parts = (self.installation, self.processors, self.folder)
        office = Office(*parts, people)
        elsewhere = Elsewhere(*parts, office, running.stopping.set)
        forgeries = forge(self.installation, self.folder)
        running.start()
        try:
            elsewhere.start()
            publish_forged(forgeries, self.installation)
            publish(requests, self.installation)
            watch.until_forgotten(running.stopping, patience)
            elsewhere.stop()
            seen = self._bring_together(watch, office, forgeries)
            is_all_true = self._tell(seen, began)
        finally:
            elsewhere.end()
            running.stop()
            failure = running.wait()
        if failure is not None:
            raise failure
        return is_all_true

    def _bring_together(
        self, watch: Watch, office: Office, forgeries: Sequence[Forgery]
    ) -> Evidence:
        cases = watch.cases
        asked = [case for request, case in cases.items() if request in watch.people]
        answered = sum(case.answered_at is not None for case in cases.values())
        return Evidence(
            people=watch.people,
            cases=cases,
            receipts=fetch_receipts(self.installation, self.folder, answered),
            copies=fetch_copies(self.installation, self.folder, asked),
            held=self.processors.held_now(),
            undisturbed=self.processors.undisturbed(),
            events=fetch_events(self.installation, answered),
            before_approval=office.before_approval,
            quarantined=self.installation.quarantine.lines(Wanted(with_ended=True)),
            forgeries=forgeries,
        )

    def _tell(self, seen: Evidence, began: float) -> bool:
        """Show what became of it, and whether it is true."""
        self.page.answers(seen)
        self.page.decisions(seen)
        self.page.holdings(self.processors, seen)
        facts = facts_of(self.installation, self.folder, self.processors, seen)
        is_all_true = self.page.facts(facts)
        seconds = self.installation.clock.monotonic() - began
        if is_all_true:
            self.page.verdict(is_all_true=True, seconds=seconds)
        self.page.closing(seen, program_of(sys.argv[0]))
        if not is_all_true:
            # Last, so that nobody overlooks it.
            self.page.verdict(is_all_true=False, seconds=seconds)
        return is_all_true


def _person(request: RequestFile) -> Person:
    """Return the invented person whom an example request is about."""
    wanted = request.submitted.request.subject.customer_id
    return next(person for person in PEOPLE if person.customer_id == wanted)
