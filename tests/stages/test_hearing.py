"""The owner of an account hears its processor: each letter once, none lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from connectors.errors import (
    ContractChanged,
    CredentialsRefused,
    LeaseLost,
    NotGenuine,
    TryLater,
)
from orchestrator.adapters.inbox.inbox import SqlInbox
from orchestrator.core.cases import TaskStatus
from orchestrator.errors import CannotStore, Unavailable
from orchestrator.ports import Call
from schemas.connecting import (
    Action,
    JobAccepted,
    Located,
    Reply,
    Ticket,
)
from tests.core.builders import CASE, HOUR, MAIL
from tests.stages.a_room import FOUND, LATER, SIGNED, Room, a_room
from tests.stages.an_office import Office


def _with_job(office: Office) -> Room:
    """Return a room whose one erasure waits for an accepted job."""
    room = a_room(office, CASE)
    claimed = room.claim("erase")[CASE]
    room.report(claimed, JobAccepted(Ticket("job-7"), HOUR), "erase")
    return room


def test_signed_word_settles_the_task_and_ends_the_letter(office: Office) -> None:
    """A callback needs no claim; its content is gone once it is applied."""
    room = _with_job(office)
    room.post()

    room.hear()

    assert room.erasure().outcome == SIGNED
    assert room.state == "applied"
    assert room.inbox.letter("b-1") is None
    assert office.claims.open_calls(MAIL, 9) == []


def test_word_that_comes_before_our_own_report_is_not_lost(office: Office) -> None:
    """A fast processor waits in the inbox until the call's answer is stored."""
    room = a_room(office, CASE)
    claimed = room.claim("erase")[CASE]
    room.post()
    room.hear()
    assert room.state == "waiting"
    assert room.erasure().status is TaskStatus.CALLED

    room.report(claimed, JobAccepted(Ticket("job-7"), HOUR), "erase")
    room.hear()
    assert room.erasure().status is TaskStatus.WAITING  # not yet: a second apart
    office.clock.advance(timedelta(seconds=1))
    room.hear()

    assert room.erasure().outcome == SIGNED
    assert room.state == "applied"


def test_replayed_word_changes_nothing(office: Office) -> None:
    """The same letter a second time is applied without an effect."""
    room = _with_job(office)
    room.post()
    room.hear()
    before = office.case(CASE)

    room.post(id="b-2")
    room.hear()

    assert office.case(CASE) == before
    assert room.inbox.line("b-2").state == "applied"


def test_key_that_nobody_knows_is_kept_for_a_person(office: Office) -> None:
    """A genuine word about no call of this account is not thrown away."""
    room = _with_job(office)
    room.post("key-of-another")

    room.hear()

    line = room.inbox.line("b-1")
    assert (line.state, line.code) == ("unmatched", "unknown_call")
    assert room.inbox.letter("b-1") is not None
    assert room.erasure().status is TaskStatus.WAITING


def test_answer_to_another_action_is_not_applied(office: Office) -> None:
    """What was said of a copy ends no erasure, whatever call it names."""
    room = _with_job(office)
    room.connector.about = Action.EXPORT
    room.post()

    room.hear()

    line = room.inbox.line("b-1")
    assert (line.state, line.code) == ("unmatched", "unknown_call")
    assert room.erasure().status is TaskStatus.WAITING


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        pytest.param(NotGenuine("bad_signature"), "refused", "bad_signature", id="bad"),
        pytest.param(ContractChanged("x"), "unmatched", "contract_changed", id="shape"),
        pytest.param(ZeroDivisionError(), "unmatched", "connector_fault", id="bug"),
        pytest.param(TryLater("no_connection"), "waiting", None, id="away"),
        pytest.param(CredentialsRefused("x"), "waiting", None, id="credentials"),
        pytest.param(LeaseLost("lease_lost"), "waiting", None, id="lease_lost"),
    ],
)
def test_letter_that_cannot_be_read_pauses_nothing(
    office: Office, error: Exception, state: str, code: str | None
) -> None:
    """A stranger's letter is refused; one that cannot be checked yet is kept."""
    room = _with_job(office)
    room.connector.says = error
    room.post()

    room.hear()

    line = room.inbox.line("b-1")
    assert (line.state, line.code) == (state, code)
    assert room.account.paused_reason is None
    assert room.erasure().status is TaskStatus.WAITING


