"""
Mixpanel: product events and user profiles, known only by `distinct_id`.

Vendor API: https://docs.mixpanel.com/reference/gdpr-api (v3.0), OpenAPI
mixpanel/docs@ba22906 openapi/gdpr.openapi.yaml, read 2026-11.

There is no search, so `locate` hands back the ids it was given as unproven items and
the best a line can reach is E2.  Deletion and retrieval are jobs of many ids, asked
about for up to 30 days.  A repeated job is harmless: the second deletes what is left.

The page and the file disagree in places (a created job is `{"task_id": …}` in one and
`[{"tracking_id": …}]` in the other; a finished retrieval's link is `results` or
`result`): both spellings are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from connectors.base import (
    Action,
    Api,
    Cancelled,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Exported,
    Failed,
    Finding,
    IdentifierType,
    Installation,
    Item,
    ItemId,
    JobAccepted,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    OneAtATime,
    Operation,
    Options,
    Person,
    Proof,
    Rate,
    Replay,
    Reply,
    Retry,
    Sink,
    TaskId,
    Ticket,
    TooLate,
    Work,
)
from connectors.durations import Duration
from connectors.errors import ContractChanged, TryLater
from connectors.mixpanel.export import export_file
from connectors.mixpanel.jobs import Created, Job, JobState, State
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, HeaderAuth

DISTINCT_ID = IdentifierType("mixpanel.distinct_id")

# Documented per request: 1999 for a deletion, 2000 for a retrieval.
MOST_IDS = 1999
_STARTED = 405  # a job that can no longer be cancelled
_SEARCHABLE = frozenset({DISTINCT_ID, CUSTOMER_ID, EMAIL, PHONE})
_CREATE = {Action.ERASE: "create_deletion", Action.EXPORT: "create_retrieval"}
_READ = {Action.ERASE: "read_deletion", Action.EXPORT: "read_retrieval"}


class MixpanelOptions(Options):
    """
    What the register must say of one Mixpanel project.

    `distinct_id_holds` names the identifier types that this retailer's tracking code
    uses as `distinct_id` besides `mixpanel.distinct_id` itself.  `compliance_type` is
    the law the controller answers under; the data centre says nothing about it.
    `project_token` stands in every page that loads Mixpanel and only names the
    project; the credential is the OAuth token.
    """

    project_token: SecretStr = Field(min_length=1)
    distinct_id_holds: tuple[IdentifierType, ...] = ()
    compliance_type: Literal["GDPR", "CCPA"] = "GDPR"
    disclosure_type: Literal["Data", "Categories", "Sources"] = "Data"
    check_after: Duration = Field(default=timedelta(hours=6), gt=timedelta(0))
    # "Retrying for several hours might sometimes be necessary" (the page).
    full_after: Duration = Field(default=timedelta(hours=1), gt=timedelta(0))
    failed_after: Duration = Field(default=timedelta(hours=1), ge=timedelta(0))

    @field_validator("distinct_id_holds")
    @classmethod
    def _are_searchable(
        cls, types: tuple[IdentifierType, ...]
    ) -> tuple[IdentifierType, ...]:
        """Refuse a type that the connector never receives."""
        if not _SEARCHABLE.issuperset(types):
            raise ValueError(f"use some of {sorted(_SEARCHABLE)}")
        return types


class _JobTicket(BaseModel):
    """
    A ticket's value.

    The ids of a batch are there only as a digest: a ticket is sealed under every
    member's key, and nobody's ids may outlive them under another's.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    tracking_id: str = Field(min_length=1)
    ids: str
    people: int = 1  # for whom it works
    # The one person's first id, for rows of an export that carry none.
    subject: str | None = None


