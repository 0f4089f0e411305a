"""What a law kept is found again by its own name alone, erased, told and forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select

from orchestrator.adapters.keys.signing import read_envelope
from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.statement_log import SqlStatementLog
from orchestrator.adapters.sql import tables as t
from orchestrator.core.afterwards.owed import IDENTITY
from orchestrator.core.cases import CaseStatus, TaskStatus
from orchestrator.core.cases import Step as TaskStep
from orchestrator.core.events import PersonRetried
from orchestrator.core.plan import RetentionRule
from orchestrator.engine import Step
from orchestrator.stages.sweep import Sweep
from orchestrator.stages.work.unsendable import OFF_HINT, instead_of
from schemas.connecting import Action, Failed, Mode, NeedsHuman, TaskId
from schemas.receipts import Receipt, read_receipt
from schemas.topics import RECEIPTS
from tests.core.builders import DAY, MAIL
from tests.stages.a_workshop import SPEC, Workshop, case_of
from tests.stages.an_office import Office
from tests.support.logged import SIGNER

PROFILES = RetentionRule(
    id="de-profiles",
    record_class="profile",
    statute="AO section 147(3)",
    years=1,
    from_end_of_year=True,
)
DUE = datetime(2027, 12, 31, 23, 0, tzinfo=UTC)
KEY = "obligation:mail:2027"
ADA, BEN = "ada@example.com", "ben@example.com"


@pytest.fixture
def kept(office: Office) -> Workshop:
    """Lend a workshop whose two people are answered, forgotten, and kept in part."""
    workshop = Workshop(office, retention=(PROFILES,))
    workshop.open(ADA, BEN)
    workshop.rounds()
    office.seal().turn()
    office.forget().turn()
    return workshop


def _let_pass(office: Office) -> None:
    """Let the retention end, and the sweep come by."""
    office.clock.advance(DUE - office.clock.now())
    Sweep(office.store, office.engine, office.clock, lambda: None).turn()


def _purposes(office: Office) -> list[str]:
    """Return the purposes of all keys there are."""
    with office.database.reading() as connection:
        query = select(t.data_keys.c.purpose).order_by(t.data_keys.c.owner)
        return list(connection.execute(query).scalars())


def _statements(office: Office, case: str) -> list[Receipt]:
    """Return what was signed in a case, in order."""
    columns = t.statements.c
    query = select(columns.envelope).where(columns.case_id == case)
    with office.database.reading() as connection:
        envelopes = connection.execute(query.order_by(columns.number)).scalars()
        return [read_receipt(read_envelope(one).payload) for one in envelopes]


def test_nothing_but_locators_outlives_the_answer(kept: Workshop) -> None:
    """The identity keys are gone; each case has a key for the account and due year."""
    assert kept.connector.sizes(Action.ERASE) == []
    assert _purposes(kept.office) == [KEY, KEY]
    opened = kept.office.vault.open([case_of(ADA)], KEY)
    assert list(opened.named(case_of(ADA), "")) == ["items:mail"]


def test_day_after_retention_erases_what_was_kept(kept: Workshop) -> None:
    """By itself, by the processor's own ids, and it ends with a supplement."""
    office = kept.office
    before = kept.rounds()

    _let_pass(office)
    kept.rounds()
    office.seal().turn()

    assert before == 0
    assert sorted(kept.connector.erased) == [ADA, BEN]
    final, supplement = _statements(office, case_of(ADA))
    assert final.result == "complete_with_retention"
    assert (supplement.kind, supplement.supersedes) == ("supplement", None)
    (line,) = supplement.lines
    assert line.was_kept is not None
    assert line.was_kept[0].statute == PROFILES.statute
    assert line.settled_at == DUE
    assert line.identifier_types == ()


def test_supplement_goes_to_the_log_and_the_archive(kept: Workshop) -> None:
    """It waits for the log like every statement, and leaves on the receipts' topic."""
    office = kept.office
    _let_pass(office)
    kept.rounds()

    office.seal().turn()

    with office.database.reading() as connection:
        waiting = select(t.statements.c.number).where(t.statements.c.to_log == 1)
        numbers = sorted(connection.execute(waiting).scalars())
        sent = select(t.outbox.c.key).where(t.outbox.c.topic == RECEIPTS)
        receipts = list(connection.execute(sent).scalars())
    assert numbers == [1, 1, 2, 2]
    assert receipts.count(case_of(ADA)) == 2


def test_supplement_is_not_taken_for_dated_back(kept: Workshop) -> None:
    """It says when it was signed itself, years after the answer that it adds to."""
    office = kept.office
    SqlStatementLog(office.database, SIGNER).append(office.clock.now())
    _let_pass(office)
    kept.rounds()
    office.seal().turn()
    SqlStatementLog(office.database, SIGNER).append(office.clock.now())

    found = LogBook(office.database).checked(SIGNER, [])

    codes = {fault.code for fault in found.faults}
    assert found.statements == 4
    assert codes == {"foreign_key"}  # the office signs each time with another one


