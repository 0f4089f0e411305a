"""The table of `register.toml` about people: who may decide, by pseudonym."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pydantic import Field

from orchestrator.adapters.register.kinds import Day, Table, is_slug
from orchestrator.adapters.register.values import Tell
from orchestrator.core.people import Person, PersonRole

PEOPLE = "people"


class PersonTable(Table):
    """`[people.<name>]`: somebody who may write their name behind `--by`."""

    roles: tuple[PersonRole, ...] = Field(
        min_length=1,
        description=(
            "What they may do: decide, release, attest, unlock, operate; see "
            "[People](#people)."
        ),
        examples=[["decide", "release"]],
    )
    until: Day | None = Field(
        default=None,
        description="Their last day (UTC); their name stays theirs.",
        examples=[date(2027, 6, 30)],
    )

    @property
    def person(self) -> Person:
        """The same as the core compares it."""
        return Person(frozenset(self.roles), self.until)


def only_pseudonyms(document: Mapping[str, object], tell: Tell) -> dict[str, object]:
    """
    Return the section without the names that may be people's own, telling each.

    They are told by their place: such a name stands in no message.
    """
    if PEOPLE not in document:
        return {}
    section = document[PEOPLE]
    if not isinstance(section, dict):
        return {PEOPLE: section}
    if not section:
        tell(
            PEOPLE,
            "the list is empty, so nobody could decide; write [people.NAME] with"
            " roles, or take it out.",
        )
    for place, name in enumerate(section, start=1):
        if not is_slug(name):
            tell(
                f"{PEOPLE}[{place}]",
                'a name with "@", a space or another sign may be somebody\'s own;'
                " write a pseudonym of small letters, digits and hyphens, such as"
                " dpo-1.",
            )
    return {PEOPLE: {name: one for name, one in section.items() if is_slug(name)}}
