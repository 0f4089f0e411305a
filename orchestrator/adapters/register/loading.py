"""
Read `register.toml` into a `Register`, or say everything that is wrong with it.

Each entry is judged by itself first, so that one broken account does not hide the
mistakes of the next.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from orchestrator.adapters.register import rules
from orchestrator.adapters.register.account_tables import (
    AccountTable,
    EscalationTable,
)
from orchestrator.adapters.register.brake_tables import (
    BrakeTable,
    check_brakes,
    limits_of,
)
from orchestrator.adapters.register.entries import entry_of, with_ladder
from orchestrator.adapters.register.kinds import Table, is_slug
from orchestrator.adapters.register.people import (
    PEOPLE,
    PersonTable,
    only_pseudonyms,
)
from orchestrator.adapters.register.planning import plan_of, plan_to_json
from orchestrator.adapters.register.publishers import (
    PublisherTable,
    check_publishers,
)
from orchestrator.adapters.register.recipient_rules import check_recipients
from orchestrator.adapters.register.recipient_tables import RecipientTable
from orchestrator.adapters.register.sentences import listed, nearest, problems_of
from orchestrator.adapters.register.tables import (
    ControllerTable,
    RetentionTable,
    ReviewTable,
)
from orchestrator.adapters.register.values import AccountEntry, ConnectorFacts
from orchestrator.core.intake.brake import BrakeLimits
from orchestrator.core.people import Person
from orchestrator.core.plan import Plan
from orchestrator.core.words import AccountId, RegisterVersion
from orchestrator.errors import SetUpError

_MAX_BYTES = 4 * 1024 * 1024
_SECTIONS = (
    *("controllers", "recipients", "accounts", "publishers"),
    *("retention", "review", "escalation", "brake", PEOPLE),
)
TableT = TypeVar("TableT", bound=Table)


@dataclass(frozen=True, slots=True)
class Register:
    """Controllers, recipients, accounts, order and retention rules of one version."""

    version: RegisterVersion
    controllers: Mapping[str, ControllerTable]
    recipients: Mapping[str, RecipientTable]
    accounts: Mapping[AccountId, AccountEntry]
    retention: tuple[RetentionTable, ...]
    reviews: tuple[ReviewTable, ...] = ()
    brake: BrakeTable = field(default_factory=BrakeTable)
    publishers: Mapping[str, PublisherTable] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)  # none: anybody may

    @property
    def short_version(self) -> str:
        """The version as people read it."""
        return self.version[:12]

    @property
    def officers(self) -> Mapping[str, str]:
        """The public keys of data protection officers, by controller."""
        keys = {name: table.dpo_key for name, table in self.controllers.items()}
        return {name: key for name, key in keys.items() if key is not None}

    def plan_for(self, controller: str, *, on: date | None = None) -> Plan | None:
        """
        Return the controller's plan, or None for a stranger.

        With *on* (the controller's local day) accounts outside their validity are
        left out, and the plan's version tells such a plan from the whole one.
        """
        table = self.controllers.get(controller)
        if table is None:
            return None
        entries = [
            entry
            for entry in self.accounts.values()
            if on is None or entry.is_valid_on(on)
        ]
        recipients = self._recipients_of(controller)
        plan = plan_of(
            controller, table, entries, recipients, self.retention, self.reviews
        )
        return replace(plan, version=self._version_of(entries))

    def _recipients_of(self, controller: str) -> Mapping[str, RecipientTable]:
        """Return the controller's recipients: of its accounts, or named, or all's."""
        reached: dict[str, set[str]] = {name: set() for name in self.recipients}
        for entry in self.accounts.values():
            reached[entry.recipient] |= entry.controllers
        return {
            name: table
            for name, table in self.recipients.items()
            if controller in reached[name]
            or controller in (table.controllers or ())
            or not (reached[name] or table.controllers)
        }

    def limits_for(self, controller: str, source: str) -> BrakeLimits:
        """Return how many erasures may come from a source, or from `all` of them."""
        table = self.controllers.get(controller)
        own = BrakeTable() if table is None else table.brake
        return limits_of(self.brake, own, source)

    def _version_of(self, entries: list[AccountEntry]) -> RegisterVersion:
        """Tell plans over different accounts apart: the store keys them by version."""
        if len(entries) == len(self.accounts):
            return self.version
        return _digest([self.version, sorted(entry.id for entry in entries)])


def load_register(path: Path, catalog: Mapping[str, ConnectorFacts]) -> Register:
    """
    Read and check the register at *path*.

    Raises `SetUpError` with one sentence a line about everything that is wrong.
    """
    return _Reading(path, catalog).register(_document(path))


def _document(path: Path) -> dict[str, object]:
    """Read the file as TOML."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise SetUpError(
            f"{path}: the file does not exist; write one after examples/register.toml "
            "or set ERASURE_REGISTER to where it is."
        ) from None
    except OSError as error:
        raise SetUpError(
            f"{path}: the file cannot be read ({error.strerror}); "
            "set ERASURE_REGISTER to a file that this user may read."
        ) from None
    if len(content) > _MAX_BYTES:
        raise SetUpError(f"{path}: the file is larger than 4 MiB; check what it is.")
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError:
        raise SetUpError(f"{path}: the file is not UTF-8; save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SetUpError(_not_toml(path, str(error))) from None


def _not_toml(path: Path, message: str) -> str:
    """Say where the file stops being TOML; the parser's message shows no value."""
    what, _, where = message.partition(" (")
    problem = what[:1].lower() + what[1:]
    place = where.removeprefix("at ").removesuffix(")") or "end"
    return (
        f"{path}: {place}: the file is not TOML: {problem}; "
        "write each key once in its table, and texts between quotes."
    )


def _digest(value: object) -> RegisterVersion:
    """Return the SHA-256 of *value* as canonical JSON; dates become text."""
    text = json.dumps(value, default=str, separators=(",", ":"), sort_keys=True)
    return RegisterVersion(hashlib.sha256(text.encode()).hexdigest())


@dataclass(slots=True)
class _Reading:
    """One attempt at a file: what was understood, and what is wrong."""

    path: Path
    catalog: Mapping[str, ConnectorFacts]
    problems: list[str] = field(default_factory=list)

    def register(self, document: dict[str, object]) -> Register:
        """Judge every entry, then what must hold between them."""
        self._refuse_unknown_sections(document)
        controllers = self._entries(document, "controllers", ControllerTable)
        recipients = self._entries(document, "recipients", RecipientTable)
        accounts = self._entries(document, "accounts", AccountTable)
        publishers = self._entries(document, "publishers", PublisherTable)
        retention = self._listed(document, "retention", RetentionTable)
        reviews = self._listed(document, "review", ReviewTable)
        escalation = self._escalation(document)
        brake = self._brake(document, controllers, publishers)
        people = self._people(document)
        self._check_between(document, accounts, recipients)
        names = frozenset(self._section(document, "controllers"))
        check_publishers(publishers, names, self.tell)
        entries = {
            name: entry_of(
                name, table, self.catalog, names, partial(self.tell_account, name)
            )
            for name, table in accounts.items()
        }
        self._check_retention(retention, entries)
        if self.problems:
            raise SetUpError("\n".join(self.problems))
        whole = Register(
            version=RegisterVersion(""),
            controllers=controllers,
            recipients=recipients,
            accounts={
                entry.id: with_ladder(entry, accounts[name].escalation, escalation)
                for name, entry in sorted(entries.items())
                if entry
            },
            retention=tuple(rule for _, rule in retention),
            reviews=tuple(rule for _, rule in reviews),
            brake=brake,
            publishers=publishers,
            people=people,
        )
        return replace(whole, version=self._version(document, whole))

    def tell(self, path: str, sentence: str) -> None:
        """Keep one sentence about the key at *path*."""
        self.problems.append(f"{self.path}: {path}: {sentence}")

    def tell_account(self, name: str, path: str, sentence: str) -> None:
        """Keep one sentence about a key of an account."""
        self.tell(f"accounts.{name}.{path}", sentence)

    def _escalation(self, document: dict[str, object]) -> EscalationTable:
        """Return how silence is escalated in general."""
        raw = document.get("escalation", {})
        table = self._valid("escalation", raw, EscalationTable)
        return table or EscalationTable()

    def _brake(
        self,
        document: dict[str, object],
        controllers: Mapping[str, ControllerTable],
        publishers: Mapping[str, PublisherTable],
    ) -> BrakeTable:
        """Read the limits of every controller, and judge all that name a source."""
        found = self._valid("brake", document.get("brake", {}), BrakeTable)
        brake = found or BrakeTable()
        brakes = {f"controllers.{n}.brake": one.brake for n, one in controllers.items()}
        sources = {source for one in publishers.values() for source in one.sources}
        check_brakes({**brakes, "brake": brake}, sources, self.tell)
        return brake

    def _people(self, document: dict[str, object]) -> dict[str, Person]:
        """Read who may decide."""
        named = only_pseudonyms(document, self.tell)
        tables = self._entries(named, PEOPLE, PersonTable)
        return {name: table.person for name, table in tables.items()}

    def _check_between(
        self,
        document: dict[str, object],
        accounts: Mapping[str, AccountTable],
        recipients: Mapping[str, RecipientTable],
    ) -> None:
        """Judge references, times and order; a broken entry is still a known name."""
        known = {
            kind: frozenset(self._section(document, kind))
            for kind in ("controllers", "recipients", "accounts")
        }
        for name, table in accounts.items():
            rules.check_references(name, table, known, self.tell)
            rules.check_times(name, table, self.tell)
        check_recipients(recipients, accounts, known["controllers"], self.tell)
        rules.check_order(accounts, known["controllers"], self.tell)

    def _check_retention(
        self,
        retention: list[tuple[str, RetentionTable]],
        entries: Mapping[str, AccountEntry | None],
    ) -> None:
        """Judge the rules by what every connector and account may hold."""
        specs = [facts.spec for facts in self.catalog.values()]
        specs += [entry.spec for entry in entries.values() if entry]
        rules.check_retention(retention, specs, self.tell)

    def _refuse_unknown_sections(self, document: dict[str, object]) -> None:
        """Tell which top-level tables nobody reads, and that a controller is needed."""
        for name in document:
            if name not in _SECTIONS:
                meant = nearest(name, _SECTIONS)
                advice = f"write {meant}" if meant else f"there are {listed(_SECTIONS)}"
                self.tell(name, f"the table is not known; {advice}.")
        if not self._section(document, "controllers"):
            fields = ControllerTable.model_fields.items()
            needed = [name for name, one in fields if one.is_required()]
            self.tell(
                "controllers",
                "the file has no controller; write [controllers.NAME] with "
                f"{listed(needed)}.",
            )

    def _section(self, document: dict[str, object], name: str) -> dict[str, object]:
        """Return a table of tables, or nothing where the file has something else."""
        section = document.get(name, {})
        return section if isinstance(section, dict) else {}

    def _entries(
        self, document: dict[str, object], name: str, model: type[TableT]
    ) -> dict[str, TableT]:
        """Validate each entry of a section by itself."""
        if not isinstance(document.get(name, {}), dict):
            self.tell(name, f"a table is expected here; write [{name}.NAME].")
        entries: dict[str, TableT] = {}
        for slug, raw in self._section(document, name).items():
            if not is_slug(slug):
                self.tell(
                    f"{name}.{json.dumps(slug)}",
                    "the name does not fit; write small letters, digits and hyphens.",
                )
            table = self._valid(f"{name}.{slug}", raw, model)
            if table is not None:
                entries[slug] = table
        return entries

    def _listed(
        self, document: dict[str, object], section: str, model: type[TableT]
    ) -> list[tuple[str, TableT]]:
        """Validate each rule of a list by itself, called by its id if it has one."""
        raw_rules = document.get(section, [])
        if not isinstance(raw_rules, list):
            self.tell(
                section, f"a list of tables is expected here; write [[{section}]]."
            )
            return []
        found: list[tuple[str, TableT]] = []
        for place, raw in enumerate(raw_rules, start=1):
            name = raw.get("id") if isinstance(raw, dict) else None
            is_named = isinstance(name, str) and is_slug(name)
            path = f"{section}.{name}" if is_named else f"{section}[{place}]"
            table = self._valid(path, raw, model)
            if table is not None:
                found.append((path, table))
        return found

    def _valid(self, path: str, raw: object, model: type[TableT]) -> TableT | None:
        """Validate one entry, telling every problem in it."""
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for keys, sentence in problems_of(error, model):
                self.tell(".".join((path, *keys)), sentence)
            return None

    def _version(self, document: dict[str, object], whole: Register) -> RegisterVersion:
        """
        Digest the file's content and the plans that follow from it.

        The plans are part of it because a connector's new default changes them while
        the file stays the same.
        """
        plans = [whole.plan_for(controller) for controller in sorted(whole.controllers)]
        return _digest([document, [plan_to_json(plan) for plan in plans if plan]])