def test_last_thing_owed_closes_the_case_and_its_key_goes(kept: Workshop) -> None:
    """Nothing that names a record is left once the supplement is signed."""
    office = kept.office
    _let_pass(office)
    kept.rounds()
    office.seal().turn()
    told = _purposes(office)

    office.forget().turn()

    assert told == [KEY, KEY]
    assert _purposes(office) == []
    with office.database.reading() as connection:
        assert connection.execute(select(t.vault)).all() == []
        assert connection.execute(select(t.obligations)).all() == []
    assert office.case(case_of(ADA)).status is CaseStatus.CLOSED


def test_keys_of_an_account_and_year_forget_everybody_of_it(kept: Workshop) -> None:
    """Who destroys them by their purpose needs to know no case."""
    office = kept.office

    with office.database.writing() as connection:
        connection.execute(delete(t.data_keys).where(t.data_keys.c.purpose == KEY))

    for email in (ADA, BEN):
        assert office.vault.open([case_of(email)], KEY).keys == {}
        assert office.vault.open([case_of(email)], IDENTITY).keys == {}


def test_account_that_needs_identifiers_asks_a_person(office: Office) -> None:
    """It is not called at all, and the task says what to do."""
    by_name = _named_by_identifiers(office)
    _let_pass(office)

    by_name.rounds()

    task = office.case(case_of(ADA)).all_tasks[_follow_up(ADA)]
    assert (task.status, task.reason) == (
        TaskStatus.NEEDS_HUMAN,
        "identifiers_forgotten",
    )
    assert task.hint is not None
    assert "close the task" in task.hint
    assert by_name.connector.erased == set()


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        pytest.param(Mode.OFF, "account_off", id="off"),
        pytest.param(Mode.DRY_RUN, "account_in_dry_run", id="dry run"),
    ],
)
def test_account_that_is_live_no_more_asks_a_person(
    kept: Workshop, mode: Mode, reason: str
) -> None:
    """Nothing is sent, the task says what to do, and a retry goes on once it is."""
    office, config = kept.office, kept.account.config
    kept.account.config = replace(config, mode=mode)
    erased = kept.connector.sizes(Action.ERASE)
    _let_pass(office)
    kept.rounds()
    task = office.case(case_of(ADA)).all_tasks[_follow_up(ADA)]
    stopped = (task.status, task.reason, kept.connector.sizes(Action.ERASE))

    kept.account.config = config
    retried = PersonRetried(office.clock.now(), task.id, "dpo-1")
    office.engine.apply([Step(case_of(ADA), retried)])
    kept.rounds()

    assert stopped == (TaskStatus.NEEDS_HUMAN, reason, erased)
    assert task.hint is not None
    assert "mode to live" in task.hint
    assert kept.account.paused_reason is None
    assert office.case(case_of(ADA)).all_tasks[_follow_up(ADA)].is_settled


def test_look_goes_on_in_a_dry_run_and_not_where_the_account_is_off(
    kept: Workshop,
) -> None:
    """A look reads, which a rehearsal may; to an account that is off nothing goes."""
    office, config = kept.office, kept.account.config
    _let_pass(office)
    task = office.case(case_of(ADA)).all_tasks[_follow_up(ADA)]
    look = replace(task, action=Action.LOCATE, sealed_under="read_back:mail")
    polled = replace(task, step=TaskStep.POLL)

    said = {
        mode: [
            instead_of(one, replace(config, mode=mode), is_named=True)
            for one in (look, polled)
        ]
        for mode in Mode
    }

    assert said == {
        Mode.LIVE: [None, None],
        Mode.DRY_RUN: [None, None],
        Mode.OFF: [Failed("account_off", OFF_HINT), NeedsHuman("account_off")],
    }


def test_lost_answer_of_a_follow_up_is_asked_again(kept: Workshop) -> None:
    """A worker that dies in the call leaves a claim that the next owner mends."""
    office = kept.office
    _let_pass(office)
    kept.connector.silent_about = {ADA}

    kept.round()
    lost = office.case(case_of(ADA)).all_tasks[_follow_up(ADA)]
    kept.connector.silent_about = set()
    office.clock.advance(DAY)
    kept.rounds()

    assert (lost.status, lost.answers_lost) == (TaskStatus.WAITING, 1)
    assert office.case(case_of(ADA)).all_tasks[_follow_up(ADA)].is_settled


def _named_by_identifiers(office: Office) -> Workshop:
    """Return a workshop whose connector erases by identifiers, with Ada kept."""
    spec = replace(SPEC, erases_by_identifier=True)
    workshop = Workshop(office, retention=(PROFILES,), spec=spec)
    workshop.open(ADA)
    workshop.rounds()
    office.seal().turn()
    office.forget().turn()
    return workshop


def _follow_up(email: str) -> TaskId:
    """Name the follow-up of a person's case."""
    return TaskId(f"{case_of(email)}.{MAIL}.erase.2027-12-31")
