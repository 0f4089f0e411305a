"""The demo from its first line to its exit status."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from rich.console import Console

from orchestrator.adapters.clock import SystemClock
from orchestrator.bootstrap import Installation
from orchestrator.core.words import AccountId
from orchestrator.entrypoints.demo.examples import message_of, requests_of_today
from orchestrator.entrypoints.demo.fetching import fetch_copies, fetch_receipts
from orchestrator.entrypoints.demo.folder import Folder, make_folder
from orchestrator.entrypoints.demo.page import Page, program_of
from orchestrator.entrypoints.demo.people import PEOPLE, Person
from orchestrator.entrypoints.demo.processors import (
    Preparation,
    Processors,
    open_processors,
)
from orchestrator.entrypoints.demo.proving import Evidence, facts_of
from orchestrator.entrypoints.demo.setting import set_up
from orchestrator.entrypoints.demo.watching import Watch
from orchestrator.entrypoints.demo.words import TITLES
from orchestrator.entrypoints.running import Running
from schemas.intake import RequestFile

INTERRUPTED: Final = 130  # as shells say of SIGINT


def show(root: Path | None, prepare: Preparation | None, patience: float) -> int:
    """Run the demo; see `run_demo`."""
    console = Console(highlight=False)
    folder = make_folder(root)
    clock = SystemClock()
    began = clock.monotonic()
    try:
        with (
            folder.log.open("w", encoding="utf-8") as log,
            open_processors(clock.now(), prepare) as processors,
        ):
            installation = set_up(folder, processors.url, log)
            page = Page(console, folder)
            is_all_true = _run(
                console, page, folder, installation, processors, patience
            )
            page.verdict(is_all_true=is_all_true, seconds=clock.monotonic() - began)
    except KeyboardInterrupt:
        console.print("\nStopped. What it left lies in", folder.root)
        return INTERRUPTED
    return 0 if is_all_true else 1


def _run(
    console: Console,
    page: Page,
    folder: Folder,
    installation: Installation,
    processors: Processors,
    patience: float,
) -> bool:
    """Let the requests through the system and look at what became of them."""
    requests = requests_of_today(installation.clock.now())
    people = {one.submitted.request.request_id: _person(one) for one in requests}
    page.opening(processors.url, len(requests))
    running = Running(installation)
    watch = Watch(installation, console, people, [AccountId(it) for it in TITLES])
    running.start()
    try:
        installation.publisher.publish([message_of(one) for one in requests])
        watch.until_forgotten(running.stopping, patience)
        seen = _brought_together(installation, folder, processors, watch)
        is_all_true = _told(page, installation, folder, processors, seen)
    finally:
        running.stop()
        failure = running.wait()
    if failure is not None:
        raise failure
    return is_all_true


def _brought_together(
    installation: Installation, folder: Folder, processors: Processors, watch: Watch
) -> Evidence:
    cases = watch.cases
    answered = sum(case.answered_at is not None for case in cases.values())
    return Evidence(
        people=watch.people,
        cases=cases,
        receipts=fetch_receipts(installation, folder, answered),
        copies=fetch_copies(installation, folder, list(cases.values())),
        held=processors.held_now(),
        undisturbed=processors.undisturbed(),
    )


def _told(
    page: Page,
    installation: Installation,
    folder: Folder,
    processors: Processors,
    seen: Evidence,
) -> bool:
    """Show what became of it, and whether it is true."""
    page.answers(seen)
    page.holdings(processors, seen)
    is_all_true = page.facts(facts_of(installation, folder, processors, seen))
    page.closing(seen, program_of(sys.argv[0]))
    return is_all_true


def _person(request: RequestFile) -> Person:
    """Return the invented person whom an example request is about."""
    wanted = request.submitted.request.subject.customer_id
    return next(person for person in PEOPLE if person.customer_id == wanted)
