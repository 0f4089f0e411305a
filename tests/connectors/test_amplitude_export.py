"""How a copy is asked of Amplitude, waited for and fetched."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.amplitude.connector import AMPLITUDE_ID
from connectors.base import (
    Exported,
    Failed,
    Identifier,
    JobAccepted,
    NeedsHuman,
    NothingFound,
    Reply,
    Retry,
)
from connectors.errors import TryLater, WrongPerson
from connectors.fakes.amplitude import BUDGET, FakeAmplitude
from connectors.testing import BYSTANDER, CANARY, TASK, Bench, CollectingSink
from tests.connectors.amplitude_project import (
    NUMBER,
    OF_CANARY,
    AmplitudeProject,
    accepted,
    polled,
)

_MINE = {CANARY.reference, str(NUMBER)}


def _asked(bench: Bench) -> JobAccepted:
    work = bench.find(OF_CANARY)
    return accepted(bench.run(lambda it: it.export(work, CollectingSink(_MINE))))


def _ended(bench: Bench, job: JobAccepted, sink: CollectingSink | None = None) -> Reply:
    return polled(bench, job.ticket, sink or CollectingSink(_MINE))[TASK]


class TestCopy(AmplitudeProject):
    """A job of its own, with the organisation's key."""

    @pytest.mark.parametrize(
        ("files", "asked", "downloaded"),
        [("redirect", 1, 1), ("here", 1, 0), ("store", 0, 1)],
    )
    def test_copy_holds_the_events_wherever_the_file_is(
        self,
        files: str,
        asked: int,
        downloaded: int,
        bench: Bench,
        fake: FakeAmplitude,
    ) -> None:
        """At the object store, which gets no credentials, or at Amplitude itself."""
        fake.command("files", files)
        sink = CollectingSink(_MINE)

        reply = bench.export(bench.find(OF_CANARY), sink)

        assert reply == Exported(2)
        assert [row.data["n"] for row in sink.rows] == [0, 1]
        assert fake.requests("read_output") == asked
        assert fake.requests("download") == downloaded

    def test_copy_is_waited_for(self, bench: Bench, fake: FakeAmplitude) -> None:
        """Nothing is fetched before it is done."""
        job = _asked(bench)

        again = _ended(bench, job)

        assert job.check_after == timedelta(minutes=20)
        assert again == job
        assert fake.requests("read_output") == 0

    def test_each_id_has_a_copy_and_all_are_fetched_together(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Half a copy is none: nothing is written while one is going on."""
        number = Identifier(AMPLITUDE_ID, str(NUMBER))
        work = bench.find([*OF_CANARY, number])
        sink = CollectingSink(_MINE)
        job = accepted(bench.run(lambda it: it.export(work, sink)))
        first, second = fake.data["copies"].values()
        first["status"], second["status"] = "done", "staging"

        waiting = _ended(bench, job, sink)
        early = sink.count
        fake.command("end", None)

        assert isinstance(waiting, JobAccepted)
        assert (early, _ended(bench, waiting, sink)) == (0, Exported(4))
        assert {row.subject for row in sink.rows} == _MINE

    def test_event_of_somebody_else_stops_the_copy(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Every event is bound by the id that it carries."""
        job = _asked(bench)
        fake.command("end", None)
        (copy,) = fake.data["copies"].values()
        copy["rows"][1]["user_id"] = BYSTANDER.reference

        with pytest.raises(WrongPerson):
            _ended(bench, job)

    def test_event_from_before_a_login_is_theirs(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """It carries no id, and nobody else was asked about."""
        job = _asked(bench)
        fake.command("end", None)
        (copy,) = fake.data["copies"].values()
        copy["rows"][0]["user_id"] = None

        assert _ended(bench, job) == Exported(2)

    def test_expired_files_are_asked_for_anew(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Files live two days; later a new copy is made."""
        job = _asked(bench)
        fake.command("end", None)
        fake.command("expired", "yes")

        assert _ended(bench, job) == Retry("files_expired", timedelta(0))

    def test_failed_copy_is_told(self, bench: Bench, fake: FakeAmplitude) -> None:
        """More than 100,000 events a month are not supported."""
        job = _asked(bench)
        fake.command("end", "failed")

        reply = _ended(bench, job)

        assert isinstance(reply, Failed)
        assert reply.code == "copy_failed"

    def test_undocumented_state_is_no_copy(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """A new word is an alarm."""
        job = _asked(bench)
        fake.command("end", "paused")

        assert _ended(bench, job) == NeedsHuman("unknown_job_state")

    def test_copy_without_files_is_nothing_found(
        self, bench: Bench, fake: FakeAmplitude
    ) -> None:
        """Of an unknown user there is nothing to copy."""
        fake.data["people"].clear()
        job = _asked(bench)
        fake.command("end", None)

        assert _ended(bench, job) == NothingFound()

    def test_spent_budget_waits(self, bench: Bench, fake: FakeAmplitude) -> None:
        """Beyond the hour's points nothing happens there, and nothing is lost."""
        fake.command("spent", BUDGET)

        with pytest.raises(TryLater):
            _asked(bench)
