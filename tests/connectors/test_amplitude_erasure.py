"""How users of Amplitude are marked, and how their jobs are found again."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from connectors.amplitude import Amplitude
from connectors.amplitude.connector import AMPLITUDE_ID
from connectors.base import (
    Action,
    Cancelled,
    Done,
    Evidence,
    Failed,
    Identifier,
    JobAccepted,
    NeedsHuman,
    NothingFound,
    Retry,
    TaskId,
    Ticket,
    TooLate,
)
from connectors.errors import AnswerLost
from connectors.fakes.amplitude import OTHER_PROJECT, PROJECT, FakeAmplitude
from connectors.fakes.faults import Fault, FaultKind
from connectors.testing import BYSTANDER, CANARY, TASK, Bench
from tests.connectors.amplitude_project import (
    NUMBER,
    OF_CANARY,
    AmplitudeProject,
    a_user,
    accepted,
    options,
    polled,
    work_for,
)
from tests.connectors.vendor_specs import recording

_ONE, _TWO, _THREE = TaskId("one"), TaskId("two"), TaskId("three")
_CANCELLED = Cancelled()


class TestMarking(AmplitudeProject):
    """Up to a hundred users a call, and an answer for each of them."""

    def test_unknown_id_fails_nobody_else(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """One unknown id is told for itself; the others are marked."""
        known = work_for(bench, "one", CANARY.reference)
        unknown = work_for(bench, "two", "nobody-1")

        replies = bench.run(lambda it: it.erase([known, unknown]))

        assert replies[_TWO] == NothingFound(Evidence.E2)
        assert accepted(replies[_ONE]).ticket.members == (_ONE,)
        assert fake.data["jobs"][PROJECT]["ids"] == [NUMBER]

    def test_unknown_id_beside_a_known_one_hides_nothing(self, bench: Bench) -> None:
        """A person with one good id is not called unknown."""
        work = work_for(bench, TASK, CANARY.reference, "nobody-1")

        assert bench.erase(work) == [Done("deleted", Evidence.E2)]

    def test_nothing_scheduled_is_no_erasure(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Amplitude answers 200 in plain words where it knew none of the ids."""
        reply = bench.erase_once(work_for(bench, TASK, "nobody-1"))

        assert reply == NothingFound(Evidence.E2)
        assert fake.data["jobs"] == {}

    def test_user_who_is_called_so_is_marked_all_the_same(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """An id that quotes the refusal's words is no refusal."""
        name = "nothing scheduled"
        fake.seed([{"user_id": name, "amplitude_id": 7}])

        accepted(bench.erase_once(work_for(bench, TASK, name)))

        assert fake.data["jobs"][PROJECT]["ids"] == [7]

    def test_body_asks_for_what_was_declared(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Scope, requester and the rule for unknown ids are in every call."""
        with recording(fake) as exchanges:
            bench.erase_once(work_for(bench, TASK, CANARY.reference))

        assert json.loads(exchanges[0].body) == {
            "user_ids": [CANARY.reference],
            "requester": "privacy-team",
            "ignore_invalid_id": True,
            "delete_from_org": False,
            "include_mapped_user_ids": True,
        }

    def test_call_takes_a_hundred_ids_and_no_more(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """People who do not fit come again; nobody is split or lost."""
        work = [
            work_for(bench, "one", *(f"a-{n}" for n in range(60))),
            work_for(bench, "two", *(f"b-{n}" for n in range(60))),
            work_for(bench, "three", *(f"c-{n}" for n in range(40))),
        ]

        replies = bench.run(lambda it: it.erase(work))

        assert replies[_TWO] == Retry("batch_full", timedelta(0))
        assert replies[_ONE] == replies[_THREE] == NothingFound(Evidence.E2)
        assert fake.requests("create_job") == 1

    def test_person_with_too_many_or_no_ids_needs_a_person(self, bench: Bench) -> None:
        """Neither fits into a call."""
        many = work_for(bench, "one", *(f"a-{n}" for n in range(101)))
        none = work_for(bench, "two", "x-1")
        work = [many, type(none)(_TWO, (), none.identifiers, "call-1")]

        replies = bench.run(lambda it: it.erase(work))

        assert {*replies.values()} == {NeedsHuman("wrong_number_of_ids")}


class TestScope(AmplitudeProject):
    """The same call deletes in one project or everywhere: every answer is compared."""

    def test_project_scope_leaves_other_projects_alone(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """What one controller asks does not reach another's project."""
        fake.seed([a_user(CANARY, projects=[PROJECT, OTHER_PROJECT])])

        bench.erase(bench.find(OF_CANARY))
        fake.command("end", None)

        assert fake.data["people"][CANARY.reference]["projects"] == [OTHER_PROJECT]

    def test_organisation_scope_waits_for_all_projects(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Done is done everywhere."""
        both = [PROJECT, OTHER_PROJECT]
        bench.options = options(scope="organisation", projects=both)
        fake.seed([a_user(CANARY, projects=both)])
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket
        fake._to(fake.data["jobs"][PROJECT], "done")  # noqa: SLF001 (one of two)

        half = polled(bench, ticket)[TASK]
        fake.command("end", None)

        assert isinstance(half, JobAccepted)
        assert polled(bench, half.ticket)[TASK] == Done("deleted", Evidence.E2)
        assert CANARY.reference not in fake.data["people"]

    def test_wider_scope_than_declared_is_an_alarm(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """A key or a version that deletes in the whole organisation is found out."""
        fake.seed([a_user(CANARY, projects=[PROJECT, OTHER_PROJECT])])
        fake.command("wide", "yes")

        reply = bench.erase_once(bench.find(OF_CANARY))

        assert reply == NeedsHuman("scope_not_as_declared")

    def test_scope_is_compared_with_every_poll(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """A job that turns up in another project later is an alarm too."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket
        job = fake.data["jobs"][PROJECT]
        fake.data["jobs"][OTHER_PROJECT] = {**job, "app": OTHER_PROJECT}

        assert polled(bench, ticket)[TASK] == NeedsHuman("scope_not_as_declared")

    def test_answer_without_a_project_cannot_be_compared(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """A scope that is not told is not the declared one."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket
        fake.data["jobs"][PROJECT]["app"] = None

        assert polled(bench, ticket)[TASK] == NeedsHuman("scope_not_as_declared")


class TestJob(AmplitudeProject):
    """A job without an id: its day and the user's number find it again."""

    def test_accepted_and_submitted_are_not_done(self, bench: Bench) -> None:
        """Staging, submitted, and only then done."""
        first = accepted(bench.erase_once(bench.find(OF_CANARY)))
        second = accepted(polled(bench, first.ticket)[TASK])

        assert first.check_after == second.check_after == timedelta(hours=12)
        assert first.expected_within == Amplitude.spec.horizon
        assert polled(bench, second.ticket)[TASK] == Done("deleted", Evidence.E2)

    def test_one_question_answers_for_all_members(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """The list is asked once a batch; each member gets an answer of their own."""
        work = [
            work_for(bench, "one", CANARY.reference),
            work_for(bench, "two", BYSTANDER.reference),
        ]
        ticket = accepted(bench.run(lambda it: it.erase(work))[_ONE]).ticket
        fake.command("cancel", NUMBER)

        replies = polled(bench, ticket)

        assert fake.requests("list_jobs") == 1
        assert replies[_ONE] == _CANCELLED
        assert accepted(replies[_TWO]).ticket.members == (_TWO,)

    def test_one_list_answers_for_all_deletions(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Several tickets are one request; an unreadable one hides no other."""
        tickets = [Ticket("no ticket", Action.ERASE, (_THREE,))]
        one = work_for(bench, _ONE, CANARY.reference)
        two = work_for(bench, _TWO, BYSTANDER.reference)
        tickets += [
            accepted(bench.run(lambda it: it.erase([one]))[_ONE]).ticket,
            accepted(bench.run(lambda it: it.erase([two]))[_TWO]).ticket,
        ]
        fake.command("cancel", NUMBER)

        replies = bench.run(lambda it: it.poll_many(tickets))

        assert fake.requests("list_jobs") == 1
        assert replies[_ONE] == _CANCELLED
        assert accepted(replies[_TWO]).ticket == tickets[2]
        assert replies[_THREE] == NeedsHuman("unreadable_ticket")

    def test_other_peoples_jobs_say_nothing(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Somebody else who is done that day is not this person."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket
        fake.data["jobs"][PROJECT]["ids"] = [NUMBER + 1]
        fake.command("end", None)

        assert polled(bench, ticket)[TASK] == _CANCELLED

    def test_undocumented_state_is_no_success(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """A new word is an alarm."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket
        fake.command("end", "paused")

        assert polled(bench, ticket)[TASK] == NeedsHuman("unknown_job_state")

    def test_user_is_found_by_either_id(self, bench: Bench) -> None:
        """Amplitude's own number works as well as the retailer's id."""
        work = bench.find([Identifier(AMPLITUDE_ID, str(NUMBER))])

        assert bench.erase(work) == [Done("deleted", Evidence.E2)]

    def test_ticket_names_nobody(self, bench: Bench) -> None:
        """Nobody's ids outlive them under another member's key."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket

        assert str(NUMBER) not in ticket.value
        assert CANARY.reference not in ticket.value

    @pytest.mark.parametrize(
        ("ticket", "reason"),
        [
            pytest.param(Ticket("x", Action.ERASE, (TASK,)), "unreadable", id="text"),
            pytest.param(
                Ticket("{}", Action.NOTIFY, (TASK,)), "unexpected", id="action"
            ),
            pytest.param(
                Ticket("{}", Action.EXPORT, (TASK,)), "unexpected", id="no sink"
            ),
        ],
    )
    def test_foreign_ticket_needs_a_person(
        self, ticket: Ticket, reason: str, bench: Bench
    ) -> None:
        """A ticket that cannot be read is nobody's success."""
        assert polled(bench, ticket)[TASK] == NeedsHuman(f"{reason}_ticket")

    def test_member_who_is_not_in_the_ticket_is_not_done(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """No ids at all are never taken for all ids done."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket
        fake.command("end", None)

        replies = polled(bench, Ticket(ticket.value, Action.ERASE, (TASK, _TWO)))

        assert isinstance(replies[_TWO], Failed)

    def test_html_in_a_200_is_a_lost_answer(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """The body is judged, not the code."""
        fake.faults.add(Fault(kind=FaultKind.GARBAGE, operation="create_job"))

        with pytest.raises(AnswerLost):
            bench.erase_once(bench.find(OF_CANARY))


class TestCancelling(AmplitudeProject):
    """A user can be taken out of a job while it is staging."""

    def test_user_is_taken_out_of_a_staging_job(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Everybody else stays in it."""
        work = [
            work_for(bench, "one", CANARY.reference),
            work_for(bench, "two", BYSTANDER.reference),
        ]
        ticket = accepted(bench.run(lambda it: it.erase(work))[_ONE]).ticket
        number = fake.data["people"][BYSTANDER.reference]["amplitude_id"]
        alone = Ticket(ticket.value, Action.ERASE, (_ONE,))
        fake.command("pace", "still")

        assert bench.run(lambda it: it.cancel(alone)) == Cancelled()
        assert fake.data["jobs"][PROJECT]["ids"] == [number]

    def test_submitted_job_is_too_late(self, bench: Bench, fake: FakeAmplitude) -> None:
        """Three days before its day a job cannot be stopped any more."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket
        fake.command("end", "submitted")

        assert bench.run(lambda it: it.cancel(ticket)) == TooLate()
        assert fake.requests("take_out") == 0

    def test_job_that_is_submitted_meanwhile_is_too_late(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Between the look and the call Amplitude may go on, and refuses."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket
        fake.command("pace", "after")

        assert bench.run(lambda it: it.cancel(ticket)) == TooLate()
        assert fake.requests("take_out") == 1

    def test_user_who_is_in_no_job_needs_no_recall(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """A recall whose answer was lost is harmless to repeat."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket
        fake.command("cancel", NUMBER)

        assert bench.run(lambda it: it.cancel(ticket)) == Cancelled()
