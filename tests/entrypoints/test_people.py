"""Who may act where the register lists people, by the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.core.people import PersonRole
from tests.support.desk import REGISTER as DESK
from tests.support.desk import Desk
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission
from tests.support.site_register import RegisterText

SOURCE = ("--source", "/portal/test")
TEAM = "returns-team"
MORE = f"{DESK}\n[brake]\ncap_per_hour = 1\n"
FOUR_EYES = '[[review]]\nright = "erasure"\ndecided_by = "two_people"\n'

Call = Callable[[Desk], Sequence[object]]


def listed(name: str, *roles: str, until: str | None = None) -> str:
    """List somebody."""
    last = "" if until is None else f"until = {until}\n"
    return f"[people.{name}]\nroles = {json.dumps(roles)}\n{last}"


@dataclass(frozen=True, slots=True)
class Office:
    """A desk and a pulled brake, and a register whose list of people can change."""

    installation: AnInstallation
    desk: Desk

    def lists(self, *people: str) -> None:
        """Write the list anew; the next command reads it."""
        text = RegisterText(accounts=(), more=MORE + "\n".join(people))
        self.installation.register.write_text(text.at(""), encoding="utf-8")

    def stored(self) -> list[object]:
        """Return all that a person's act would change."""
        made = self.installation
        (account,) = made("account", "list", "--json").data
        (pull,) = made("brake", "status", "--json").data["pulls"]
        shown = made("case", "show", self.desk.case, "--json").data
        return [shown["history"], shown["holds"], account["state"], pull["said"]]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Lend an office that lists nobody."""
    made = AnInstallation(tmp_path, register=RegisterText(accounts=(), more=MORE))
    office = Office(made, Desk(made))
    made.publish(a_submission(Human(2)), a_submission(Human(3)))
    made.ingest()
    yield office
    made.close()


def _hold(desk: Desk) -> Sequence[object]:
    return ("case", "hold", desk.case, "--reason", "authority")


def _sample(_: Desk) -> Sequence[object]:
    return ("brake", "sample", *SOURCE)


def _attest(desk: Desk) -> Sequence[object]:
    return ("task", "attest", desk.task, "--evidence", desk.file)


def _take_out(desk: Desk) -> Sequence[object]:
    return ("task", "evidence", desk.task, "--out", desk.installation.folder / "out")


def _pause(_: Desk) -> Sequence[object]:
    return ("account", "pause", "desk")


ACTS = [
    pytest.param("decide", _hold, id="decide"),
    pytest.param("release", _sample, id="release"),
    pytest.param("attest", _attest, id="attest"),
    pytest.param("unlock", _take_out, id="unlock"),
    pytest.param("operate", _pause, id="operate"),
]


@pytest.mark.parametrize(("role", "act"), ACTS)
def test_role_that_an_act_needs_is_the_one_that_allows_it(
    office: Office, role: str, act: Call
) -> None:
    """Every other role is refused with a sentence, and nothing is stored."""
    if role == "unlock":
        office.desk.attest()
    command = (*act(office.desk), "--by", TEAM)
    before = office.stored()
    office.lists(listed(TEAM, *(one for one in PersonRole if one != role)))

    refused = office.installation(*command)
    meanwhile = office.stored()
    office.lists(listed(TEAM, role))
    allowed = office.installation(*command)

    assert refused.code == 1
    assert f'{TEAM} has not the role "{role}"' in refused.err
    assert f"[people.{TEAM}]" in refused.err
    assert meanwhile == before
    assert (allowed.code, office.stored() != before) == (0, True)


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        pytest.param(
            listed("dpo-2", "decide"),
            'declare [people.dpo-1] there with roles = ["decide"]',
            id="undeclared",
        ),
        pytest.param(
            listed("dpo-1", "decide", until="2026-01-31"),
            "dpo-1 was among the people of the register until 2026-01-31",
            id="ended",
        ),
    ],
)
def test_name_that_is_not_there_any_more_or_yet_is_refused(
    office: Office, people: str, sentence: str
) -> None:
    """The sentence says what to write, and nothing is stored."""
    before = office.stored()
    office.lists(people)

    told = office.installation(*_hold(office.desk), "--by", "dpo-1")

    assert told.code == 1
    assert sentence in told.err
    assert office.stored() == before


def test_list_knows_a_name_however_it_is_typed(office: Office) -> None:
    """As four eyes compare them; a last day that is ahead does not matter yet."""
    office.lists(listed("dpo-1", "decide", until="2999-12-31"))

    assert office.installation(*_hold(office.desk), "--by", "DPO-1").code == 0


def test_name_that_is_left_out_needs_to_be_listed_too(office: Office) -> None:
    """`--by` left out is no way round the list."""
    office.lists(listed("dpo-1", "operate"))

    refused = office.installation(*_pause(office.desk))
    office.lists(listed("operator", "operate"))
    allowed = office.installation(*_pause(office.desk))

    assert refused.code == 1
    assert "operator is not among the people" in refused.err
    assert allowed.code == 0


def test_work_goes_to_nobody_who_could_not_attest_it(office: Office) -> None:
    """It would wait for somebody whose word is refused; the check says so too."""
    boss = listed("dpo-1", "decide", "release", "operate")
    office.lists(boss, listed("dpo-2", "release"))
    assign = ("assign", "--to", "anna-k", "--by", "dpo-1")

    refused = office.desk(*assign)
    check = office.installation("register", "check")
    office.lists(boss, listed("anna-k", "attest"))
    allowed = office.desk(*assign)

    assert refused.code == 1
    assert "anna-k is not among the people" in refused.err
    assert f"accounts.desk.options.assignee: {TEAM} is not among" in check.err
    assert allowed.code == 0


def test_whoever_is_refused_once_does_not_stop_the_next_command(
    office: Office,
) -> None:
    """What one command was told is over with it, in one process too."""
    office.lists(listed("dpo-1", "decide"))

    misspelt = office.installation(*_hold(office.desk), "--by", "x", "--slip")
    told = office.installation(*_hold(office.desk), "--by", "dpo-1")

    assert (misspelt.code, told.code) == (2, 0)


def test_alias_is_no_second_pair_of_eyes(tmp_path: Path) -> None:
    """Both of two who decide are listed; any second name does without a list."""
    people = listed("dpo-1", "decide") + listed("dpo-2", "decide")
    made = AnInstallation(tmp_path, register=RegisterText(more=FOUR_EYES + people))
    case = made.a_case(Human(1), "erasure")

    first = made("case", "approve", case, "--by", "dpo-1")
    alias = made("case", "approve", case, "--by", "dpo-one")
    between = made("case", "show", case, "--json").data["rulings"]
    other = made("case", "approve", case, "--by", "dpo-2")
    shown = made("case", "show", case, "--json").data
    made.close()

    assert "second, different person" in first.out
    assert (alias.code, between) == (1, [])
    assert "dpo-one is not among the people" in alias.err
    assert "goes on" in other.out
    assert shown["rulings"][0]["by"] == ["dpo-1", "dpo-2"]


def test_anybody_decides_without_a_list(tmp_path: Path) -> None:
    """Nothing changes for who lists nobody; both checks say once what that means."""
    made = AnInstallation(tmp_path, register=RegisterText(more=FOUR_EYES))
    case = made.a_case(Human(1), "erasure")

    ran = [made("case", "approve", case, "--by", who) for who in ("ada", "a-d-a")]
    checks = [made("register", "check"), made("config", "check")]
    made.close()

    assert [one.code for one in ran] == [0, 0]
    assert "goes on" in ran[-1].out
    for check in checks:
        assert check.err.count("one person may write two names") == 1
