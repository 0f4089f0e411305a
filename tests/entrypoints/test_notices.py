"""What a person is told of a refusal, by law, ground and language."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orchestrator.core.cases import Case
from orchestrator.core.decide import decide
from orchestrator.core.grounds import PROVISIONS, Ground, fits
from orchestrator.core.holds import UseStopping
from orchestrator.core.laws import Law
from orchestrator.core.ruled import CaseRefused, UseStopped
from orchestrator.core.ruling.stopping import ONLY_STORED
from orchestrator.entrypoints.actions.notices import (
    LANGUAGES,
    refusal_notice,
    texts_of,
    words_of_classes,
)
from tests.core.builders import ACCESS, ERASURE, HOUR, MAIL, T0, an_account
from tests.core.builders import a_case as a_case_of

KNOWN = [
    pytest.param(law, ground, id=f"{law}-{ground}")
    for law, provisions in PROVISIONS.items()
    for ground in provisions
]


def refused(law: Law, ground: Ground, *classes: str, **changes: object) -> Case:
    """Refuse a case of a law on a ground that fits it."""
    rights = ERASURE if fits(ground, law, ERASURE, in_part=False) else ACCESS
    case = a_case_of(an_account(MAIL), rights=rights)
    case = replace(case, jurisdiction=law.value, **changes)  # type: ignore[arg-type]
    event = CaseRefused(T0 + HOUR, ground, "dpo-1", frozenset(classes))
    return decide(case, event).case


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("law", "ground"), KNOWN)
def test_every_ground_of_every_law_has_a_whole_text(
    law: Law, ground: Ground, language: str
) -> None:
    """Greeting, reason with its provision, remedies and whom to ask; no gap."""
    case = refused(law, ground)

    notice = refusal_notice(case, language)

    assert f"({PROVISIONS[law][ground]})" in notice
    assert case.request_id in notice
    assert case.plan.dpo_contact in notice
    assert not {"{", "}"} & {*notice}
    assert len(notice.split("\n\n")) >= 4


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("law", Law)
def test_classes_of_a_refusal_in_part_are_named(law: Law, language: str) -> None:
    """The person learns what is left alone; the rest is erased."""
    case = refused(law, Ground.LEGAL_OBLIGATION, "order", "invoice", "loyalty")
    words = words_of_classes(language)

    notice = refusal_notice(case, language)

    for word in (words["order"], words["invoice"], "loyalty"):
        assert word in notice
    assert not {"{", "}"} & {*notice}


def test_notice_names_the_local_day_of_receipt() -> None:
    """Half past eleven at night in UTC is the next day in Berlin."""
    late = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    case = refused(Law.EU, Ground.UNFOUNDED, received_at=late)

    assert "2026-04-01" in refusal_notice(case, "en")


def test_own_authority_is_named_under_the_law_of_the_union_only() -> None:
    """Elsewhere the law names whom to turn to."""
    named = replace(refused(Law.EU, Ground.UNFOUNDED).plan, authority="CNIL, cnil.fr")

    told = {
        law: refusal_notice(refused(law, Ground.IDENTITY_UNCONFIRMED, plan=named), "en")
        for law in Law
    }

    assert [law for law, notice in told.items() if "CNIL" in notice] == [Law.EU]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "ground",
    [one for one in Ground if fits(one, Law.CHINA, ERASURE, in_part=False)],
)
def test_notice_promises_stopped_use_only_where_somebody_said_so(
    ground: Ground, language: str
) -> None:
    """PIPL Art 47: what is left is only stored; the person reads what is true."""
    texts = texts_of(language, Law.CHINA)
    said = UseStopped(T0 + HOUR, UseStopping.BY_SEPARATION, "dpo-1")
    goes_on = refused(Law.CHINA, ground)
    stopped = decide(goes_on, said).case

    told = [refusal_notice(one, language) for one in (goes_on, stopped)]

    asks = PROVISIONS[Law.CHINA][ground] == ONLY_STORED[Law.CHINA]
    assert [texts["use_goes_on"] in one for one in told] == [asks, False]
    assert [texts["use_stopped"] in one for one in told] == [False, asks]
