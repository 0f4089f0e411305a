"""A desk that people work for: a case there, and what its people write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from orchestrator.core.words import CaseId
from schemas.connecting import HandedOver, Item, ItemId, Located
from tests.support.command import Ran
from tests.support.installation import AnInstallation
from tests.support.people import Human

ADA = Human(1)
ITEM = Item(ItemId("r"), "return", "by_hand", "return", proven=False)
WORDS = "Lösche die Retouren im Portal des Lagers."
REGISTER = f"""
[recipients.warehouse]
legal_name = "Lager GmbH"
role = "processor"

[accounts.desk]
recipient = "warehouse"
connector = "manual"
category = "returns"
environment = "sandbox"
mode = "live"
accepts = ["email", "phone"]

[accounts.desk.options]
name = "desk"
assignee = "returns-team"
language = "de"
instructions = {{ de = "{WORDS}", en = "Delete the returns." }}
keep_evidence = "30d"
holds = ["return"]
"""


class Desk:
    """One case at the desk, and the commands that its people write."""

    def __init__(self, installation: AnInstallation, *rights: str) -> None:
        self.installation = installation
        self.case: CaseId = installation.a_case(ADA, *rights)
        self.action = "export" if rights else "erase"
        installation.hear("desk", Located((ITEM,)))
        handed = HandedOver("returns-team", timedelta(days=3), (timedelta(days=7),))
        installation.hear("desk", handed)
        self.file = installation.folder / "proof.txt"
        self.file.write_text(f"Deleted for {ADA.email}.", encoding="utf-8")

    @property
    def task(self) -> str:
        """The task that is with a person."""
        return f"{self.case}.desk.{self.action}"

    def __call__(self, verb: str, *args: object) -> Ran:
        """Run `erasure task VERB ID` with *args*."""
        return self.installation("task", verb, self.task, *args)

    def attest(self, *args: object) -> Ran:
        """Attest with the file, as returns-team."""
        return self("attest", "--by", "returns-team", "--evidence", self.file, *args)

    def shown(self) -> Mapping[str, object]:
        """Return the task as people see it."""
        data: Mapping[str, object] = self("show", "--json").data
        return data

    def history(self) -> list[Mapping[str, object]]:
        """Return the case's history."""
        data = self.installation("case", "show", self.case, "--json").data
        lines: list[Mapping[str, object]] = data["history"]
        return lines
