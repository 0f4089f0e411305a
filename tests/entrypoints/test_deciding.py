"""Rulings on a whole case, by the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.core.grounds import Ground
from orchestrator.core.laws import Law
from orchestrator.core.words import CaseId
from orchestrator.entrypoints.actions.notices import LANGUAGES, texts_of
from tests.support.installation import AnInstallation
from tests.support.people import Human
from tests.support.site_register import RegisterText

FOUR_EYES = """
[[review]]
right = "erasure"
decided_by = "two_people"
"""
REFUSE = ("--ground", "legal_claims")
STOPPED = ("--means", "by_separation", "--by", "dpo-1")


@pytest.fixture
def case(installation: AnInstallation) -> CaseId:
    """Open a case of which nobody has asked anything yet."""
    return installation.a_case(Human(1), "erasure")


def test_record_class_that_nobody_has_is_refused(
    installation: AnInstallation, case: CaseId
) -> None:
    """A slip of the pen would erase the very records that the person is refused."""
    told = installation(
        "case", "refuse", case, *REFUSE, "--record-class", "ordr", "--by", "dpo-1"
    )

    assert told.code == 1
    assert "No account has the record class ordr" in told.err
    assert "order" in told.err


def test_held_case_shows_why_and_is_released(
    installation: AnInstallation, case: CaseId
) -> None:
    """The hold, who set it and its end stand in the case."""
    held = installation(
        "case", "hold", case, "--classes", "irreversible", "--reason", "authority",
        "--by", "dpo-1",
    )  # fmt: skip
    shown = installation("case", "show", case, "--json").data
    told = installation("case", "release", case, "--reason", "authority", "--by", "d-2")
    freed = installation("case", "show", case, "--json").data

    assert (held.code, told.code) == (0, 0)
    assert shown["holds"][0]["classes"] == ["irreversible"]
    assert freed["holds"] == []
    assert [one["kind"] for one in freed["rulings"]] == ["held", "released"]


def test_hold_is_listed_with_its_owner_and_the_day_of_the_next_look(
    installation: AnInstallation, case: CaseId
) -> None:
    """Whoever reviews holds finds them all, until they are released."""
    installation(
        "case", "hold", case, "--reason", "legal_claims", "--by", "dpo-1",
        "--owner", "legal-team", "--review-on", "2099-01-31",
    )  # fmt: skip
    listed = installation("hold", "list", "--json").data
    installation("case", "release", case, "--reason", "legal_claims", "--by", "dpo-2")
    freed = installation("hold", "list", "--json").data

    (line,) = listed
    assert (line["case"], line["hold"]["owner"]) == (case, "legal-team")
    assert line["hold"]["review_at"].startswith("2099-01-31")
    assert freed == []


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        pytest.param(
            ("hold", "--reason", "incident", "--review-on", "2020-01-31"),
            "day of the review is over",
            id="past",
        ),
        pytest.param(
            ("hold", "--classes", "protective", "--reason", "authority"),
            "never held",
            id="protective",
        ),
        pytest.param(("hold", "--reason", "review"), "set by a rule", id="by-rule"),
        pytest.param(("hold", "--reason", "she called"), "no reason", id="free-text"),
        pytest.param(("release", "--reason", "brake"), "two people", id="brake"),
        pytest.param(("release", "--reason", "incident"), "no hold", id="not-held"),
        pytest.param(("approve",), "nobody's decision", id="not-reviewed"),
        pytest.param(("refuse", "--ground", "because"), "no ground", id="ground"),
        pytest.param(
            ("refuse", "--ground", "others_rights"), "does not fit", id="misfit"
        ),
    ],
)
def test_ruling_that_does_not_fit_is_refused_with_a_sentence(
    installation: AnInstallation, case: CaseId, args: tuple[str, ...], sentence: str
) -> None:
    """Whoever tries learns why, and nothing changes."""
    verb, *options = args

    told = installation("case", verb, case, *options, "--by", "dpo-1")

    assert told.code != 0
    assert sentence in told.err


def test_gate_that_nobody_opens_says_so(
    installation: AnInstallation, case: CaseId
) -> None:
    """A gate of the search opens by the search, or by closing it."""
    erasure = f"{case}.hubspot.erase"

    told = installation(
        "task", "open-gate", erasure, "--reason", "not_reachable", "--by", "dpo-1"
    )

    assert told.code != 0
    assert "not opened by a person" in told.err
    assert "a person may open it" not in installation("task", "show", erasure).out


def test_same_person_twice_is_not_four_eyes(tmp_path: Path) -> None:
    """The second word of the same person is refused; another's completes it."""
    made = AnInstallation(tmp_path, register=RegisterText(more=FOUR_EYES))
    case = made.a_case(Human(1), "erasure")

    first = made("case", "approve", case, "--by", "dpo-1")
    again = made("case", "approve", case, "--by", "DPO-1")
    other = made("case", "approve", case, "--by", "dpo-2")
    shown = made("case", "show", case, "--json").data
    made.close()

    assert "second, different person" in first.out
    assert again.code != 0
    assert "said so already" in again.err
    assert "goes on" in other.out
    assert shown["rulings"][0]["by"] == ["dpo-1", "dpo-2"]


