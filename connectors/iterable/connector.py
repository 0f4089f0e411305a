"""
Iterable: the profiles of one marketing project, and every event about them.

Vendor API: https://api.iterable.com/api/docs, OpenAPI Iterable/api-client@981eeb5
api-docs.json, read 2026-11.

Two ways to erase.  `forget` erases and never collects again, but only 1,000 people a
day: its proof is Iterable's own list of hashes of the forgotten.  Where that would miss
a deadline, `delete_and_suppress` takes the person off every channel and deletes the
profile, 100 a second; it does not keep later events out.  Both end only after the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.base import (
    Absent,
    Action,
    Ambiguous,
    Api,
    Candidate,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Exported,
    Finding,
    Identifier,
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
    Present,
    Proof,
    Provenance,
    Rate,
    ReadBack,
    Replay,
    Reply,
    Retry,
    Row,
    Sink,
    TaskId,
    Ticket,
    Work,
)
from connectors.durations import Duration
from connectors.errors import ContractChanged, TryLater
from connectors.iterable.api import Key, Kind, Profile, Project
from schemas.connecting import CUSTOMER_ID, EMAIL, HeaderAuth

USER_ID = IdentifierType("iterable.user_id")

Way = Literal["forget", "delete_and_suppress"]
# Said of a task: the day's thousand would have come too late for its deadline.
BY_BUDGET = "deleted_and_suppressed:daily_budget"
_SECOND = timedelta(seconds=1)
_MOMENT = timedelta(minutes=2)  # so long a call waits for its turn by itself
_FAST = Rate(100, _SECOND)
_SLOW = Rate(3, _SECOND)
_BY_EMAIL, _BY_USER_ID = frozenset({"email"}), frozenset({"userId"})


class IterableOptions(Options):
    """
    What the register must say of one Iterable project.

    `project` is how the project tells people apart (Iterable's setting, which cannot be
    changed afterwards).  `user_id_holds` says which identifier type the project uses as
    `userId`; without it no customer id is searched there.
    """

    project: Literal["email", "user_id", "hybrid"]
    erase_by: Literal["automatic", "forget", "delete_and_suppress"] = "automatic"
    user_id_holds: IdentifierType | None = None
    # "For GDPR forget requests, provide ten minutes to process" (support page).
    check_after: Duration = Field(default=timedelta(minutes=15), gt=timedelta(0))
    full_after: Duration = Field(default=timedelta(hours=1), gt=timedelta(0))

    def declared(self, spec: ConnectorSpec) -> ConnectorSpec:
        """Say whether an entry is left that keeps the person out."""
        return replace(spec, suppresses=self.erase_by != "delete_and_suppress")


class _Awaited(BaseModel):
    """A ticket's value: which profile must be gone, and by what it is proven."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    kind: Kind
    value: str = Field(min_length=1)
    way: Way


