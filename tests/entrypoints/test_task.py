"""What people decide about tasks, by the command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.core.answer.dossier import (
    ALL_IDENTIFIERS,
    items_name,
    load_identifiers,
    load_items,
)
from orchestrator.core.words import AccountId, CaseId
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    Ambiguous,
    Candidate,
    Identifier,
    IdentifierType,
    Item,
    ItemId,
    Located,
    NeedsHuman,
)
from tests.support.installation import AnInstallation
from tests.support.people import Human
from tests.support.site_register import RegisterText

STRANGE = IdentifierType("elsewhere.id")
ADA, BEA = Human(1), Human(2)


def _a_contact(reference: str, human: Human, *, kind: str = "contact") -> Candidate:
    """Return one conflicting match."""
    return Candidate(
        (Item(ItemId(""), reference, kind, "profile"),),
        f"{human.name} {human.email}",
        (
            Identifier(CUSTOMER_ID, human.customer_id),
            Identifier(EMAIL, human.email),
            Identifier(STRANGE, f"strange-{human.number}"),
        ),
    )


@pytest.fixture
def case(installation: AnInstallation) -> CaseId:
    """Open a case whose search at HubSpot found two conflicting people."""
    case = installation.a_case(ADA)
    matches = (_a_contact("701", ADA), _a_contact("702", BEA))
    installation.hear("hubspot", Ambiguous(matches))
    return case


def _vault(installation: AnInstallation, case: CaseId) -> tuple[set[str], set[str]]:
    """Return the references and the identifiers' values that the vault keeps."""
    opened = installation.parts.vault.open([case], "identity")
    items = load_items(opened.get(case, items_name(AccountId("hubspot"))))
    known = load_identifiers(opened.named(case, ALL_IDENTIFIERS).values())
    return {one.reference for one in items.values()}, {one.value for one in known}


def test_task_that_needs_people_is_listed(
    installation: AnInstallation, case: CaseId
) -> None:
    """`--needs-human` names the ambiguous search and nothing else."""
    (task,) = installation("task", "list", "--needs-human", "--json").data

    assert task["id"] == f"{case}.hubspot.locate"
    assert (task["status"], task["reason"]) == ("needs_human", "ambiguous")


def test_candidates_are_shown_masked(
    installation: AnInstallation, case: CaseId
) -> None:
    """Two people can be told apart, and neither is named."""
    shown = installation("task", "show", f"{case}.hubspot.locate")

    assert shown.code == 0
    assert "email: h***@e***.com" in shown.out
    assert "F***" in shown.out
    for human in (ADA, BEA):
        for trait in human.traits.values():
            assert trait not in shown.out


def test_choice_goes_into_the_vault_and_the_history(
    installation: AnInstallation, case: CaseId
) -> None:
    """The chosen record's reference and news are kept; who chose is written down."""
    task = f"{case}.hubspot.locate"

    ran = installation("task", "choose", task, "--record", 2, "--by", "dpo-2")

    assert (ran.code, ran.err) == (0, "")
    references, known = _vault(installation, case)
    assert references == {"702"}
    assert BEA.customer_id in known
    assert "strange-2" not in known, "HubSpot may not teach what it does not yield"
    history = installation("case", "show", case, "--json").data["history"]
    assert history[-1]["event"] == "PersonChose"
    assert (history[-1]["detail"], history[-1]["by"]) == ("2", "dpo-2")


def test_none_of_the_candidates_settles_the_search(
    installation: AnInstallation, case: CaseId
) -> None:
    """Nothing is found there, by a person's word."""
    task = f"{case}.hubspot.locate"

    ran = installation("task", "choose", task, "--none", "--by", "dpo-2")

    assert ran.code == 0
    assert installation("task", "show", task, "--json").data["status"] == "settled"
    assert _vault(installation, case)[0] == set()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        pytest.param(["--by", "x"], 2, "Write either --record N", id="no choice"),
        pytest.param(
            ["--by", "x", "--none", "--record", 1], 2, "Write either", id="both"
        ),
        pytest.param(
            ["--by", "x", "--record", 3],
            1,
            "The records of this task are 1 to 2.",
            id="no such record",
        ),
        pytest.param(
            ["--by", "ada@example.com", "--none"], 2, "--by takes a name", id="address"
        ),
    ],
)
def test_wrong_choice_is_refused(
    installation: AnInstallation,
    case: CaseId,
    words: Sequence[object],
    code: int,
    sentence: str,
) -> None:
    """A choice that cannot be changes nothing and says why."""
    ran = installation("task", "choose", f"{case}.hubspot.locate", *words)

    assert ran.code == code
    assert len(ran.sentences) == 1
    assert ran.err.startswith(sentence)
    assert installation("task", "list", "--needs-human", "--json").data