def test_letter_that_could_not_be_checked_is_checked_later(office: Office) -> None:
    """A certificate that could not be fetched is fetched in a minute."""
    room = _with_job(office)
    room.connector.says = TryLater("no_connection")
    room.post()
    room.hear()

    room.connector.says = SIGNED
    room.hear()
    assert room.state == "waiting"
    office.clock.advance(timedelta(minutes=1))
    room.hear()

    assert room.state == "applied"
    assert room.connector.heard == 2


def test_each_task_of_a_call_hears_the_word(office: Office) -> None:
    """One callback speaks of a whole batch; who is under call hears it later."""
    room = a_room(office, CASE, LATER)
    claimed = room.claim("batch")
    room.report(claimed[CASE], JobAccepted(Ticket("job-7"), HOUR), "batch")
    room.post("key-k-batch")

    room.hear()
    assert room.erasure(CASE).outcome == SIGNED
    assert room.state == "waiting"
    room.report(claimed[LATER], JobAccepted(Ticket("job-7"), HOUR), "batch")
    office.clock.advance(timedelta(seconds=1))
    room.hear()

    assert room.erasure(LATER).outcome == SIGNED
    assert room.state == "applied"


def test_records_in_a_word_never_reach_the_history(office: Office) -> None:
    """A connector that answers with records is at fault: a person looks."""
    room = _with_job(office)
    room.connector.says = cast("Reply", Located((FOUND,)))
    room.post()

    room.hear()

    assert room.erasure().reason == "connector_fault"


def test_nothing_is_read_without_the_lease(office: Office) -> None:
    """The account is somebody else's now, and so are its letters."""
    room = _with_job(office)
    room.account.lease.drop()
    room.post()

    room.hear()

    assert room.connector.heard == 0


def test_lease_that_ends_meanwhile_leaves_the_rest_to_the_next_owner(
    office: Office,
) -> None:
    """What was begun ends; the letters behind it are somebody else's."""
    room = _with_job(office)
    room.post("key-of-another")
    room.post("key-of-another", id="b-2")
    room.connector.meanwhile = room.account.lease.drop

    room.hear()

    assert room.connector.heard == 1
    assert room.inbox.line("b-2").state == "waiting"


class Dying(SqlInbox):
    """An inbox whose database goes away at one step."""

    def __init__(self, inbox: SqlInbox, step: str, error: Exception) -> None:
        vars(self).update(vars(inbox))
        self.step = step
        self.error = error

    def end(self, *args: Any) -> int:  # noqa: ANN401 (as the adapter's)
        """Fail before anything is stored."""
        if self.step == "end":
            raise self.error
        return super().end(*args)

    def call(self, *args: Any) -> Call | None:  # noqa: ANN401 (as the adapter's)
        """Fail between the verification and the effect."""
        if self.step == "call":
            raise self.error
        return super().call(*args)


@pytest.mark.parametrize("step", ["call", "end"])
def test_death_between_hearing_and_ending_loses_nothing(
    office: Office, step: str
) -> None:
    """What was heard and not applied, or applied and not ended, is heard again."""
    room = _with_job(office)
    room.post()

    room.hear(Dying(room.inbox, step, Unavailable("gone")))
    room.hear()

    assert room.erasure().outcome == SIGNED
    assert room.state == "applied"


def test_full_disk_ends_the_worker(office: Office) -> None:
    """Nothing can be stored: the process says so and ends."""
    room = _with_job(office)
    room.post()

    failures = room.hear(Dying(room.inbox, "call", CannotStore("The disk is full.")))

    assert [str(one) for one in failures] == ["The disk is full."]
    assert room.state == "waiting"