class Iterable(OneAtATime):
    """Find, export and erase the profiles of one Iterable project."""

    options: ClassVar[type[Options]] = IterableOptions
    spec: ClassVar = ConnectorSpec(
        name="iterable",
        version="1",
        vendor="Iterable",
        source="https://api.iterable.com/api/docs, 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=frozenset({EMAIL, CUSTOMER_ID, USER_ID}),
        yields=frozenset({EMAIL, CUSTOMER_ID, USER_ID}),
        operations=MappingProxyType(
            {
                # Documented under "Channels"; the trimmed file leaves it out.
                "channels": Operation(
                    "GET", "/api/channels", Effect.READ, in_vendor_file=False
                ),
                "read_by_email": Operation(
                    "GET", "/api/users/{email}", Effect.READ, identifies=_BY_EMAIL
                ),
                "read_by_user_id": Operation(
                    "GET",
                    "/api/users/byUserId/{userId}",
                    Effect.READ,
                    identifies=_BY_USER_ID,
                ),
                "events": Operation(
                    "GET",
                    "/api/export/userEvents",
                    Effect.READ,
                    identifies=_BY_EMAIL | _BY_USER_ID,
                    # The file names a limit (429) without its number; exports have 1/s.
                    rates=(Rate(1, _SECOND),),
                ),
                "forgotten": Operation(
                    "GET", "/api/users/forgotten", Effect.READ, rates=(_SLOW,)
                ),
                "forgotten_user_ids": Operation(
                    "GET", "/api/users/forgottenUserIds", Effect.READ, rates=(_SLOW,)
                ),
                "forget": Operation(
                    "POST",
                    "/api/users/forget",
                    Effect.WRITE,
                    rates=(_SLOW, Rate(1000, timedelta(days=1))),
                ),
                # Documented under "Users"; the trimmed file leaves it out.
                "unsubscribe": Operation(
                    "POST",
                    "/api/users/updateSubscriptions",
                    Effect.WRITE,
                    in_vendor_file=False,
                ),
                "delete_by_email": Operation(
                    "DELETE", "/api/users/{email}", Effect.WRITE, identifies=_BY_EMAIL
                ),
                "delete_by_user_id": Operation(
                    "DELETE",
                    "/api/users/byUserId/{userId}",
                    Effect.WRITE,
                    identifies=_BY_USER_ID,
                ),
            }
        ),
        auth=HeaderAuth(header="Api-Key", template="{secret}"),
        rates=(_FAST,),
        proof=Proof.LOOKUP,
        replay=MappingProxyType(
            {Action.ERASE: Replay.LOOK, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=timedelta(days=7),
        record_classes=frozenset({"marketing_profile"}),
        base_url="https://api.iterable.com",
        items_per_call=MappingProxyType({Action.ERASE: 1}),
        looks_wanted=2,
        settle_for=timedelta(hours=24),
        # Whoever is forgotten stands on the list of the forgotten; deleted, nowhere.
        suppresses=True,
        suppresses_unless=frozenset({BY_BUDGET}),
    )

    def __init__(self, api: Api, options: IterableOptions) -> None:
        super().__init__(api, options)
        self._settings = options
        self._project = Project(api)
        self._id_type = options.user_id_holds or USER_ID

    async def ping(self) -> Installation:
        """
        Name the project by its smallest message channel.

        No call of Iterable's names the project, and the ids of channels are its own.
        """
        return Installation(f"channel-{(await self._project.channels())[0]}")

    async def locate_one(self, person: Person) -> Finding:
        """Look for a profile under each key that this project has."""
        keys = [it for it in map(self._key_of, person.identifiers) if it is not None]
        if not keys:
            # Nobody looked, so nobody may say that nothing was found.
            return NotApplicable("no_identifier")
        found: dict[Key, Profile] = {}
        for key in dict.fromkeys(keys):
            profile = await self._project.profile(key)
            if profile is not None:
                found.setdefault(self._own_key(profile), profile)
        if not found:
            return NothingFound()
        if self._conflict(person, found):
            several = (self._candidate(person.task, *it) for it in found.items())
            return Ambiguous(tuple(several))
        known = {(it.type, it.value.lower()) for it in person.identifiers}
        learned = dict.fromkeys(
            it
            for profile in found.values()
            for it in self._identifiers(profile)
            if (it.type, it.value.lower()) not in known
        )
        return Located(tuple(_item(person.task, key) for key in found), tuple(learned))

    async def erase_one(self, work: Work) -> Reply:
        """
        Ask for one profile to be erased, in the way that the register says.

        Forgetting keeps later events out, so `automatic` takes it as long as the day's
        budget lets this task be sent in time.
        """
        if len(work.items) != 1:
            return NeedsHuman("one_item_a_call")
        key = Key.of_reference(work.items[0].reference)
        if self._settings.erase_by == "delete_and_suppress":
            return await self._delete(work, key, how=None)
        wait = self._api.wait_for("forget")
        if wait > _MOMENT:
            return await self._without_budget(work, key, wait)
        try:
            await self._project.forget(key)
        except TryLater as later:
            if later.cause == "throttled" and later.after is None:
                # The day's thousand is spent; Iterable names no time.
                full_after = self._settings.full_after
                return await self._without_budget(work, key, full_after)
            raise
        return self._later(_ticket(work, key, "forget"))

    async def _without_budget(self, work: Work, key: Key, wait: timedelta) -> Reply:
        """Wait for the next day's budget, or delete where that would be too late."""
        left = work.time_left
        is_too_late = left is not None and wait > left
        if self._settings.erase_by == "automatic" and is_too_late:
            return await self._delete(work, key, how=BY_BUDGET)
        return Retry("daily_budget_spent", wait)

    async def _delete(self, work: Work, key: Key, *, how: str | None) -> Reply:
        """Delete a profile, and let nothing more be sent to it."""
        # Unsubscribed first: a journey may write to them while the deletion runs.
        await self._project.unsubscribe(key)
        await self._project.delete(key)
        ticket = _ticket(work, key, "delete_and_suppress")
        return replace(self._later(ticket), how=how)

    async def poll_one(self, ticket: Ticket, sink: Sink | None) -> Reply:  # noqa: ARG002
        """Look for the profile, and for its hash in the list of the forgotten."""
        if ticket.action is not Action.ERASE:
            return NeedsHuman("unexpected_ticket")
        try:
            awaited = _Awaited.model_validate_json(ticket.value)
        except ValidationError:
            return NeedsHuman("unreadable_ticket")
        key = Key(awaited.kind, awaited.value)
        if await self._project.profile(key) is not None:
            return self._later(ticket)
        if awaited.way == "forget" and not await self._project.is_forgotten(key):
            # Nobody there proves little: the block is what was asked for too.
            return self._later(ticket)
        return Done("deleted", Evidence.E2)

    async def read_back_one(self, work: Work) -> ReadBack:
        """Look for each profile under its key."""
        still = [
            item.id
            for item in work.items
            if await self._project.profile(Key.of_reference(item.reference))
        ]
        return Present(tuple(still)) if still else Absent()

    async def export(self, work: Work, sink: Sink) -> Reply:
        """Write each profile and all its events, bound to the key they carry."""
        rows = 0
        for item in work.items:
            key = Key.of_reference(item.reference)
            profile = await self._project.profile(key)
            if profile is None:
                continue
            data = profile.model_dump(mode="json", by_alias=True, exclude_unset=True)
            await sink.write(Row("profile", Provenance.PROVIDED, key.reference, data))
            rows += 1
            for event in await self._project.events(key):
                owner = event.key(key.kind)
                if owner is None:
                    raise ContractChanged("event_names_nobody")
                data = event.model_dump(mode="json", by_alias=True, exclude_unset=True)
                row = Row("events", Provenance.OBSERVED, owner.reference, data)
                await sink.write(row)
                rows += 1
        return Exported(rows) if rows else NothingFound()

    # --- identifiers ----------------------------------------------------------------

    def _key_of(self, identifier: Identifier) -> Key | None:
        """Return the key by which this project knows an identifier, if it does."""
        project, value = self._settings.project, identifier.value
        if identifier.type == EMAIL and project != "user_id":
            return Key.of_email(value)
        if identifier.type in (USER_ID, self._id_type) and project != "email":
            return Key("userId", value)
        return None

    def _own_key(self, profile: Profile) -> Key:
        """Return what names a profile; by e-mail where both do, as imports use it."""
        kinds: tuple[Kind, ...] = ("email", "userId")
        if self._settings.project == "email":
            kinds = ("email",)
        elif self._settings.project == "user_id":
            kinds = ("userId",)
        for kind in kinds:
            key = profile.key(kind)
            if key is not None:
                return key
        raise ContractChanged("profile_without_key")

    def _identifiers(self, profile: Profile) -> list[Identifier]:
        """Return what a profile teaches about its person; not its telephone number."""
        mapped = ((it, profile.field(name)) for name, it in self._yields())
        own = ((EMAIL, profile.email), (self._id_type, profile.user_id))
        return [Identifier(it, value) for it, value in (*own, *mapped) if value]

    def _yields(self) -> list[tuple[str, IdentifierType]]:
        return sorted(self._settings.yields.items())

    def _conflict(self, person: Person, found: Mapping[Key, Profile]) -> bool:
        """Say whether profiles carry a user id that is not this person's."""
        types = (USER_ID, self._id_type)
        verified = {it.value for it in person.identifiers if it.type in types}
        carried = {it.user_id for it in found.values() if it.user_id}
        strangers = carried - verified
        return bool(strangers) and (bool(verified) or len(strangers) > 1)

    def _candidate(self, task: TaskId, key: Key, profile: Profile) -> Candidate:
        return Candidate(
            items=(_item(task, key),),
            label=f"profile {profile.user_id or 'without a user id'}, "
            f"{profile.email or 'no e-mail'}",
            learned=tuple(self._identifiers(profile)),
        )

    def _later(self, ticket: Ticket) -> JobAccepted:
        return JobAccepted(ticket, self._settings.check_after, self.spec.horizon)


def _ticket(work: Work, key: Key, way: Way) -> Ticket:
    awaited = _Awaited(kind=key.kind, value=key.value, way=way)
    return Ticket(awaited.model_dump_json(), Action.ERASE, (work.task,))


def _item(task: TaskId, key: Key) -> Item:
    # Salted with the task: a bare hash of an address betrays it.
    name = sha256(f"{task}/{key.reference}".encode()).hexdigest()[:32]
    return Item(
        id=ItemId(name),
        reference=key.reference,
        kind="profile",
        record_class="marketing_profile",
    )
