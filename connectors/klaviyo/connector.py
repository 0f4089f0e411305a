"""
Klaviyo: e-mail and text-message marketing profiles, and every event about them.

Vendor API: https://developers.klaviyo.com/en/reference/api_overview, revision
2026-07-15, OpenAPI klaviyo/openapi@f0a30ba, read 2026-11.

Deletion answers 202 in all cases, without a job id and without a status: the only
proof is that look-ups by id and by e-mail stay empty.  So a profile is deleted by
its own id (by e-mail *every* matching profile would go), the ticket is that id, and
`poll` looks until it has seen nothing twice, `settle_for` apart by Klaviyo's own clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar

from pydantic import Field, ValidationError

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
    Rate,
    ReadBack,
    Replay,
    Reply,
    Sink,
    TaskId,
    Ticket,
    Work,
)
from connectors.durations import Duration
from connectors.klaviyo.api import Profile, ProfileReader
from connectors.klaviyo.awaited import Awaited
from connectors.klaviyo.export import export_profile
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, HeaderAuth

PROFILE_ID = IdentifierType("klaviyo.profile_id")
EXTERNAL_ID = IdentifierType("klaviyo.external_id")

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
# What the file calls `x-klaviyo-ratelimit`: burst and steady hold at once.
_PROFILES = frozenset({"profiles:read"})
_PROFILE_RATES = (Rate(75, _SECOND), Rate(750, _MINUTE))
_MEMBERSHIP_RATES = (Rate(1, _SECOND), Rate(15, _MINUTE))
_EVENT_RATES = (Rate(350, _SECOND), Rate(3500, _MINUTE))
_DELETION_RATES = (Rate(3, _SECOND), Rate(60, _MINUTE))

_FIELD_OF: Mapping[IdentifierType, str] = MappingProxyType(
    {
        PROFILE_ID: "id",
        EMAIL: "email",
        PHONE: "phone_number",
        EXTERNAL_ID: "external_id",
    }
)


class KlaviyoOptions(Options):
    """
    What the register may set for one Klaviyo account.

    `external_id_holds` says which identifier type the account keeps in a profile's
    `external_id`; without it that field is never searched for a customer id, because
    two id spaces that look alike are how a stranger gets erased.
    """

    settle_for: Duration = Field(default=timedelta(hours=24), ge=timedelta(0))
    looks_wanted: int = Field(default=2, ge=1)
    check_after: Duration = Field(default=timedelta(hours=1), ge=timedelta(0))
    external_id_holds: IdentifierType | None = None


class Klaviyo(OneAtATime):
    """Find, export and erase the profiles of one Klaviyo account."""

    options: ClassVar[type[Options]] = KlaviyoOptions
    spec: ClassVar = ConnectorSpec(
        name="klaviyo",
        version="1",
        vendor="Klaviyo",
        source="https://developers.klaviyo.com/en/reference/api_overview, 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=frozenset({EMAIL, PHONE, PROFILE_ID, EXTERNAL_ID, CUSTOMER_ID}),
        yields=frozenset({EMAIL, PROFILE_ID, EXTERNAL_ID, CUSTOMER_ID}),
        operations=MappingProxyType(
            {
                # Left out of the vendor's trimmed file; documented under "Accounts".
                "accounts": Operation(
                    "GET", "/api/accounts", Effect.READ, in_vendor_file=False
                ),
                "search_profiles": Operation(
                    "GET",
                    "/api/profiles",
                    Effect.READ,
                    # The API filters in the query and has no other form.
                    identifies=frozenset({"filter"}),
                    rates=_PROFILE_RATES,
                    scopes=_PROFILES,
                ),
                "read_profile": Operation(
                    "GET",
                    "/api/profiles/{id}",
                    Effect.READ,
                    identifies=frozenset({"id"}),
                    rates=_PROFILE_RATES,
                    scopes=_PROFILES,
                ),
                # The same path; `include=lists,segments` has far lower limits.
                "export_profile": Operation(
                    "GET",
                    "/api/profiles/{id}",
                    Effect.READ,
                    identifies=frozenset({"id"}),
                    rates=_MEMBERSHIP_RATES,
                    scopes=_PROFILES,
                ),
                "events": Operation(
                    "GET",
                    "/api/events",
                    Effect.READ,
                    identifies=frozenset({"filter"}),
                    rates=_EVENT_RATES,
                    scopes=frozenset({"events:read"}),
                ),
                "delete_profile": Operation(
                    "POST",
                    "/api/data-privacy-deletion-jobs",
                    Effect.WRITE,
                    rates=_DELETION_RATES,
                    scopes=frozenset({"data-privacy:write"}),
                ),
            }
        ),
        auth=HeaderAuth(template="Klaviyo-API-Key {secret}"),
        rates=_PROFILE_RATES,
        proof=Proof.LOOKUP,
        replay=MappingProxyType(
            {Action.ERASE: Replay.LOOK, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=timedelta(days=30),
        record_classes=frozenset({"marketing_profile"}),
        base_url="https://a.klaviyo.com",
        items_per_call=MappingProxyType({Action.ERASE: 1}),
        looks_wanted=2,
        settle_for=timedelta(hours=24),
    )

    def __init__(self, api: Api, options: KlaviyoOptions) -> None:
        super().__init__(api, options)
        self._settings = options
        self._external = options.external_id_holds or EXTERNAL_ID
        self._profiles = ProfileReader(api, _wanted_fields(options))

    async def ping(self) -> Installation:
        """Ask which account the key belongs to: its public id."""
        return Installation(await self._profiles.account())

    async def locate_one(self, person: Person) -> Finding:
        """Search by every identifier that this account can be asked for."""
        asked = [(self._field_of(it.type), it.value) for it in person.identifiers]
        wanted = [(name, value) for name, value in asked if name is not None]
        if not wanted:
            # Nobody looked, so nobody may say that nothing was found.
            return NotApplicable("no_identifier")
        found: dict[str, Profile] = {}
        for name, value in wanted:
            for profile in await self._profiles.search(name, value):
                found.setdefault(profile.id, profile)
        if not found:
            return NothingFound()
        profiles = sorted(found.values(), key=lambda profile: profile.id)
        if self._conflict(person, profiles):
            return Ambiguous(tuple(self._candidate(person.task, it) for it in profiles))
        items = tuple(_item(person.task, profile) for profile in profiles)
        learned = _unique(it for p in profiles for it in self._identifiers(p))
        known = set(person.identifiers)
        return Located(items, tuple(it for it in learned if it not in known))

    async def erase_one(self, work: Work) -> Reply:
        """
        Ask Klaviyo to delete one frozen profile by its id, and by nothing else.

        The e-mail is looked up first only to remember which *other* profiles carry
        it: they must not be mistaken later for this one.
        """
        if len(work.items) != 1:
            return NeedsHuman("one_item_a_call")
        profile = work.items[0].reference
        if not profile.strip():
            return NeedsHuman("record_without_a_name")
        emails = _values(work.identifiers, EMAIL)
        others = await self._ids_by_email(emails) - {profile}
        await self._profiles.delete(profile)
        awaited = Awaited(profile=profile, emails=emails, others=tuple(sorted(others)))
        ticket = Ticket(awaited.model_dump_json(), Action.ERASE, (work.task,))
        return self._look_again(ticket, awaited, self._settings.check_after)

    async def poll_one(self, ticket: Ticket, sink: Sink | None) -> Reply:  # noqa: ARG002
        """Look by id and by e-mail; gone twice, `settle_for` apart, is the proof."""
        if ticket.action is not Action.ERASE:
            return NeedsHuman("unexpected_ticket")
        try:
            awaited = Awaited.model_validate_json(ticket.value)
        except ValidationError:
            return NeedsHuman("unreadable_ticket")
        if not await self._is_gone(awaited):
            return self._look_again(ticket, awaited.seen(), self._settings.check_after)
        told_at = self._profiles.told_at
        again = awaited.missed(told_at)
        settings = self._settings
        wait = again.must_wait(settings.looks_wanted, settings.settle_for, told_at)
        if wait is None:
            return Done("deleted", Evidence.E4)
        return self._look_again(ticket, again, wait)

    async def read_back_one(self, work: Work) -> ReadBack:
        """Look for the items by id and for the person by e-mail."""
        still: list[ItemId] = []
        since = None
        for item in work.items:
            profile = await self._profiles.read(item.reference)
            if profile is not None:
                still.append(item.id)
                since = since or profile.created_on
        if still:
            return Present(tuple(still), since)
        for email in _values(work.identifiers, EMAIL):
            for profile in await self._profiles.search("email", email):
                # Re-created, or a second record: either way the person is here.
                ids = tuple(item.id for item in work.items)
                return Present(ids, profile.created_on)
        return Absent()

    async def export(self, work: Work, sink: Sink) -> Reply:
        """Write each profile, its memberships and all its events to *sink*."""
        rows = 0
        for item in work.items:
            rows += await export_profile(self._profiles, item.reference, sink)
        return Exported(rows) if rows else NothingFound()

    # --- identifiers --------------------------------------------------------------

    def _field_of(self, type_: IdentifierType) -> str | None:
        """Name the field to search, where this account has one for the type."""
        if type_ == self._settings.external_id_holds:
            return "external_id"
        return _FIELD_OF.get(type_)

    def _identifiers(self, profile: Profile) -> list[Identifier]:
        """
        Return what a profile teaches about its person.

        Not its phone number: households share them, so a number that nobody verified
        must not lead to records elsewhere.
        """
        known = (
            (PROFILE_ID, profile.id),
            (EMAIL, profile.email),
            (self._external, profile.attributes.external_id),
            *((type_, profile.field(name)) for name, type_ in self._yields()),
        )
        return [Identifier(type_, value) for type_, value in known if value]

    def _yields(self) -> Iterable[tuple[str, IdentifierType]]:
        return self._settings.yields.items()

    def _conflict(self, person: Person, profiles: Sequence[Profile]) -> bool:
        """
        Say whether the matches speak of more than one person.

        Two external ids do.  So do two e-mails, but for those of a profile that
        carries a verified id: whoever owns the id has changed the address.
        """
        ids = {PROFILE_ID: set(_values(person.identifiers, PROFILE_ID))}
        ids[self._external] = set(_values(person.identifiers, self._external))
        emails = {it.lower() for it in _values(person.identifiers, EMAIL)}
        weak: set[str] = set()
        for profile in profiles:
            strong = (
                profile.id in ids[PROFILE_ID]
                or profile.attributes.external_id in ids[self._external]
            )
            if profile.email:
                (emails if strong else weak).add(profile.email)
        external = {it.attributes.external_id for it in profiles} - {None, ""}
        return _differ(emails, weak) or _differ(ids[self._external], external)

    def _candidate(self, task: TaskId, profile: Profile) -> Candidate:
        return Candidate(
            items=(_item(task, profile),),
            label=f"profile {profile.id}, {profile.email or 'no e-mail'}, "
            f"created {profile.created_on}",
            learned=tuple(self._identifiers(profile)),
        )

    # --- looking for what was deleted -----------------------------------------------

    async def _is_gone(self, awaited: Awaited) -> bool:
        if await self._profiles.read(awaited.profile) is not None:
            return False
        return not (await self._ids_by_email(awaited.emails) - {*awaited.others})

    async def _ids_by_email(self, emails: Iterable[str]) -> set[str]:
        return {
            profile.id
            for email in emails
            for profile in await self._profiles.search("email", email)
        }

    def _look_again(
        self, ticket: Ticket, awaited: Awaited, after: timedelta
    ) -> JobAccepted:
        return JobAccepted(
            Ticket(awaited.model_dump_json(), ticket.action, ticket.members),
            check_after=after,
            expected_within=self.spec.horizon,
        )


def _wanted_fields(options: Options) -> str:
    """Name the fields a search needs and no others (Art 5(1)(c) GDPR)."""
    names = ["created", "email", "external_id", "phone_number"]
    return ",".join([*names, "properties"] if options.yields else names)


def _differ(verified: set[str], carried: Iterable[str | None]) -> bool:
    """Say whether carried values name somebody besides the verified ones."""
    strangers = {*carried} - verified
    return bool(strangers) and (bool(verified) or len(strangers) > 1)


def _item(task: TaskId, profile: Profile) -> Item:
    # The same in every round of locating, and not the profile's own name.
    name = sha256(f"{task}/{profile.id}".encode()).hexdigest()[:32]
    return Item(
        id=ItemId(name),
        reference=profile.id,
        kind="profile",
        record_class="marketing_profile",
        started_on=profile.created_on,
    )


def _values(
    identifiers: Iterable[Identifier], type_: IdentifierType
) -> tuple[str, ...]:
    return tuple(it.value for it in identifiers if it.type == type_)


def _unique(identifiers: Iterable[Identifier]) -> tuple[Identifier, ...]:
    return tuple(dict.fromkeys(identifiers))
