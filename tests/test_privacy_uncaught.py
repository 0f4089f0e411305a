"""The canary where nobody catches an error, and where everybody sees a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.canary import CANARY, found_in
from tests.support.cli_doc import commands
from tests.support.patience import PATIENCE

ROOT = Path(__file__).parents[1]
BEGIN = """
import asyncio, gc, logging, sys, threading, warnings
from orchestrator.adapters.logs import configure_logs, log_uncaught_errors

configure_logs("json", "debug")
log_uncaught_errors()

def fail(person):
    held = {"email": person}
    raise ValueError(f"no such person: {held}")

class Closing:
    def __init__(self, person):
        self.person = person
    def __del__(self):
        fail(self.person)
    def __repr__(self):
        return self.person

async def forgotten(person):
    task = asyncio.ensure_future(failing(person))
    await asyncio.sleep(0)
    del task
    gc.collect()

async def failing(person):
    fail(person)

person = sys.stdin.readline().strip()
"""
THREAD = """
thread = threading.Thread(target=fail, args=(person,), name=person)
thread.start()
thread.join()
"""


@pytest.mark.parametrize(
    ("way", "said"),
    [
        pytest.param("fail(person)", "uncaught_error", id="main"),
        pytest.param(THREAD, "uncaught_error_in_thread", id="thread"),
        pytest.param("Closing(person)", "unraisable_error", id="destructor"),
        pytest.param("asyncio.run(forgotten(person))", "library_logged", id="task"),
        pytest.param("warnings.warn(person)", "library_logged", id="warning"),
        pytest.param(
            "logging.getLogger('x').error('%s', person)", "library_logged", id="library"
        ),
    ],
)
def test_error_that_nobody_caught_names_nobody(way: str, said: str) -> None:
    """Its text, its locals and the name of its thread may hold the person."""
    ran = subprocess.run(
        [sys.executable, "-c", BEGIN + way],
        input=CANARY.email,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    events = [json.loads(line)["event"] for line in ran.stderr.splitlines()]
    assert events == [said]
    assert found_in((ran.stdout + ran.stderr).encode()) == []


# What stands on a command line is seen by `ps` and kept by the shell's history.
IDENTIFYING = {
    *("email", "mail", "phone", "address", "customer", "identifier", "person", "value"),
    *("subject", "distinct", "cookie", "device", "contact", "profile", "human"),
}


def _values() -> Iterator[tuple[str, str]]:
    """Yield what every command takes a value for, and what kind of value."""
    for words, command in commands():
        for one in command.params:
            if not getattr(one, "is_flag", False) and one.name != "help":
                kind = str(one.metavar or one.name).strip("[].…")
                yield " ".join((*words, one.name)), kind


def _is_identifying(words: str) -> bool:
    """Tell whether a name is one of an identifier."""
    return not IDENTIFYING.isdisjoint(words.lower().replace("-", "_").split("_"))


def test_no_command_takes_an_identifier_as_an_argument() -> None:
    """Ids of cases and tasks, files, and words of closed lists: never a person."""
    taken = dict(_values())

    assert "erasure case show case" in taken
    assert _is_identifying("EMAIL")
    assert _is_identifying("customer-id")
    asking = [
        path
        for path, kind in taken.items()
        if _is_identifying(path.split()[-1]) or _is_identifying(kind)
    ]
    assert asking == []
