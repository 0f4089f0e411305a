"""What the demo claims of decisions is false where anything speaks against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from orchestrator.entrypoints.demo.decisions import decisions
from orchestrator.entrypoints.demo.evidence import Evidence
from orchestrator.entrypoints.demo.example_files import register_text
from orchestrator.entrypoints.demo.folder import Folder, make_folder
from orchestrator.entrypoints.demo.office import NOTICE
from orchestrator.entrypoints.demo.people import (
    ADA,
    EXTENDED,
    FORGED,
    REFUSED,
    REVIEWED,
    Person,
)
from orchestrator.entrypoints.demo.proving_decided import (
    extended,
    misquoted,
    refused,
    reviewed,
    turned_away,
)
from schemas.case_events import CaseHeld, CaseRefused, NoticeReady, RequestRejected
from schemas.rejections import RejectionCode
from tests.support.demo_evidence import (
    AT,
    DUE,
    EXTENDED_TO,
    KEPT,
    LATER,
    PROVISION,
    a_line,
    a_notice,
    a_receipt,
    a_ruling,
    extended_due,
    opened,
    quarantined,
    the_evidence,
    the_systems,
    with_event,
    with_receipt,
    without,
)

Change = Callable[[Evidence], Evidence]
NOTICE_TEXT = f"Because of {PROVISION}. A complaint is possible, and the court.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A demo's folder with its register and the notice of the refusal."""
    made = make_folder(tmp_path / "demo-out")
    made.register.write_text(register_text(), encoding="utf-8")
    (made.notices / NOTICE).write_text(NOTICE_TEXT, encoding="utf-8")
    return made


def _lost(person: Person) -> Change:
    """Lose the record of somebody at the end of the run."""
    place = ("hubspot", "contacts", person.customer_id)
    return lambda seen: replace(
        seen, held={at: it for at, it in seen.held.items() if at != place}
    )


def _has(**changes: object) -> Change:
    """Change what was brought together."""
    return lambda seen: replace(seen, **changes)  # type: ignore[arg-type]


def _receipt(person: Person, **changes: object) -> Change:
    """Put another receipt in the place of somebody's."""
    return lambda seen: with_receipt(seen, a_receipt(person, **changes))


# --- the facts --------------------------------------------------------------------


def test_every_claim_of_decisions_holds_after_a_good_run(folder: Folder) -> None:
    """Where nothing is amiss nothing speaks against the four claims."""
    seen, systems = the_evidence(), the_systems()

    facts = [
        reviewed(systems, seen),
        refused(systems, folder, seen),
        extended(seen),
        turned_away(systems, seen),
    ]

    assert [list(fact.against) for fact in facts] == [[], [], [], []]
    assert misquoted(folder, [one.receipt for one in seen.receipts]) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        pytest.param(
            lambda seen: without(seen, CaseHeld, REVIEWED), "not held", id="not-held"
        ),
        pytest.param(_receipt(REVIEWED), "no receipt says", id="not-approved"),
        pytest.param(
            _receipt(REVIEWED, rulings=(a_ruling("approved", by=("dpo-1",)),)),
            "one person alone",
            id="two-eyes",
        ),
        pytest.param(
            _receipt(
                REVIEWED, rulings=(a_ruling("approved", at=LATER + (LATER - AT)),)
            ),
            "asked to erase before",
            id="asked-before",
        ),
        pytest.param(_has(before_approval={}), "was gone before", id="gone-before"),
    ],
)
def test_review_comes_before_anything_is_erased(change: Change, finding: str) -> None:
    """A review that was not held, or that one decided or none waited for, is found."""
    fact = reviewed(the_systems(), change(the_evidence()))

    assert any(finding in one for one in fact.against), fact.against


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        pytest.param(_receipt(REFUSED), "no receipt says", id="carried-out"),
        pytest.param(
            _receipt(
                REFUSED,
                rulings=(a_ruling("refused", reason="excessive", provision=PROVISION),),
                result="partial",
                lines=(a_line(outcome="failed", evidence=None),),
            ),
            "no receipt says",
            id="partial",
        ),
        pytest.param(
            lambda seen: without(seen, CaseRefused, REFUSED),
            "portal was not told",
            id="not-told",
        ),
        pytest.param(_lost(REFUSED), "changed or erased", id="erased"),
    ],
)
def test_refusal_is_told_and_touches_nothing(
    folder: Folder, change: Change, finding: str
) -> None:
    """A refusal without its receipt or its event, or after an erasure, is found."""
    fact = refused(the_systems(), folder, change(the_evidence()))

    assert any(finding in one for one in fact.against), fact.against


