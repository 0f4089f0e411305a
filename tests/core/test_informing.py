"""What reached the person, as the portal says, and what cannot have reached anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from orchestrator.core.answer.informing import doubt
from orchestrator.core.cases import Case, CaseStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import CaseExtended
from orchestrator.core.grounds import Ground
from orchestrator.core.keyed import IdentityForgotten
from orchestrator.core.later import Informed, PersonInformed
from orchestrator.core.ruled import CaseRefused
from orchestrator.core.words import ExtensionReason, StatementKind
from schemas.later_words import ExportCollection, NoticeTo, PersonInforming
from schemas.rejections import RejectionCode
from schemas.requests import Channel
from tests.core.builders import (
    DAY,
    HOUR,
    MINUTE,
    T0,
    a_case,
    after_events,
    ready_to_erase,
    signed,
)
from tests.core.ended import SHA, copied, erased, receipt_of

NOW = T0 + HOUR
TOLD = Informed(NOW, Channel.EMAIL, statement=1)
INFORMED = PersonInformed(NOW, "portal", TOLD)


def answered() -> Case:
    """Build a case that is answered, and forgotten."""
    case = erased()
    return after_events(case, signed(case), IdentityForgotten(T0))


def informing(**changes: object) -> PersonInforming:
    """Build the portal's word that the answer reached the person."""
    data = {"request_id": "r-1", "statement": 1, "channel": Channel.EMAIL}
    given = {**data, "informed_at": NOW, **changes}
    return PersonInforming.model_validate(given)


def test_answer_reaches_the_person_after_the_case_is_closed() -> None:
    """Nothing else moves a closed case, and this moves nothing but its record."""
    case = answered()
    assert case.status is CaseStatus.CLOSED

    after = decide(case, INFORMED)

    assert after.case == replace(case, informed=(TOLD,))
    assert after.commands == ()


def test_same_news_is_noted_once() -> None:
    """The first time counts; the same answer by another channel is other news."""
    case = decide(answered(), INFORMED).case
    again = replace(TOLD, at=NOW + DAY)
    by_letter = replace(again, channel=Channel.LETTER)

    assert decide(case, replace(INFORMED, informed=again)).case is case
    case = decide(case, replace(INFORMED, informed=by_letter)).case
    assert case.informed == (TOLD, by_letter)


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        pytest.param(informing(statement=2), "/statement", id="no such statement"),
        pytest.param(
            informing(statement=None, notice=NoticeTo.EXTENSION),
            "/notice",
            id="not extended",
        ),
        pytest.param(
            informing(statement=None, notice=NoticeTo.IDENTITY),
            "/notice",
            id="not asked",
        ),
        pytest.param(
            informing(statement=None, notice=NoticeTo.REFUSAL),
            "/notice",
            id="not refused",
        ),
    ],
)
def test_nobody_is_told_what_was_never_said(
    said: PersonInforming, pointer: str
) -> None:
    """A statement or a notice that there is none of reached nobody."""
    why = doubt(answered(), said, "e-1", NOW)

    assert why is not None
    assert (why.code, why.pointer) == (RejectionCode.UNKNOWN_REFERENCE, pointer)


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(NOW + 6 * MINUTE, id="to come"),
        pytest.param(T0 - 6 * MINUTE, id="before it was signed"),
    ],
)
def test_nobody_is_told_at_an_impossible_time(at: datetime) -> None:
    """News comes after what it tells of, give or take two clocks."""
    why = doubt(answered(), informing(informed_at=at), "e-1", NOW)

    assert why is not None
    assert (why.code, why.pointer) == (RejectionCode.INVALID_VALUE, "/informed_at")


def test_notice_that_was_ready_can_reach_the_person() -> None:
    """An extension and a refusal are known by what was ruled."""
    case = decide(a_case(), CaseExtended(T0, ExtensionReason.NUMBER, "dpo")).case
    refused = CaseRefused(T0, Ground.LEGAL_CLAIMS, "dpo")
    case = decide(case, refused).case

    for notice in (NoticeTo.EXTENSION, NoticeTo.REFUSAL):
        said = informing(statement=None, notice=notice)
        assert doubt(case, said, "e-1", NOW) is None


def test_only_the_copy_of_the_case_is_collected() -> None:
    """Another digest is another person's copy, or an older one."""
    other = ExportCollection(request_id="r-1", sha256="cd" * 32, collected_at=NOW)

    why = doubt(copied(), other, "e-1", NOW)

    assert why is not None
    assert (why.code, why.pointer) == (RejectionCode.UNKNOWN_REFERENCE, "/sha256")
    own = other.model_copy(update={"sha256": SHA})
    assert doubt(copied(), own, "e-1", NOW) is None


def test_receipt_prints_what_reached_the_person_before_it() -> None:
    """An interim statement that the person was told stands in the final one."""
    case = ready_to_erase("a")
    case = replace(case, wants_interim=True)
    case = decide(case, signed(case, StatementKind.INTERIM)).case
    case = decide(case, INFORMED).case

    receipt = receipt_of(replace(case, tasks=erased().tasks))

    assert receipt.informed is not None
    (line,) = receipt.informed
    assert (line.at, line.channel, line.statement) == (NOW, Channel.EMAIL, 1)


def test_receipt_of_a_case_without_news_says_nothing_of_it() -> None:
    """Nothing is printed that nobody said."""
    assert receipt_of(erased()).informed is None
