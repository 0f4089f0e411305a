"""What the states of a Mixpanel job mean."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import (
    Action,
    Cancelled,
    Done,
    Evidence,
    Exported,
    Failed,
    NeedsHuman,
    NothingFound,
    Outcome,
    Retry,
    TaskId,
    Ticket,
    TooLate,
)
from connectors.errors import TryLater
from connectors.fakes import mixpanel
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.mixpanel import FakeMixpanel
from connectors.testing import (
    BYSTANDER,
    CANARY,
    TASK,
    Bench,
    CollectingSink,
)
from tests.connectors.mixpanel_project import (
    OF_CANARY,
    MixpanelProject,
    accepted,
    options,
    polled,
    works,
)
from tests.connectors.vendor_specs import recording

LOST = Failed("job_not_found", "Retry makes a new job.")


class TestJobs(MixpanelProject):
    """Accepted is not done, and each state has one meaning."""

    def test_many_people_share_one_job(self, bench: Bench, fake: FakeMixpanel) -> None:
        """Every member of a batch gets the same ticket, which names all of them."""
        work = works(bench, 3, ids_each=2)

        replies = bench.run(lambda it: it.erase(work))

        tickets = {accepted(it).ticket for it in replies.values()}
        assert {it.members for it in tickets} == {tuple(it.task for it in work)}
        assert fake.requests("create_deletion") == 1

    def test_ticket_of_a_batch_names_nobody(self, bench: Bench) -> None:
        """It is sealed under each member's key and must not carry the others' ids."""
        work = works(bench, 2)

        replies = bench.run(lambda it: it.erase(work))

        (ticket,) = {accepted(it).ticket for it in replies.values()}
        assert "id-0-0" not in ticket.value
        assert "id-1-0" not in ticket.value

    def test_people_beyond_the_limit_come_again(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """1999 ids are the most a deletion takes, so the last person waits."""
        work = works(bench, 3, ids_each=667)

        replies = bench.run(lambda it: it.erase(work))

        waiting = {task for task, it in replies.items() if isinstance(it, Retry)}
        assert waiting == {work[-1].task}
        assert replies[work[-1].task] == Retry("batch_full", timedelta(0))
        (job,) = fake.data["jobs"].values()
        assert len(job["distinct_ids"]) == 1334

    def test_work_without_ids_is_never_sent(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """An empty list of people is nobody, not everybody."""
        work = replace(bench.find(OF_CANARY), items=())

        assert bench.erase_once(work) == NeedsHuman("wrong_number_of_distinct_ids")
        assert fake.log == []

    def test_accepted_job_is_asked_about_until_it_is_done(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """STAGING and STARTED are waits; the people are gone with SUCCESS."""
        work = bench.find(OF_CANARY)
        first = accepted(bench.erase_once(work))

        second = accepted(polled(bench, first.ticket)[TASK])
        third = accepted(polled(bench, second.ticket)[TASK])
        assert CANARY.reference in fake.data["people"]
        last = polled(bench, third.ticket)[TASK]

        assert {it.check_after for it in (first, second, third)} == {timedelta(hours=6)}
        assert first.expected_within == timedelta(days=30)
        assert last == Done("deleted", Evidence.E2)
        assert set(fake.data["people"]) == {BYSTANDER.reference}

    @pytest.mark.parametrize(
        ("state", "outcome"),
        [
            pytest.param("SUCCESS", Done("deleted", Evidence.E2), id="success"),
            pytest.param("NOT_FOUND", NothingFound(Evidence.E2), id="not found"),
            pytest.param(
                "FAILURE", Retry("job_failed", timedelta(hours=1)), id="failure"
            ),
            pytest.param("REVOKED", Cancelled(), id="revoked"),
            pytest.param("UNKNOWN", NeedsHuman("unknown_job_state"), id="unknown"),
            pytest.param("MELTED", NeedsHuman("unknown_job_state"), id="undocumented"),
        ],
    )
    def test_state_has_one_meaning(
        self, bench: Bench, fake: FakeMixpanel, state: str, outcome: Outcome
    ) -> None:
        """No state but SUCCESS is done, and a new one is an alarm."""
        job = accepted(bench.erase_once(bench.find(OF_CANARY)))
        fake.command("end", state)

        assert polled(bench, job.ticket) == {TASK: outcome}

    @pytest.mark.parametrize("state", ["PENDING", "STAGING", "STARTED"])
    def test_state_on_the_way_is_a_wait(
        self, bench: Bench, fake: FakeMixpanel, state: str
    ) -> None:
        """A job that is not over is asked about again, with the same ticket."""
        fake.command("steps", 100)
        job = accepted(bench.erase_once(bench.find(OF_CANARY)))
        (kept,) = fake.data["jobs"].values()
        kept["asked"] = {"PENDING": -1, "STAGING": 0, "STARTED": 1}[state]

        again = accepted(polled(bench, job.ticket)[TASK])

        assert kept["status"] == state
        assert again == job

    def test_job_that_mixpanel_lost_is_not_nothing_found(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """NOT_FOUND without our ids means the job is unknown, not the person."""
        job = accepted(bench.erase_once(bench.find(OF_CANARY)))
        fake.data["jobs"].clear()

        assert polled(bench, job.ticket) == {TASK: LOST}

    def test_success_about_other_ids_is_not_believed(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """A job proves only what it names."""
        job = accepted(bench.erase_once(bench.find(OF_CANARY)))
        fake.command("end", "SUCCESS")
        (kept,) = fake.data["jobs"].values()
        kept["distinct_ids"] = [BYSTANDER.reference]

        assert polled(bench, job.ticket) == {TASK: NeedsHuman("job_names_other_ids")}

    def test_failed_job_is_made_anew(self, bench: Bench, fake: FakeMixpanel) -> None:
        """After FAILURE a second job takes the person."""
        work = bench.find(OF_CANARY)
        job = accepted(bench.erase_once(work))
        fake.command("end", "FAILURE")
        assert isinstance(polled(bench, job.ticket)[TASK], Retry)

        (reply,) = bench.erase(work)

        assert reply == Done("deleted", Evidence.E2)
        assert len(fake.data["jobs"]) == 2

    def test_lie_about_a_new_job_is_found_out(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """A job that was accepted and never made is unknown when asked about."""
        fake.faults.add(Fault(kind=FaultKind.LIE, operation="create_deletion"))

        (reply,) = bench.erase(bench.find(OF_CANARY))

        assert reply == LOST

    @pytest.mark.parametrize("spelling", ["file", "page"])
    def test_both_documented_spellings_are_read(
        self, bench: Bench, fake: FakeMixpanel, spelling: str
    ) -> None:
        """The vendor's page and its OpenAPI file name the same things differently."""
        fake.command("spelling", spelling)
        work = bench.find(OF_CANARY)

        exported = bench.export(work, CollectingSink({CANARY.reference}))
        (erased,) = bench.erase(work)

        assert (exported, erased) == (Exported(3), Done("deleted", Evidence.E2))

    def test_cap_on_outstanding_scans_is_waited_out_for_hours(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """Mixpanel names no time with its cap; the register's is taken."""
        bench.options = options(full_after="3h")
        fake.command("cap", 0)

        with pytest.raises(TryLater) as caught:
            bench.erase(bench.find(OF_CANARY))

        assert caught.value.after == timedelta(hours=3)

    @pytest.mark.parametrize("law", ["GDPR", "CCPA"])
    def test_law_is_the_registers_and_not_the_data_centres(
        self, bench: Bench, fake: FakeMixpanel, law: str
    ) -> None:
        """Where data lies says nothing about the law that the person invokes."""
        bench.options = options(compliance_type=law)
        work = bench.find(OF_CANARY)

        with recording(fake) as exchanges:
            bench.erase_once(work)
            bench.export(work, CollectingSink({CANARY.reference}))

        bodies = [json.loads(it.body) for it in exchanges if it.body]
        assert [it["compliance_type"] for it in bodies] == [law, law]
        # "Only required if compliance_type = CCPA" (the vendor's file), in a copy.
        disclosed = [it.get("disclosure_type") for it in bodies]
        assert disclosed == [None, "Data" if law == "CCPA" else None]

    @pytest.mark.parametrize(
        ("ticket", "reason"),
        [
            pytest.param(Ticket("{}", Action.LOCATE), "unexpected_ticket", id="action"),
            pytest.param(Ticket("{}"), "unreadable_ticket", id="not ours"),
        ],
    )
    def test_strange_ticket_is_a_persons_business(
        self, bench: Bench, ticket: Ticket, reason: str
    ) -> None:
        """A ticket is polled only for the action that it was given for."""
        reply = polled(bench, replace(ticket, members=(TASK,)))

        assert reply == {TASK: NeedsHuman(reason)}

    def test_project_token_hides_in_the_options(self) -> None:
        """Options are shown by commands and kept in errors."""
        assert mixpanel.PROJECT_TOKEN not in repr(options())


class TestCancelling(MixpanelProject):
    """A deletion can be called back until Mixpanel has started it."""

    def test_job_that_has_not_started_is_revoked(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """The person stays, and the job's own state says why."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket

        assert bench.run(lambda it: it.cancel(ticket)) == Cancelled()
        assert polled(bench, ticket)[TASK] == Cancelled()
        assert CANARY.reference in fake.data["people"]

    def test_started_job_is_too_late(self, bench: Bench, fake: FakeMixpanel) -> None:
        """Mixpanel answers 405, and the job goes on."""
        ticket = accepted(bench.erase_once(bench.find(OF_CANARY))).ticket
        for job in fake.data["jobs"].values():
            job["status"] = "STARTED"

        assert bench.run(lambda it: it.cancel(ticket)) == TooLate()

    def test_job_of_several_people_goes_on(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """One person's change of mind stops nobody else's erasure."""
        work = works(bench, 2)
        replies = bench.run(lambda it: it.erase(work))
        ticket = accepted(replies[TaskId("task-0")]).ticket
        alone = replace(ticket, members=(TaskId("task-0"),))

        assert bench.run(lambda it: it.cancel(alone)) == TooLate(
            "job_of_several_people"
        )
        assert fake.requests("cancel_deletion") == 0

    def test_unreadable_ticket_calls_nothing_back(self, bench: Bench) -> None:
        """A ticket that says nothing is nobody's job."""
        ticket = Ticket("{}", Action.ERASE, (TASK,))

        assert bench.run(lambda it: it.cancel(ticket)) == TooLate("unreadable_ticket")