@pytest.mark.parametrize("missing", ["complaint", "court", PROVISION])
def test_notice_of_a_refusal_names_reason_and_remedies(
    folder: Folder, missing: str
) -> None:
    """A notice without the provision, the complaint or the court is found."""
    text = NOTICE_TEXT.replace(missing, "")
    (folder.notices / NOTICE).write_text(text, encoding="utf-8")

    fact = refused(the_systems(), folder, the_evidence())

    assert fact.against == [f"the notice does not say {missing}"]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        pytest.param(
            lambda seen: without(seen, NoticeReady, EXTENDED), "no notice", id="no-word"
        ),
        pytest.param(
            lambda seen: with_event(seen, a_notice()), "more than one", id="twice"
        ),
        pytest.param(
            lambda seen: with_event(
                without(seen, NoticeReady, EXTENDED), a_notice(due_at=DUE)
            ),
            "did not move",
            id="same-day",
        ),
        pytest.param(
            lambda seen: with_event(
                without(seen, NoticeReady, EXTENDED),
                a_notice(send_by=DUE + timedelta(days=1)),
            ),
            "may leave after",
            id="notice-late",
        ),
        pytest.param(
            _receipt(EXTENDED, due=extended_due(due_at=EXTENDED_TO + timedelta(1))),
            "says something else",
            id="other-day",
        ),
        pytest.param(
            _receipt(EXTENDED, due=extended_due(extended_because="number")),
            "says something else",
            id="other-reason",
        ),
        pytest.param(
            _receipt(EXTENDED, due=extended_due(extended_at=DUE)),
            "after the first due date",
            id="too-late",
        ),
    ],
)
def test_extension_comes_once_and_before_the_first_due_date(
    change: Change, finding: str
) -> None:
    """An extension that is late, told twice or told otherwise is found."""
    fact = extended(change(the_evidence()))

    assert any(finding in one for one in fact.against), fact.against


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        pytest.param(_has(quarantined=[]), "quarantined: nothing", id="taken"),
        pytest.param(
            _has(quarantined=[quarantined(RejectionCode.BAD_SIGNATURE)]),
            "quarantined: bad_signature",
            id="one-taken",
        ),
        pytest.param(
            lambda seen: with_event(
                seen, opened({"case_id": "c-x", "request_id": "forged-unknown_key"})
            ),
            "told of a forged request",
            id="opened",
        ),
        pytest.param(
            lambda seen: with_event(
                seen, opened({"case_id": "c-x", "request_id": "r-x"})
            ),
            "5 cases for 4 requests",
            id="under-another-name",
        ),
        pytest.param(
            lambda seen: with_event(
                seen,
                RequestRejected(
                    code=RejectionCode.UNKNOWN_KEY, pointer="", rule="R.", hint="H."
                ),
            ),
            "a forger was answered",
            id="answered",
        ),
        pytest.param(_lost(FORGED), "changed or erased", id="erased"),
    ],
)
def test_forged_requests_open_nothing(change: Change, finding: str) -> None:
    """A forgery that is taken, answered or carried out is found."""
    fact = turned_away(the_systems(), change(the_evidence()))

    assert any(finding in one for one in fact.against), fact.against


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        pytest.param({"statute": "Another law"}, "statute is another", id="statute"),
        pytest.param({"until": date(2035, 12, 31)}, "until 2035-12-31", id="year"),
        pytest.param({"until": date(2036, 12, 30)}, "until 2036-12-30", id="day"),
    ],
)
def test_what_is_kept_is_kept_as_the_register_says(
    folder: Folder, changes: dict[str, object], finding: str
) -> None:
    """Another statute, year or last day than the rule's is found."""
    kept = KEPT.model_copy(update=changes)
    receipt = a_receipt(
        ADA, result="complete_with_retention", lines=(a_line(retained=(kept,)),)
    )

    (against,) = misquoted(folder, [receipt])

    assert finding in against


# --- the page ---------------------------------------------------------------------


_NOTICE = "notice refusal, send by 2026-12-21"
_LATER = "notice extension, send by 2026-12-21"


def test_decisions_are_told_with_local_days() -> None:
    """Each decision is a line of its own, with days as the law counts them."""
    assert list(decisions(the_evidence())) == [
        ("Dmitri Ilves", "held for review, approved by dpo-1 and dpo-2, then erased"),
        (
            "Olga Ilves",
            f"refused by dpo-1 and dpo-2: legal_claims, {PROVISION}; {_NOTICE}",
        ),
        (
            "Chiara Conti",
            f"extended (complexity): was due 2026-12-21, now 2027-02-22; {_LATER}",
        ),
        (
            "Ada Moreau",
            "invoice kept until 2036-12-31: Code de commerce, art. L123-22",
        ),
        (
            "Eva Novak",
            "a request signed with another key was quarantined: unknown_key",
        ),
        (
            "Eva Novak",
            "a request that was altered on its way was quarantined: bad_signature",
        ),
    ]


def test_nothing_is_told_of_what_was_not_decided() -> None:
    """Without receipts and events no decision is made up."""
    nothing = replace(the_evidence(), receipts=[], events=[], quarantined=[])

    assert list(decisions(nothing)) == []
