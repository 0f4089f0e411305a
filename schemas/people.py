"""
The words that connectors and the workflow share: actions, people, items, tickets.

Whatever can identify a person (`Identifier.value`, `Item.reference`, `Ticket.value`)
hides itself in `repr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from schemas.kept_fields import KeptField

TaskId = NewType("TaskId", str)
ItemId = NewType("ItemId", str)
IdentifierType = NewType("IdentifierType", str)

EMAIL = IdentifierType("email")
PHONE = IdentifierType("phone")
CUSTOMER_ID = IdentifierType("customer_id")


class Action(StrEnum):
    """What a task asks of an account."""

    LOCATE = "locate"
    EXPORT = "export"
    SUPPRESS = "suppress"
    RESTRICT = "restrict"
    LIFT = "lift"
    RECTIFY = "rectify"
    ERASE = "erase"
    NOTIFY = "notify"


class ActionClass(StrEnum):
    """How much an action can harm; holds name these classes."""

    READING = "reading"
    PROTECTIVE = "protective"
    CHANGING = "changing"
    IRREVERSIBLE = "irreversible"
    TELLING = "telling"


CLASS_OF: Mapping[Action, ActionClass] = MappingProxyType(
    {
        Action.LOCATE: ActionClass.READING,
        Action.EXPORT: ActionClass.READING,
        Action.SUPPRESS: ActionClass.PROTECTIVE,
        Action.RESTRICT: ActionClass.PROTECTIVE,
        Action.LIFT: ActionClass.PROTECTIVE,
        Action.RECTIFY: ActionClass.CHANGING,
        Action.ERASE: ActionClass.IRREVERSIBLE,
        Action.NOTIFY: ActionClass.TELLING,
    }
)


class Evidence(StrEnum):
    """How well a line is proven, weakest first; M is attested by a person."""

    E0 = "E0"  # sent
    E1 = "E1"  # accepted
    E2 = "E2"  # the processor says done
    E3 = "E3"  # signed by the processor
    E4 = "E4"  # read back and gone
    M = "M"  # attested by a person


class Effect(StrEnum):
    """Whether an HTTP operation changes anything at the processor."""

    READ = "read"
    WRITE = "write"


class Replay(StrEnum):
    """What may follow a call whose answer was lost."""

    REPEAT = "repeat"  # a second call is harmless: send it again
    LOOK = "look"  # read back first; repeat only what is still there
    ASK = "ask"  # a person decides


class Proof(StrEnum):
    """The best a connector can show after an erasure."""

    NONE = "none"  # the answer is all there is
    STATUS = "status"  # a job status says done: E2
    SIGNED = "signed"  # the processor signs that it is done: E3
    LOOKUP = "lookup"  # `read_back` sees the record gone: E4


class Mode(StrEnum):
    """How far an account takes part."""

    OFF = "off"
    DRY_RUN = "dry_run"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One typed identifier of a person, normalised; the value stays out of `repr`."""

    type: IdentifierType
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Item:
    """One record that `locate` found; `reference` is the processor's name for it."""

    id: ItemId
    reference: str = field(repr=False)
    kind: str
    record_class: str
    started_on: date | None = None
    proven: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to look for: the identifiers that the connector declared, no others."""

    task: TaskId
    identifiers: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """Frozen items of one task, and the key that names this call to the processor."""

    task: TaskId
    items: tuple[Item, ...]
    identifiers: tuple[Identifier, ...]
    idempotency_key: str
    # until the task must have been sent to be done by the deadline; negative: late
    time_left: timedelta | None = None
    # items that a law keeps, and what it needs of each (nothing named: all of it): the
    # rest is erased, and they are marked as restricted
    keep: Mapping[ItemId, frozenset[KeptField]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ticket:
    """
    A processor's name for an accepted job.

    The value is the connector's own text (often JSON) and may identify a person:
    the shell seals it in the vault and hands it back to `poll` unchanged.
    `members` are the tasks the job answers for.
    """

    value: str = field(repr=False)
    action: Action = Action.ERASE
    members: tuple[TaskId, ...] = ()


@dataclass(frozen=True, slots=True)
class Installation:
    """The account's own name at the processor (a portal id, a project key)."""

    name: str
