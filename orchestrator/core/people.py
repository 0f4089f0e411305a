"""
Who may decide: the people that the register lists by pseudonym, and what each may do.

Without a list anybody may who can run the command, under any name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class PersonRole(StrEnum):
    """What a person may do."""

    DECIDE = "decide"
    """Rule on a case, a task, or an event in quarantine."""

    RELEASE = "release"
    """One of two: end what the brake or a restored backup holds for many at once."""

    ATTEST = "attest"
    """Do manual work, and bring the evidence."""

    UNLOCK = "unlock"
    """Take out what identifies a person: locked keys, copies, evidence."""

    OPERATE = "operate"
    """Keep the work going: pause, resume, retry, assign, look into quarantine."""


@dataclass(frozen=True, slots=True)
class Person:
    """What one of the listed may do, and their last day (UTC), if there is one."""

    roles: frozenset[PersonRole]
    until: date | None = None

    def may(self, role: PersonRole, on: date) -> bool:
        """Tell whether they may do this on that day."""
        return role in self.roles and not self.is_gone(on)

    def is_gone(self, on: date) -> bool:
        """Tell whether their last day is over."""
        return self.until is not None and self.until < on


def is_same_person(one: str, other: str) -> bool:
    """Tell whether two names are one person's, however they were typed."""
    return one.casefold() == other.casefold()


def why_not(
    people: Mapping[str, Person], name: str, role: PersonRole, on: date
) -> str | None:
    """Say why *name* may not act in this role on that day; None: they may."""
    if not people:
        return None
    listed = next((one for one in people if is_same_person(one, name)), None)
    if listed is None:
        return (
            f"{name} is not among the people of the register; declare"
            f' [people.{name.casefold()}] there with roles = ["{role}"], or let'
            " somebody do it who is listed."
        )
    person, table = people[listed], f"[people.{listed}]"
    if role not in person.roles:
        return (
            f'{name} has not the role "{role}" that this needs, only'
            f" {', '.join(sorted(person.roles))}; add it to roles in {table} of the"
            " register, or let somebody do it who has it."
        )
    if person.is_gone(on):
        return (
            f"{name} was among the people of the register until {person.until}; write"
            f" a later until in {table}, or let somebody else do it."
        )
    return None
