"""How the Iterable connector erases: by forgetting, or by deleting."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.responses import JSONResponse

from connectors.base import (
    Absent,
    Action,
    Done,
    Evidence,
    JobAccepted,
    NeedsHuman,
    NothingFound,
    Present,
    Retry,
    Ticket,
)
from connectors.errors import AnswerLost, Refused
from connectors.fakes.iterable import CHANNELS, FORGETS_A_DAY, FakeIterable
from connectors.iterable import Iterable
from connectors.iterable.connector import BY_BUDGET, IterableOptions
from connectors.testing import BYSTANDER, CANARY, Bench
from tests.connectors.iterable_project import (
    CANARYS_ID,
    OF_CANARY,
    IterableProject,
    a_profile,
    accepted,
    options,
    polled,
)

DONE = Done("deleted", Evidence.E2)
DELETING = {"erase_by": "delete_and_suppress"}


class TestForgetting(IterableProject):
    """Forgetting is proven by Iterable's own list, and keeps later events out."""

    def test_accepted_is_not_done_until_the_list_says_so(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """The profile may be gone before its person is kept out."""
        work = bench.find(OF_CANARY)
        job = accepted(bench.erase_once(work))
        waiting = polled(bench, job.ticket)
        fake.data["profiles"] = fake.data["profiles"][1:]
        half = polled(bench, job.ticket)
        fake.command("process", None)

        assert isinstance(waiting, JobAccepted)
        assert waiting.check_after == timedelta(minutes=15)
        assert isinstance(half, JobAccepted)
        assert polled(bench, job.ticket) == DONE
        assert bench.read_back(work) == Absent()

    @pytest.mark.parametrize(
        ("project", "operation"),
        [("email", "forgotten"), ("user_id", "forgotten_user_ids")],
    )
    def test_list_asked_is_that_of_the_project(
        self, bench: Bench, fake: FakeIterable, project: str, operation: str
    ) -> None:
        """The list of the other kind is an error there."""
        fake.command("project", project)
        bench.options = options(project=project)
        bench.settle = lambda it: it.command("process", None)

        work = bench.find(OF_CANARY if project == "email" else CANARYS_ID)

        assert bench.erase(work) == [DONE]
        assert fake.requests(operation) == 1

    def test_late_event_does_not_bring_the_person_back(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """Whoever is forgotten is not collected again."""
        work = bench.find(OF_CANARY)
        bench.erase_once(work)
        fake.command("process", None)

        fake.command("event", {"email": CANARY.email})

        assert bench.locate(OF_CANARY) == NothingFound()

    def test_hash_of_somebody_else_proves_nothing(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """The list must hold this person's hash."""
        work = bench.find(OF_CANARY)
        job = accepted(bench.erase_once(work))
        fake.data["profiles"] = []
        fake.data["waiting"][0]["value"] = BYSTANDER.email
        fake.command("process", None)

        assert isinstance(polled(bench, job.ticket), JobAccepted)

    def test_spent_day_is_a_retry(self, bench: Bench, fake: FakeIterable) -> None:
        """A thousand a day; the next is asked for again, and nothing is lost."""
        work = bench.find(OF_CANARY)
        fake.data["forgets_left"] = 0
        spent = bench.erase_once(work)
        fake.command("day", None)

        assert FORGETS_A_DAY == 1000
        assert spent == Retry("daily_budget_spent", timedelta(hours=1))
        assert isinstance(bench.erase_once(work), JobAccepted)

    def test_spent_day_that_would_be_late_is_a_deletion(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """Iterable itself refuses: the task says which way was taken, and why."""
        work = replace(bench.find(OF_CANARY), time_left=timedelta(minutes=5))
        fake.data["forgets_left"] = 0

        reply = bench.erase_once(work)

        assert isinstance(reply, JobAccepted)
        assert reply.how == "deleted_and_suppressed:daily_budget"
        assert fake.requests("delete_by_email") == 1

    def test_error_inside_200_is_no_erasure(
        self, bench: Bench, fake: FakeIterable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The body is judged, and not the code."""
        work = bench.find(OF_CANARY)
        said = {"code": "QueueEmailError", "msg": "try again"}
        monkeypatch.setattr(fake, "_one_key", lambda _: ("email", CANARY.email))
        monkeypatch.setattr(
            "connectors.fakes.iterable._said", lambda *_: JSONResponse(said)
        )

        with pytest.raises(AnswerLost, match="unexpected_answer"):
            bench.erase_once(work)

    def test_key_that_does_not_fit_the_project_is_refused(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """A 400 that speaks of something else is never an absence."""
        work = bench.find(OF_CANARY)
        fake.command("project", "user_id")

        with pytest.raises(Refused):
            bench.erase_once(work)


class TestDeleting(IterableProject):
    """Deleting is quick, suppresses first, and keeps nobody out."""

    def test_messages_stop_before_the_deletion_begins(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """The person is taken off every channel and list first."""
        bench.options = options(**DELETING)
        work = bench.find(OF_CANARY)
        job = accepted(bench.erase_once(work))
        (fields,) = [
            it["dataFields"]
            for it in fake.data["profiles"]
            if it["email"] == CANARY.email
        ]
        sent = [it.operation for it in fake.log if it.method != "GET"]
        waiting = polled(bench, job.ticket)
        fake.command("process", None)

        assert sent == ["unsubscribe", "delete_by_email"]
        assert fields["unsubscribedChannelIds"] == sorted(CHANNELS)
        assert fields["emailListIds"] == []
        assert isinstance(waiting, JobAccepted)
        assert polled(bench, job.ticket) == DONE
        assert fake.requests("forgotten") == 0

    def test_person_who_came_back_is_seen(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """A late event makes the profile again; a look tells."""
        bench.options = options(**DELETING)
        work = bench.find(OF_CANARY)
        bench.erase_once(work)
        fake.command("process", None)
        gone = bench.read_back(work)

        fake.command("event", {"email": CANARY.email})

        assert gone == Absent()
        assert bench.read_back(work) == Present((work.items[0].id,))

    def test_unknown_user_in_iterables_words_is_gone(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """Its own word is taken, and then looked after like any deletion."""
        bench.options = options(**DELETING)
        work = bench.find(OF_CANARY)
        fake.data["profiles"] = []

        job = accepted(bench.erase_once(work))

        assert polled(bench, job.ticket) == DONE

    @pytest.mark.parametrize(
        "said",
        [
            pytest.param({"code": "BadParams", "msg": "invalid email"}, id="other"),
            pytest.param({"msg": "User does not exist"}, id="no code"),
            pytest.param({"code": "Forbidden", "msg": "User does not exist"}, id="no"),
            pytest.param("User does not exist", id="text"),
        ],
    )
    def test_other_400_is_never_an_absence(
        self,
        bench: Bench,
        fake: FakeIterable,
        monkeypatch: pytest.MonkeyPatch,
        said: object,
    ) -> None:
        """Swallowing every 400 is how nothing gets erased in silence."""
        bench.options = options(**DELETING)
        work = bench.find(OF_CANARY)
        answer = JSONResponse(said, 400)
        monkeypatch.setattr("connectors.fakes.iterable._unknown", lambda *_: answer)
        fake.data["profiles"] = []

        with pytest.raises(Refused):
            bench.erase_once(work)

    def test_400_to_a_look_is_judged_likewise(
        self, bench: Bench, fake: FakeIterable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A look that was refused has seen nothing."""
        answers = [
            JSONResponse({"code": "UnknownEmailError", "msg": ""}, 400),
            JSONResponse({"code": "BadParams", "msg": "bad"}, 400),
        ]
        work = bench.find(OF_CANARY)
        monkeypatch.setattr(
            "connectors.fakes.iterable._shown", lambda _: json.loads("{")
        )
        monkeypatch.setattr(fake, "refusal", lambda _: answers.pop(0))

        assert bench.read_back(work) == Absent()
        with pytest.raises(Refused):
            bench.read_back(work)


class TestTicketValue(IterableProject):
    """What comes back from the vault is checked like anything else."""

    @pytest.mark.parametrize(
        ("ticket", "reason"),
        [
            pytest.param(Ticket("{}", Action.EXPORT), "unexpected_ticket", id="action"),
            pytest.param(Ticket("{}", Action.ERASE), "unreadable_ticket", id="text"),
        ],
    )
    def test_ticket_that_makes_no_sense_goes_to_a_person(
        self, bench: Bench, ticket: Ticket, reason: str
    ) -> None:
        """A poll of something else is never an erasure."""
        ticket = replace(ticket, members=(bench.find(OF_CANARY).task,))

        assert polled(bench, ticket) == NeedsHuman(reason)

    def test_call_carries_one_profile(self, bench: Bench) -> None:
        """Iterable forgets one person a request."""
        work = bench.find(OF_CANARY)

        assert Iterable.spec.items_per_call[Action.ERASE] == 1
        assert bench.erase_once(replace(work, items=())) == NeedsHuman(
            "one_item_a_call"
        )

    def test_way_of_a_ticket_outlives_a_change_of_the_register(
        self, bench: Bench, fake: FakeIterable
    ) -> None:
        """A profile that was deleted is not waited for in the list of the forgotten."""
        fake.seed([a_profile(replace(CANARY, email="x@birds.example"))])
        bench.options = options(**DELETING)
        job = accepted(bench.erase_once(bench.find(OF_CANARY)))
        fake.command("process", None)

        bench.options = options()

        assert polled(bench, job.ticket) == DONE


@pytest.mark.parametrize(
    ("erase_by", "suppresses"),
    [("automatic", True), ("forget", True), ("delete_and_suppress", False)],
)
def test_only_the_forgotten_stand_on_a_list(erase_by: str, *, suppresses: bool) -> None:
    """Whoever is deleted is nowhere afterwards, so a receipt must not say otherwise."""
    wanted = IterableOptions.model_validate({"project": "email", "erase_by": erase_by})

    declared = wanted.declared(Iterable.spec)

    assert declared.suppresses is suppresses
    assert BY_BUDGET in declared.suppresses_unless