@pytest.mark.parametrize(
    ("language", "complaint"),
    [
        pytest.param("de", "Aufsichtsbehörde", id="de"),
        pytest.param("en", "data protection authority", id="en"),
        pytest.param("es", "autoridad de protección de datos", id="es"),
        pytest.param("fr", "autorité de protection des données", id="fr"),
        pytest.param("it", "autorità per la protezione dei dati", id="it"),
        pytest.param("pt", "autoridade de proteção de dados", id="pt"),
        pytest.param("zh", "数据保护机构", id="zh"),
    ],
)
def test_notice_names_the_reason_and_the_remedies(
    installation: AnInstallation, case: CaseId, language: str, complaint: str
) -> None:
    """Art 12(4) GDPR: why, the complaint, and the court."""
    before = installation("case", "notice", case, "--language", language)
    installation("case", "refuse", case, *REFUSE, "--by", "dpo-1")

    told = installation("case", "notice", case, "--language", language)

    assert before.code != 0
    assert told.code == 0
    for word in (complaint, "77", "79", "GDPR Art 17(3)(e)"):
        assert word in told.out


def test_notice_of_a_refusal_in_part_names_the_records(
    installation: AnInstallation, case: CaseId
) -> None:
    """What is left alone is named by class, in the person's own language."""
    installation(
        "case", "refuse", case, *REFUSE, "--record-class", "order", "--by", "dpo-1"
    )

    assert "commandes" in installation("case", "notice", case).out


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("law", Law)
def test_every_ground_is_said_in_every_language(language: str, law: Law) -> None:
    """No refusal leaves the person without a reason, or without remedies."""
    texts = texts_of(language, law)

    assert {f"ground_{one.value}" for one in Ground} <= texts.keys()
    assert texts.keys() == texts_of("en", law).keys()
    assert texts["remedies"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("place", "ground", "said", "unsaid"),
    [
        pytest.param("FR", "legal_claims", ["CNIL", "77", "79"], "ICO", id="eu"),
        pytest.param(
            "GB", "legal_claims", ["164A", "165", "167", "ICO"], "CNIL", id="uk"
        ),
        pytest.param(
            "US-CA",
            "transaction",
            ["7022", "7101", "1798.105(d)(1)"],
            "GDPR",
            id="california",
        ),
        pytest.param("BR", "legal_obligation", ["ANPD", "22"], "GDPR", id="brazil"),
        pytest.param("CN", "technically_hard", ["50", "65"], "GDPR", id="china"),
    ],
)
def test_notice_says_what_its_law_wants(
    installation: AnInstallation,
    language: str,
    place: str,
    ground: str,
    said: list[str],
    unsaid: str,
) -> None:
    """Whom the person can turn to is another authority in each place."""
    case = installation.a_case(Human(1), "erasure", jurisdiction=place)
    installation("case", "use-stopped", case, *STOPPED)
    installation("case", "refuse", case, "--ground", ground, "--by", "dpo-1")

    told = installation("case", "notice", case, "--language", language)

    assert told.code == 0
    for word in said:
        assert word in told.out
    assert unsaid not in told.out


def test_ground_of_another_law_is_refused_with_those_of_this(
    installation: AnInstallation,
) -> None:
    """The sentence names the law, and what it knows instead."""
    case = installation.a_case(Human(1), "erasure", jurisdiction="BR")

    told = installation(
        "case", "refuse", case, "--ground", "excessive", "--by", "dpo-1"
    )

    assert told.code == 1
    assert "(BR) does not know the ground excessive" in told.err
    assert "legal_obligation" in told.err


def test_what_china_lets_be_stored_is_refused_once_use_has_stopped(
    installation: AnInstallation,
) -> None:
    """PIPL Art 47: first stop, then say so, then refuse; the person reads it."""
    case = installation.a_case(Human(1), "erasure", jurisdiction="CN")
    refuse = ("case", "refuse", case, "--ground", "technically_hard", "--by", "dpo-1")

    early = installation(*refuse)
    said = installation("case", "use-stopped", case, *STOPPED)
    late = installation(*refuse)
    shown = installation("case", "show", case, "--json").data
    told = installation("case", "notice", case, "--language", "en")

    assert early.code == 1
    assert "PIPL Art 47(2)" in early.err
    assert "use-stopped" in early.err
    assert (said.code, late.code) == (0, 0)
    assert [one["kind"] for one in shown["rulings"]] == ["use_stopped", "refused"]
    assert "Every other use of them has stopped" in told.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(("--means", "trust_me"), "no means trust_me", id="means"),
        pytest.param(
            ("--means", "at_processor", "--account", "elsewhere"),
            "erases nothing at elsewhere",
            id="account",
        ),
    ],
)
def test_word_of_stopped_use_that_does_not_fit_is_refused(
    installation: AnInstallation,
    case: CaseId,
    options: tuple[str, ...],
    sentence: str,
) -> None:
    """Whoever tries learns why, and nothing is noted."""
    told = installation("case", "use-stopped", case, *options, "--by", "dpo-1")

    assert told.code != 0
    assert sentence in told.err
    assert installation("case", "show", case, "--json").data["rulings"] == []
