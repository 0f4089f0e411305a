"""Mixpanel: what every connector promises, and what only Mixpanel asks for."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import httpx
import pytest

from connectors.base import (
    Action,
    Done,
    Evidence,
    Exported,
    Identifier,
    JobAccepted,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    Options,
    Outcome,
    Person,
    Provenance,
    Reply,
    Retry,
    TaskId,
    Ticket,
    Work,
)
from connectors.errors import ContractChanged, TryLater, WrongPerson
from connectors.fakes import mixpanel
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.mixpanel import FakeMixpanel
from connectors.fakes.serving import serve
from connectors.mixpanel import DISTINCT_ID, MOST_IDS, Mixpanel, MixpanelOptions
from connectors.mixpanel_export import export_file
from connectors.testing import (
    BYSTANDER,
    CANARY,
    TASK,
    Bench,
    CollectingSink,
    ConnectorContract,
    MappingSecrets,
    Somebody,
)
from schemas.connecting import CUSTOMER_ID, EMAIL
from tests.connectors.vendor_specs import recording, vendor_file

OPTIONS = {"project_token": mixpanel.PROJECT_TOKEN}
SECRETS = {"token": mixpanel.OAUTH_TOKEN}
OF_CANARY = [Identifier(DISTINCT_ID, CANARY.reference)]


def a_person(somebody: Somebody, count: int = 2) -> dict[str, Any]:
    """Return a record to seed: a profile and so many events."""
    return {
        "distinct_id": somebody.reference,
        "profile": {"$email": somebody.email, "$name": somebody.name},
        "events": [
            {"event": "Product Viewed", "properties": {"time": n}} for n in range(count)
        ],
    }


class TestMixpanel(ConnectorContract):
    """Mixpanel keeps the promises every connector makes."""

    connector = Mixpanel
    fake_app = staticmethod(mixpanel.app)
    option_values: ClassVar = OPTIONS
    secret_values: ClassVar = SECRETS
    installation = str(mixpanel.PROJECT_ID)
    reading = "read_deletion"
    changing = "create_deletion"

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a profile with two events."""
        fake.seed([a_person(somebody)])
        return [Identifier(DISTINCT_ID, somebody.reference)]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed a profile, which is one row, with that many events but one."""
        fake.seed([a_person(CANARY, rows - 1)])
        return OF_CANARY

    def unknown(self) -> Sequence[Identifier]:
        """Return an id that the project never saw."""
        return [Identifier(DISTINCT_ID, "nobody-1")]

    def settle(self, fake: FakeProcessor) -> None:
        """Let the open jobs end as they end by themselves."""
        fake.command("end", None)

    def holds(self, fake: FakeProcessor, somebody: Somebody) -> bool:
        """Say whether the project has the person; jobs keep their ids for the law."""
        return somebody.reference in fake.data["people"]

    def use_reading(self, bench: Bench, identifiers: Sequence[Identifier]) -> object:
        """Ask about a job: there is no search to send."""
        assert identifiers
        return bench.run(lambda it: it.ping())


class OfBench:
    """Fixtures for the facts that are Mixpanel's alone."""

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeMixpanel, str]]:
        """Serve one project for the class."""
        fake = FakeMixpanel()
        with serve(fake) as url:
            yield fake, url

    @pytest.fixture
    def fake(self, served: tuple[FakeMixpanel, str]) -> FakeMixpanel:
        """Lend a project with the canary and a bystander in it."""
        served[0].reset()
        served[0].seed([a_person(CANARY), a_person(BYSTANDER)])
        return served[0]

    @pytest.fixture
    def bench(self, fake: FakeMixpanel, served: tuple[FakeMixpanel, str]) -> Bench:
        """Lend the connector at work; jobs go one state further a question."""
        return Bench(
            connector=Mixpanel,
            fake=fake,
            url=served[1],
            options=options(),
            secrets=MappingSecrets(SECRETS),
            settle=lambda _: None,
        )


def options(**changes: object) -> Options:
    """Return the account's options, with changes."""
    return MixpanelOptions.model_validate({**OPTIONS, **changes})


def polled(bench: Bench, ticket: Ticket) -> Mapping[TaskId, Reply]:
    """Ask once how a job is going."""
    return bench.run(lambda it: it.poll(ticket, None))


def works(bench: Bench, count: int, ids_each: int = 1) -> list[Work]:
    """Return the frozen work of so many people."""
    found = []
    for n in range(count):
        names = [Identifier(DISTINCT_ID, f"id-{n}-{i}") for i in range(ids_each)]
        work = bench.find(names)
        found.append(replace(work, task=TaskId(f"task-{n}")))
    return found


def accepted(reply: Reply) -> JobAccepted:
    """Return *reply* as an accepted job."""
    assert isinstance(reply, JobAccepted)
    return reply


