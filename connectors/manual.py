"""
Manual work: processors without an API (delivery, returns, bookings, events).

There is no vendor and nothing leaves over HTTP.  `locate` hands back a record of each
class that the account holds, unproven, so that the work goes on; a copy, an erasure or
a notice is handed to a person, who is told what to do in the words of the register,
and attests it.  Written 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from connectors.base import (
    Action,
    Api,
    ConnectorSpec,
    Effect,
    Finding,
    HandedOver,
    Installation,
    Item,
    ItemId,
    Located,
    OneAtATime,
    Options,
    Person,
    Proof,
    Replay,
    Reply,
    Sink,
    Work,
)
from connectors.durations import Duration
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, Deed, NoAuth
from schemas.record_classes import CUSTOMER_ACCOUNT, RECORD_CLASSES

_ACTS = frozenset({Action.EXPORT, Action.ERASE, Action.NOTIFY})

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]
# What a person is told to do: free text of the register, which names nobody.
Instructions = Annotated[
    str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)
]
# A team, a role or a pseudonym, as `--by` takes it.
Assignee = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
]
_Longest = timedelta(days=3650)


class ManualOptions(Options):
    """
    What the register must say of one account that people work for.

    `name` is what the account is called (its `installation`).  `instructions` are by
    language; `language` is the one that its people are shown.  The work is due
    `done_before` the case's deadline; `remind_before` counts back from there.
    `supports` narrows what is asked, `holds` names the classes of its records, so that
    a retention rule can keep one of them.  A file of evidence is kept `keep_evidence`.
    """

    name: str = Field(min_length=1, max_length=100)
    instructions: Mapping[Language, Instructions] = Field(min_length=1)
    language: Language = "en"
    assignee: Assignee | None = None
    done_before: Duration = Field(default=timedelta(days=3), ge=timedelta(0))
    remind_before: tuple[Duration, ...] = (timedelta(days=7), timedelta(days=2))
    keep_evidence: Duration = Field(
        default=timedelta(days=365), gt=timedelta(0), le=_Longest
    )
    supports: frozenset[Literal[Action.EXPORT, Action.ERASE, Action.NOTIFY]] = Field(
        default=frozenset({Action.EXPORT, Action.ERASE}), min_length=1
    )
    holds: tuple[str, ...] = Field(default=(CUSTOMER_ACCOUNT,), min_length=1)

    @field_validator("holds")
    @classmethod
    def _are_classes(cls, holds: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse a class that no retention rule could name."""
        if not RECORD_CLASSES.issuperset(holds):
            raise ValueError(f"use some of {sorted(RECORD_CLASSES)}")
        return tuple(dict.fromkeys(holds))

    @field_validator("remind_before")
    @classmethod
    def _are_ahead(cls, before: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
        """Refuse a reminder that would come after the due date."""
        if any(one <= timedelta(0) for one in before):
            raise ValueError("a reminder comes before the due date, as 7d does")
        return before

    @model_validator(mode="after")
    def _speak_the_language(self) -> Self:
        """Refuse a language that nothing is said in."""
        if self.language not in self.instructions:
            raise ValueError(f"instructions say nothing in {self.language}")
        return self


class Manual(OneAtATime):
    """Hands every copy, erasure and notice of one account to a person."""

    options: ClassVar[type[Options]] = ManualOptions
    spec: ClassVar = ConnectorSpec(
        name="manual",
        version="1",
        vendor="People",
        source="no vendor; 2026-11",
        actions=_ACTS | {Action.LOCATE},
        accepts=frozenset({EMAIL, PHONE, CUSTOMER_ID}),
        yields=frozenset(),
        operations=MappingProxyType({}),
        deeds=MappingProxyType(
            {"read_name": Deed(Effect.READ), "hand_over": Deed(Effect.WRITE)}
        ),
        auth=NoAuth(),
        rates=(),
        proof=Proof.NONE,
        # Handing over twice is handing over: nothing was sent.
        replay=MappingProxyType(dict.fromkeys(_ACTS, Replay.REPEAT)),
        horizon=timedelta(0),
        record_classes=RECORD_CLASSES,
        erases_by_identifier=True,
        # A dry run gives nobody work.
        writes=_ACTS,
    )

    def __init__(self, api: Api, options: ManualOptions) -> None:
        super().__init__(api, options)
        self._settings = options

    async def ping(self) -> Installation:
        """Say what the register calls the account: there is nobody else to ask."""
        async with self._api.guard("read_name"):
            return Installation(self._settings.name)

    async def locate_one(self, person: Person) -> Finding:  # noqa: ARG002 (nobody is asked)
        """Hand back one record of each class, which only a person can look for."""
        return Located(tuple(map(_item, self._settings.holds)))

    async def export(self, work: Work, sink: Sink) -> Reply:  # noqa: ARG002 (a person does)
        """Let a person bring the copy."""
        return await self._hand_over()

    async def erase_one(self, work: Work) -> Reply:  # noqa: ARG002 (a person does)
        """Let a person erase."""
        return await self._hand_over()

    async def notify_one(self, work: Work) -> Reply:  # noqa: ARG002 (a person does)
        """Let a person tell the recipient."""
        return await self._hand_over()

    async def _hand_over(self) -> Reply:
        async with self._api.guard("hand_over"):
            return HandedOver(
                assignee=self._settings.assignee,
                done_before=self._settings.done_before,
                remind_before=self._settings.remind_before,
            )


def _item(record_class: str) -> Item:
    # Not made of the person's identifiers: asked again with more of them, it is the
    # same record.
    return Item(
        id=ItemId(record_class),
        reference=record_class,
        kind="by_hand",
        record_class=record_class,
        proven=False,
    )
