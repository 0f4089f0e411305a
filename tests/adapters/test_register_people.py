"""People in the register: what is read, refused, and doubted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestrator.adapters.register.four_eyes import four_eyes
from orchestrator.core.people import Person, PersonRole
from tests.adapters.register_builders import REGISTER, a_register, sentences_of

TODAY = date(2026, 11, 23)
ONE = '[people.dpo-1]\nroles = ["decide", "release"]\n'
TWO = ONE + ONE.replace("dpo-1", "dpo-2")
FOUR_EYES = '[[review]]\nright = "erasure"\ndecided_by = "two_people"\n'


def test_person_has_roles_and_a_last_day(tmp_path: Path) -> None:
    """What may be done by whom, and until when."""
    people = '[people.dpo-1]\nroles = ["attest"]\nuntil = 2027-01-31\n'

    register = a_register(tmp_path, REGISTER + people)

    attest = frozenset({PersonRole.ATTEST})
    assert register.people == {"dpo-1": Person(attest, date(2027, 1, 31))}


def test_last_day_is_a_day_like_any_other() -> None:
    """It ends with that day, not before."""
    person = Person(frozenset({PersonRole.DECIDE}), TODAY)

    assert person.may(PersonRole.DECIDE, TODAY)
    assert not person.may(PersonRole.DECIDE, date(2026, 11, 24))


@pytest.mark.parametrize("name", ["ada@example.com", "Ada Lovelace", "Ada", "ada_l"])
def test_name_that_may_be_somebodys_own_is_refused_and_not_repeated(
    tmp_path: Path, name: str
) -> None:
    """It is told by its place: the message goes to logs and screens."""
    people = f'{ONE}[people."{name}"]\nroles = ["decide"]\n'

    (sentence,) = sentences_of(tmp_path, REGISTER + people)

    assert "people[2]: " in sentence
    assert "write a pseudonym" in sentence
    assert name not in sentence


@pytest.mark.parametrize(
    ("people", "said"),
    [
        pytest.param("[people]\n", "people: the list is empty", id="empty"),
        pytest.param("people = 1\n", "write [people.NAME]", id="no-table"),
        pytest.param(
            '[people.dpo-1]\nroles = ["decides"]\n', 'write "decide"', id="role"
        ),
        pytest.param("[people.dpo-1]\nroles = []\n", "people.dpo-1.roles", id="none"),
        pytest.param("[people.dpo-1]\n", "the key is missing", id="no-roles"),
    ],
)
def test_list_that_nobody_could_use_is_refused(
    tmp_path: Path, people: str, said: str
) -> None:
    """A slip would let nobody decide, or everybody."""
    is_first = people.startswith("people")
    text = people + REGISTER if is_first else REGISTER + people

    assert said in "\n".join(sentences_of(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing-asked"),
        pytest.param(FOUR_EYES, ["one person may write two names"], id="no-list"),
        pytest.param(FOUR_EYES + TWO, [], id="two"),
        pytest.param(
            FOUR_EYES + ONE,
            ["2 must be there to decide, and 1 may", "2 must be there to release"],
            id="one",
        ),
        pytest.param(
            FOUR_EYES + TWO + "until = 2026-11-22\n",
            ["2 must be there to decide, and 1 may", "2 must be there to release"],
            id="one-left",
        ),
        pytest.param(ONE, ["2 must be there to release, and 1 may"], id="brake"),
    ],
)
def test_four_eyes_want_two_people(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    """Too few on the list stop the work; no list lets one pass for two."""
    register = a_register(tmp_path, REGISTER + text)

    found = [str(one) for one in four_eyes(register, TODAY)]

    assert len(found) == len(expected)
    for warning, part in zip(found, expected, strict=True):
        assert part in warning
