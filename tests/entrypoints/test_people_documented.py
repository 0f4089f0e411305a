"""docs/register.md says which role each command needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

from orchestrator.core.people import PersonRole
from orchestrator.entrypoints.cli.options import Claim, claims
from tests.support.cli_doc import commands
from tests.support.register_doc import PAGE

_ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| (`[^|]+`) \|$", re.MULTILINE)


def _claimed(option: Any) -> tuple[Claim, ...]:  # noqa: ANN401 (click's)
    """Return what a command claims for whoever is named behind this option."""
    option.callback(None, option, "dpo-1")
    return claims.get()


def _needed() -> Iterator[tuple[str, str]]:
    """Yield each command that takes `--by`, and the role that it asks for."""
    for words, command in commands():
        for option in command.params:
            if "--by" in option.opts:
                ((_, role),) = copy_context().run(_claimed, option)
                yield " ".join(words[1:]), role


def test_every_command_with_by_stands_at_its_role() -> None:
    """No command takes a name without a role, and the page misses none."""
    page = PAGE.read_text(encoding="utf-8")

    told = {
        command: role
        for role, names in _ROW.findall(page.partition("\n## People")[2])
        if role in set(PersonRole)
        for command in re.findall(r"`([^`]+)`", names)
    }

    assert told == dict(_needed())