class TestSearch(OfBench):
    """Nobody can be searched: the ids are handed back, unproven."""

    def test_ids_are_unproven_and_nothing_is_sent(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """An id may be wrong, so it is no record until Mixpanel says so."""
        work = bench.find([*OF_CANARY, *OF_CANARY])

        (item,) = work.items
        assert (item.reference, item.proven) == (CANARY.reference, False)
        assert fake.log == []

    @pytest.mark.parametrize(
        ("holds", "references"),
        [
            pytest.param((), None, id="no other type"),
            pytest.param(("email",), {CANARY.email}, id="e-mail"),
            pytest.param(("customer_id",), {CANARY.customer_id}, id="customer"),
        ],
    )
    def test_other_types_count_only_where_the_register_says(
        self, bench: Bench, holds: tuple[str, ...], references: set[str] | None
    ) -> None:
        """Which field of which account yields the ids is the register's business."""
        bench.options = options(distinct_id_holds=holds)
        identifiers = [
            Identifier(EMAIL, CANARY.email),
            Identifier(CUSTOMER_ID, CANARY.customer_id),
        ]

        finding = bench.locate(identifiers)

        if references is None:
            assert finding == NotApplicable("no_distinct_id")
        else:
            assert {it.reference for it in bench.find(identifiers).items} == references

    def test_type_that_is_never_received_is_refused(self) -> None:
        """A misspelt type would find nobody for ever."""
        with pytest.raises(ValueError, match="use some of"):
            options(distinct_id_holds=("klaviyo.profile_id",))

    def test_item_name_does_not_betray_an_address(self, bench: Bench) -> None:
        """Items are named in records that outlive the vault."""
        bench.options = options(distinct_id_holds=("email",))
        identifiers = [Identifier(EMAIL, CANARY.email)]
        somebody = Person(TaskId("task-2"), tuple(identifiers))
        other = bench.run(lambda it: it.locate([somebody]))

        (mine,) = bench.find(identifiers).items

        assert mine.id not in repr(other)


class TestJobs(OfBench):
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
            pytest.param("REVOKED", NeedsHuman("job_revoked"), id="revoked"),
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

        assert polled(bench, job.ticket) == {TASK: NeedsHuman("job_not_found")}

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

        assert reply == NeedsHuman("job_not_found")

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

        bench.erase(work)
        bench.export(work, CollectingSink({CANARY.reference}))

        jobs = fake.data["jobs"].values()
        assert [it["compliance_type"] for it in jobs] == [law, law]

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


class TestExport(OfBench):
    """A retrieval is one person's file."""

    @pytest.mark.parametrize("packing", ["plain", "gzip", "zip"])
    def test_file_is_read_however_it_is_packed(
        self, bench: Bench, fake: FakeMixpanel, packing: str
    ) -> None:
        """The vendor documents no packing, so the first bytes tell."""
        fake.command("packing", packing)
        sink = CollectingSink({CANARY.reference})

        reply = bench.export(bench.find(OF_CANARY), sink)

        assert reply == Exported(3)
        assert [(row.category, row.provenance) for row in sink.rows] == [
            ("profile", Provenance.PROVIDED),
            ("events", Provenance.OBSERVED),
            ("events", Provenance.OBSERVED),
        ]

    def test_row_of_somebody_else_stops_the_export(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """Each row is bound to the id it carries, not to the one asked for."""
        work = bench.find(OF_CANARY)
        sink = CollectingSink({CANARY.reference})
        job = accepted(bench.run(lambda it: it.export(work, sink)))
        fake.command("end", None)
        (rows,) = fake.data["files"].values()
        rows.append({"event": "x", "properties": {"distinct_id": BYSTANDER.reference}})

        with pytest.raises(WrongPerson):
            bench.run(lambda it: it.poll(job.ticket, sink))

    def test_person_unknown_to_mixpanel_has_nothing_to_copy(self, bench: Bench) -> None:
        """A retrieval that finds nobody is nothing found."""
        work = bench.find([Identifier(DISTINCT_ID, "nobody-1")])

        assert bench.export(work, CollectingSink(())) == NothingFound(Evidence.E2)

    def test_export_is_one_person_a_job(self) -> None:
        """A file about two people would have to be taken apart by guessing."""
        assert Mixpanel.spec.people_per_call[Action.EXPORT] == 1
        assert Mixpanel.spec.items_per_call[Action.EXPORT] == MOST_IDS


async def _in_pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def a_file(count: int) -> bytes:
    """Return so many rows of the canary."""
    row = {"event": "x", "properties": {"distinct_id": CANARY.reference}}
    return (json.dumps(row) + "\n").encode() * count


class TestFile:
    """The file is read in pieces of any size, and refused where it makes no sense."""

    @pytest.mark.parametrize("size", [1, 7, 100_000])
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(a_file(40), id="plain"),
            pytest.param(gzip.compress(a_file(40)), id="gzip"),
            pytest.param(
                gzip.compress(a_file(15)) + gzip.compress(a_file(25)), id="two members"
            ),
        ],
    )
    def test_pieces_may_end_anywhere(self, content: bytes, size: int) -> None:
        """Networks cut where they like."""
        assert _count(content, size) == 40

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            pytest.param(b"<html>", "undocumented_export_format", id="html"),
            pytest.param(b'"text"\n', "undocumented_export_format", id="text"),
            pytest.param(
                gzip.compress(a_file(9))[:-9], "export_truncated", id="cut off"
            ),
            pytest.param(b"\x1f\x8bxx", "export_not_unpackable", id="no gzip"),
            pytest.param(b"PK\x03\x04x", "export_not_unpackable", id="no zip"),
        ],
    )
    def test_unreadable_file_is_no_copy(self, content: bytes, code: str) -> None:
        """What cannot be read whole is not told as exported."""
        with pytest.raises(ContractChanged, match=code):
            _count(content, 100)

    def test_row_without_an_id_belongs_to_the_one_asked_for(self) -> None:
        """The job named nobody else."""
        assert _count(b'{"plan": "gold"}\n', 100) == 1

    def test_endless_line_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Memory stays bounded whatever the file holds."""
        monkeypatch.setattr("connectors.mixpanel_export.MOST_LINE_BYTES", 1000)

        with pytest.raises(ContractChanged, match="export_line_too_long"):
            _count(b"[" + b"1," * 1000, 100)


def _count(content: bytes, size: int) -> int:
    sink = CollectingSink({CANARY.reference})
    reading = export_file(_in_pieces(content, size), sink, subject=CANARY.reference)
    return asyncio.run(reading)


class TestFake(OfBench):
    """The fake refuses what Mixpanel would refuse."""

    @pytest.fixture
    def client(
        self, fake: FakeMixpanel, served: tuple[FakeMixpanel, str]
    ) -> Iterator[httpx.Client]:
        """Lend a client that obeys the rules for every request."""
        assert fake.data["people"]
        headers = {"authorization": f"Bearer {mixpanel.OAUTH_TOKEN}"}
        token = {"token": mixpanel.PROJECT_TOKEN}
        with httpx.Client(
            base_url=served[1], headers=headers, params=token, trust_env=False
        ) as client:
            yield client

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            pytest.param("deletions", {}, 400, id="no ids"),
            pytest.param("deletions", {"distinct_ids": []}, 400, id="empty"),
            pytest.param("deletions", {"distinct_ids": "1"}, 400, id="no list"),
            pytest.param("deletions", {"distinct_ids": [1]}, 400, id="number"),
            pytest.param("deletions", {"distinct_ids": ["1"] * 1999}, 201, id="most"),
            pytest.param("deletions", {"distinct_ids": ["1"] * 2000}, 400, id="many"),
            pytest.param("retrievals", {"distinct_ids": ["1"] * 2000}, 201, id="copy"),
            pytest.param("retrievals", {"distinct_ids": ["1"] * 2001}, 400, id="too"),
            pytest.param(
                "deletions",
                {"distinct_ids": ["1"], "compliance_type": "LGPD"},
                400,
                id="other law",
            ),
        ],
    )
    def test_job_is_made_only_of_documented_lists(
        self, client: httpx.Client, path: str, body: dict[str, Any], status: int
    ) -> None:
        """Up to 1999 ids for a deletion, 2000 for a retrieval, all strings."""
        answer = client.post(f"/data-{path}/v3.0", json=body)

        assert answer.status_code == status

    @pytest.mark.parametrize(
        ("headers", "token", "status"),
        [
            pytest.param({"authorization": ""}, None, 401, id="no bearer"),
            pytest.param({"authorization": "Basic eDo="}, None, 401, id="basic"),
            pytest.param({}, "other", 403, id="another project"),
        ],
    )
    def test_wrong_credentials_are_refused(
        self,
        client: httpx.Client,
        headers: dict[str, str],
        token: str | None,
        status: int,
    ) -> None:
        """The OAuth token and the project's own token are both needed."""
        query = {"token": token} if token else {}

        answer = client.get("/data-deletions/v3.0/1", headers=headers, params=query)

        assert answer.status_code == status

    def test_file_is_refused_to_whoever_sends_credentials(
        self, client: httpx.Client, fake: FakeMixpanel
    ) -> None:
        """The download must not carry our token to another host."""
        fake.data["files"]["1"] = []

        with_token = client.get("/exports/1")
        without = httpx.get(f"{client.base_url}/exports/1", trust_env=False)

        assert (with_token.status_code, without.status_code) == (401, 200)


@pytest.mark.vendor_specs
class TestVendorFile(OfBench):
    """What we send and what the fake answers fit Mixpanel's own file."""

    def test_whole_life_of_a_person_fits_the_file(
        self, bench: Bench, fake: FakeMixpanel
    ) -> None:
        """Retrieval, deletion and their questions are as documented."""
        work = bench.find(OF_CANARY)

        with recording(fake) as exchanges:
            bench.run(lambda it: it.ping())
            bench.export(work, CollectingSink({CANARY.reference}))
            bench.erase(work)

        assert {it.operation for it in exchanges} == set(Mixpanel.spec.operations)
        assert vendor_file("mixpanel").disagreements(exchanges, Mixpanel.spec) == []