def test_stuck_task_is_tried_again(installation: AnInstallation) -> None:
    """A task that a person retries is ready at once."""
    case = installation.a_case(ADA)
    installation.hear("klaviyo", NeedsHuman("broken"))
    task = f"{case}.klaviyo.locate"

    ran = installation("task", "retry", task)

    assert (ran.code, ran.err) == (0, "")
    assert installation("task", "show", task, "--json").data["status"] == "ready"
    history = installation("case", "show", case, "--json").data["history"]
    assert (history[-1]["event"], history[-1]["by"]) == ("PersonRetried", "operator")


def test_stuck_task_is_closed_with_a_reason(installation: AnInstallation) -> None:
    """The reason stands in the history and the task is settled."""
    case = installation.a_case(ADA)
    installation.hear("klaviyo", NeedsHuman("broken"))
    task = f"{case}.klaviyo.locate"

    ran = installation("task", "close", task, "--reason", "not_reachable")

    assert (ran.code, ran.err) == (0, "")
    assert installation("task", "show", task, "--json").data["outcome"] == "failed"
    history = installation("case", "show", case, "--json").data["history"]
    assert history[-1]["detail"] == "not_reachable"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        pytest.param(["show", "c-1.x.erase"], 1, "There is no task", id="show"),
        pytest.param(["retry", "c-1.x.erase"], 1, "There is no task", id="retry"),
        pytest.param(
            ["close", "c-1.x.erase", "--reason", "superseded"],
            1,
            "There is no task",
            id="close",
        ),
        pytest.param(
            ["close", "c-1.x.erase", "--reason", "tired"],
            2,
            "There is no reason tired; write one of erased_by_hand,",
            id="reason",
        ),
    ],
)
def test_strangers_are_named(
    installation: AnInstallation, words: Sequence[str], code: int, sentence: str
) -> None:
    """What does not exist is one sentence."""
    ran = installation("task", *words)

    assert ran.code == code
    assert len(ran.sentences) == 1
    assert ran.err.startswith(sentence)


def test_settled_task_takes_no_ruling(
    installation: AnInstallation, case: CaseId
) -> None:
    """Deciding twice says that the task is settled, and changes nothing."""
    task = f"{case}.hubspot.locate"
    installation("task", "choose", task, "--none", "--by", "dpo-2")

    again = [
        installation("task", "retry", task),
        installation("task", "close", task, "--reason", "superseded"),
        installation("task", "choose", task, "--none", "--by", "dpo-2"),
    ]

    assert {ran.code for ran in again} == {1}
    assert all("the task is settled" in ran.err for ran in again)


def test_too_many_records_are_taken_by_a_persons_word(tmp_path: Path) -> None:
    """One candidate holds all of them; choosing it lets the search settle."""
    limited = RegisterText(extra={"hubspot": {"max_records": "1"}})
    installation = AnInstallation(tmp_path, register=limited)
    case = installation.a_case(ADA)
    items = [Item(ItemId(""), one, "contact", "profile") for one in ("701", "702")]
    installation.hear("hubspot", Located(tuple(items)))
    task = f"{case}.hubspot.locate"

    shown = installation("task", "show", task, "--json").data
    ran = installation("task", "choose", task, "--record", 1, "--by", "dpo-2")

    assert shown["reason"] == "too_many_records"
    assert [one["items"] for one in shown["candidates"]] == [2]
    assert (ran.code, ran.err) == (0, "")
    assert _vault(installation, case)[0] == {"701", "702"}
    assert installation("task", "show", task, "--json").data["status"] == "settled"
    installation.close()