class Mixpanel(OneAtATime):
    """Export and erase people of one Mixpanel project by jobs."""

    options: ClassVar[type[Options]] = MixpanelOptions
    spec: ClassVar = ConnectorSpec(
        name="mixpanel",
        version="1",
        vendor="Mixpanel",
        source="https://docs.mixpanel.com/reference/gdpr-api, 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=_SEARCHABLE,
        yields=frozenset(),
        operations=MappingProxyType(
            {
                "create_deletion": Operation(
                    "POST", "/data-deletions/v3.0", Effect.WRITE
                ),
                "read_deletion": Operation(
                    "GET", "/data-deletions/v3.0/{tracking_id}", Effect.READ
                ),
                # Only before it has started: 405 from then on.
                "cancel_deletion": Operation(
                    "DELETE", "/data-deletions/v3.0/{tracking_id}", Effect.WRITE
                ),
                # It makes a job, and outstanding jobs are capped: a write.
                "create_retrieval": Operation(
                    "POST", "/data-retrievals/v3.0", Effect.WRITE
                ),
                "read_retrieval": Operation(
                    "GET", "/data-retrievals/v3.0/{tracking_id}", Effect.READ
                ),
                # The finished retrieval's link: another host, without credentials.
                "download": Operation(
                    "GET", "/exports/{name}", Effect.READ, in_vendor_file=False
                ),
            }
        ),
        auth=HeaderAuth(),
        rates=(Rate(1, timedelta(seconds=1)),),
        proof=Proof.STATUS,
        replay=MappingProxyType(
            {Action.ERASE: Replay.REPEAT, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=timedelta(days=30),
        record_classes=frozenset({"analytics_profile"}),
        base_url="https://mixpanel.com/api/app",
        # A retrieval is a job that it makes.
        writes=frozenset({Action.ERASE, Action.EXPORT}),
        cancels=frozenset({Action.ERASE}),
        people_per_call=MappingProxyType({Action.ERASE: 500, Action.EXPORT: 1}),
        items_per_call=MappingProxyType(
            {Action.ERASE: MOST_IDS, Action.EXPORT: MOST_IDS}
        ),
    )

    def __init__(self, api: Api, options: MixpanelOptions) -> None:
        super().__init__(api, options)
        self._settings = options
        self._token = {"token": options.project_token.get_secret_value()}
        self._types = {DISTINCT_ID, *options.distinct_id_holds}

    async def ping(self) -> Installation:
        """
        Ask about a job that does not exist: token and project are checked by that.

        The file wants the project's number in every answer, the page shows answers
        without it: such a project is `unnamed`.
        """
        answer = await self._api.call(
            "read_deletion", path={"tracking_id": "0"}, query=self._token
        )
        number = answer.parse(JobState).results.project_id
        return Installation("unnamed" if number is None else str(number))

    async def locate_one(self, person: Person) -> Finding:
        """Return the person's distinct_ids; nobody can ask Mixpanel for them."""
        ids = dict.fromkeys(
            it.value for it in person.identifiers if it.type in self._types
        )
        if not ids:
            return NotApplicable("no_identifier")
        return Located(tuple(_item(person.task, id_) for id_ in ids))

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """
        Build one job out of as many works as fit; the others come again.

        Every member gets the same ticket, and the job's answer is everyone's.
        """
        members: list[TaskId] = []
        ids: dict[str, None] = {}
        replies: dict[TaskId, Reply] = {}
        for one in work:
            more = {item.reference: None for item in one.items}
            if not more or len(more) > MOST_IDS:
                replies[one.task] = NeedsHuman("wrong_number_of_distinct_ids")
            elif len({**ids, **more}) > MOST_IDS:
                replies[one.task] = Retry("batch_full", timedelta(0))
            else:
                ids.update(more)
                members.append(one.task)
        if members:
            job = await self._create(Action.ERASE, list(ids), tuple(members))
            replies.update(dict.fromkeys(members, job))
        return replies

    async def export(self, work: Work, sink: Sink) -> Reply:  # noqa: ARG002
        """Ask for a retrieval of one person, so that its file is about nobody else."""
        ids = list(dict.fromkeys(item.reference for item in work.items))
        if not ids or len(ids) > MOST_IDS:
            return NeedsHuman("wrong_number_of_distinct_ids")
        return await self._create(Action.EXPORT, ids, (work.task,), subject=ids[0])

    async def poll_one(self, ticket: Ticket, sink: Sink | None) -> Reply:
        """Ask how the job is going and say what its state means for us."""
        if ticket.action not in _READ:
            return NeedsHuman("unexpected_ticket")
        try:
            awaited = _JobTicket.model_validate_json(ticket.value)
        except ValidationError:
            return NeedsHuman("unreadable_ticket")
        answer = await self._api.call(
            _READ[ticket.action],
            path={"tracking_id": awaited.tracking_id},
            query=self._token,
        )
        job = answer.parse(JobState).results
        if job.state() is State.SUCCESS:
            return await self._finished(ticket, awaited, job, sink)
        return self._unfinished(ticket, awaited, job)

    async def cancel(self, ticket: Ticket) -> Cancelled | TooLate:
        """
        Call a deletion back, which works until Mixpanel has started it.

        A job is called back as a whole: one that works for others too goes on.
        """
        try:
            job = _JobTicket.model_validate_json(ticket.value)
        except ValidationError:
            return TooLate("unreadable_ticket")
        if job.people != len(ticket.members):
            return TooLate("job_of_several_people")
        answer = await self._api.call(
            "cancel_deletion",
            path={"tracking_id": job.tracking_id},
            query=self._token,
            accept=(_STARTED,),
        )
        return TooLate() if answer.status == _STARTED else Cancelled()

    def _unfinished(self, ticket: Ticket, awaited: _JobTicket, job: Job) -> Reply:
        """Say what every state but success means; a new one is an alarm."""
        match job.state():
            case State.PENDING | State.STAGING | State.STARTED:
                return self._later(ticket)
            case State.NOT_FOUND if _digest(job.distinct_ids) == awaited.ids:
                # Mixpanel knows the job and found nobody in it.
                return NothingFound(Evidence.E2)
            case State.NOT_FOUND:
                # "The task cannot be found" (the page): a lost job is no erasure.
                return Failed("job_not_found", "Retry makes a new job.")
            case State.FAILURE:
                return Retry("job_failed", self._settings.failed_after)
            case State.REVOKED:
                return Cancelled()
            case State.UNKNOWN | State.SUCCESS | None:
                return NeedsHuman("unknown_job_state")

    async def _create(
        self,
        action: Action,
        ids: list[str],
        members: tuple[TaskId, ...],
        subject: str | None = None,
    ) -> JobAccepted:
        """Send the ids and keep the job's name."""
        body: dict[str, object] = {
            "distinct_ids": ids,
            "compliance_type": self._settings.compliance_type,
        }
        if action is Action.EXPORT and self._settings.compliance_type == "CCPA":
            body["disclosure_type"] = self._settings.disclosure_type
        try:
            answer = await self._api.call(_CREATE[action], query=self._token, json=body)
        except TryLater as later:
            if later.cause == "throttled" and later.after is None:
                # The cap on outstanding scans names no time; it takes hours.
                raise TryLater("throttled", self._settings.full_after) from None
            raise
        name = answer.parse(Created).tracking_id()
        if not name:
            raise answer.unexpected()
        ticket = _JobTicket(
            tracking_id=name,
            ids=_digest(ids),
            people=len(members),
            subject=subject,
        )
        return self._later(Ticket(ticket.model_dump_json(), action, members))

    async def _finished(
        self, ticket: Ticket, awaited: _JobTicket, job: Job, sink: Sink | None
    ) -> Reply:
        """Take what a successful job says: gone, or here is the file."""
        if _digest(job.distinct_ids) != awaited.ids:
            return NeedsHuman("job_names_other_ids")
        if ticket.action is Action.ERASE:
            return Done("deleted", Evidence.E2)
        if sink is None or awaited.subject is None:
            return NeedsHuman("unexpected_ticket")
        link = job.link()
        if link is None:
            raise ContractChanged("finished_retrieval_without_link")
        pieces = self._api.download("download", link)
        rows = await export_file(pieces, sink, subject=awaited.subject)
        return Exported(rows)

    def _later(self, ticket: Ticket) -> JobAccepted:
        return JobAccepted(ticket, self._settings.check_after, self.spec.horizon)


def _item(task: TaskId, distinct_id: str) -> Item:
    # Salted with the task: an id may be an e-mail address, which a bare hash betrays.
    name = sha256(f"{task}/{distinct_id}".encode()).hexdigest()[:32]
    return Item(
        id=ItemId(name),
        reference=distinct_id,
        kind="distinct_id",
        record_class="analytics_profile",
        proven=False,
    )


def _digest(ids: Sequence[str]) -> str:
    """Name a set of ids without naming any of them."""
    joined = "\n".join(f"{len(id_)}:{id_}" for id_ in sorted(set(ids)))
    return sha256(joined.encode()).hexdigest()
