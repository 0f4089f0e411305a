"""
VTEX: the shoppers of one store, their addresses and their orders.

Vendor API: https://developers.vtex.com/docs/api-reference/user-rights-api and the
Orders API, OpenAPI vtex/openapi-schemas@0d207e53, read 2026-11 (the file still says
closed beta; general availability was announced on 2026-10-09).

An erasure is a job by e-mail that takes everything of the address at once, and a job
for an address that nobody has ends with `Success` too.  So a shopper is searched
first, the job must take no order that the call does not name, and `read_back` looks
again: the profile must be gone and the orders must name nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.base import (
    Absent,
    Action,
    Api,
    CannotTell,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Exported,
    Failed,
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
    Redacted,
    Replay,
    Reply,
    Sink,
    StillOpen,
    TaskId,
    Ticket,
    Work,
)
from connectors.durations import Duration
from connectors.vtex.api import Job, Order, Store
from connectors.vtex.export import export_order, export_profiles
from connectors.vtex.items import ORDER, SHOPPER, items_of, started_on
from connectors.vtex.shoppers import (
    Owner,
    Search,
    Shopper,
    owner_of,
    searches_for,
    user_ids,
)
from schemas.connecting import EMAIL, HeaderAuth

USER_ID = IdentifierType("vtex.user_id")

_NOT_SEARCHABLE = "orders_not_searchable"
_FIELDS = (
    "id",
    "email",
    "userId",
    "firstName",
    "lastName",
    "document",
    "isCorporate",
    "createdIn",
)


class VtexOptions(Options):
    """
    What the register may set for one VTEX account.

    "We recommend polling with a frequency no higher than every 30 seconds" (the file).
    """

    check_after: Duration = Field(default=timedelta(seconds=30), gt=timedelta(0))
    # "The last status of an order flow is Billed"; a cancelled order stays so
    # (help.vtex.com, read 2026-11).  Whatever else an order says, it is not over.
    over_when: tuple[str, ...] = Field(default=("invoiced", "canceled"), min_length=1)


class _Jobs(BaseModel):
    """A ticket's value: the jobs that have not ended yet, one for each address."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    jobs: tuple[str, ...] = Field(min_length=1)


class Vtex(OneAtATime):
    """Find, export and erase the shoppers of one VTEX account."""

    options: ClassVar[type[Options]] = VtexOptions
    spec: ClassVar = ConnectorSpec(
        name="vtex",
        version="1",
        vendor="VTEX",
        source="https://developers.vtex.com/docs/api-reference/user-rights-api, "
        "2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=frozenset({EMAIL}),
        yields=frozenset({USER_ID}),
        operations=MappingProxyType(
            {
                # License Manager and Master Data v1 have files of their own.
                "account": Operation(
                    "GET", "/api/vlm/account", Effect.READ, in_vendor_file=False
                ),
                "search_profiles": Operation(
                    "GET",
                    "/api/dataentities/CL/search",
                    Effect.READ,
                    identifies=frozenset({"email"}),
                    in_vendor_file=False,
                ),
                "search_addresses": Operation(
                    "GET",
                    "/api/dataentities/AD/search",
                    Effect.READ,
                    identifies=frozenset({"userId"}),
                    in_vendor_file=False,
                ),
                "list_orders": Operation(
                    "GET", "/api/oms/pvt/orders", Effect.READ, frozenset({"q"})
                ),
                "read_order": Operation(
                    "GET",
                    "/api/oms/pvt/orders/{orderId}",
                    Effect.READ,
                    identifies=frozenset({"orderId"}),
                ),
                "create_job": Operation(
                    "POST", "/api/user-rights/forget/jobs", Effect.WRITE
                ),
                "read_job": Operation(
                    "GET", "/api/user-rights/forget/jobs/{jobId}", Effect.READ
                ),
            }
        ),
        auth=HeaderAuth(
            secret="app_key",  # noqa: S106 (the name of a reference)
            header="X-VTEX-API-AppKey",
            template="{secret}",
            beside=HeaderAuth(
                secret="app_token",  # noqa: S106 (the name of a reference)
                header="X-VTEX-API-AppToken",
                template="{secret}",
            ),
        ),
        # "Each VTEX account can make up to 6000 requests per minute" (the file).
        rates=(Rate(6000, timedelta(minutes=1)),),
        proof=Proof.LOOKUP,
        replay=MappingProxyType(
            {Action.ERASE: Replay.REPEAT, Action.EXPORT: Replay.REPEAT}
        ),
        # VTEX names no limit; it tries a failed step ten times by itself.
        horizon=timedelta(days=7),
        record_classes=frozenset({"customer_account", "order"}),
        # The order search runs about four minutes behind (the file).
        settle_for=timedelta(minutes=10),
    )

    def __init__(self, api: Api, options: VtexOptions) -> None:
        super().__init__(api, options)
        self._settings = options
        self._store = Store(api, (*_FIELDS, *sorted(options.yields)))

    async def ping(self) -> Installation:
        """Ask which account the key belongs to."""
        return Installation(await self._store.account())

    async def locate_one(self, person: Person) -> Finding:
        """Search profiles and orders by each address."""
        emails = dict.fromkeys(
            it.value for it in person.identifiers if it.type == EMAIL
        )
        if not emails:
            return NotApplicable("no_identifier")
        items: dict[ItemId, Item] = {}
        learned: dict[Identifier, None] = {}
        for email in emails:
            shopper = await self._search(email)
            if isinstance(shopper, NeedsHuman):
                return shopper
            if shopper.is_known():
                items.update((it.id, it) for it in items_of(person.task, shopper))
                learned.update((it, None) for it in self._identifiers(shopper))
        if not items:
            return NothingFound()
        known = set(person.identifiers)
        return Located(
            tuple(items.values()), tuple(it for it in learned if it not in known)
        )

    async def erase_one(self, work: Work) -> Reply:
        """
        Make one job for each address, if it takes nothing that the call does not name.

        Safe to repeat: a second job finds what the first has left.
        """
        emails = [it.reference for it in work.items if it.kind == SHOPPER]
        if not emails:
            return NeedsHuman("orders_go_with_their_shopper")
        named = {it.reference for it in work.items if it.kind == ORDER}
        for email in emails:
            shopper = await self._search(email)
            if isinstance(shopper, NeedsHuman):
                if shopper.reason != _NOT_SEARCHABLE:
                    return shopper
            elif any(order.id not in named for order in shopper.orders):
                # Kept under a rule, or made since the search: the job would take it.
                return NeedsHuman("job_would_take_other_orders")
        if await self._is_any_open(named):
            # The job would take it with the rest, so the rest waits for it.
            return StillOpen(tuple(it.id for it in work.items), "order_open")
        jobs = [await self._store.forget(email) for email in emails]
        return self._later(jobs, (work.task,))

    async def poll_one(self, ticket: Ticket, sink: Sink | None) -> Reply:  # noqa: ARG002
        """Ask how the jobs are going; all must say `Success`."""
        if ticket.action is not Action.ERASE:
            return NeedsHuman("unexpected_ticket")
        jobs = _jobs_of(ticket)
        if not jobs:
            return NeedsHuman("unreadable_ticket")
        running: list[str] = []
        for name in jobs:
            job = await self._store.job(name)
            if job is not None and job.status == "InProgress":
                running.append(name)
            elif job is None or job.status != "Success":
                return _unsuccessful(job)
        if running:
            return self._later(running, ticket.members)
        return Done("deleted", Evidence.E2)

    async def read_back_one(self, work: Work) -> ReadBack:
        """Look for the addresses, and read in each order whether it names anybody."""
        still: list[ItemId] = []
        since: date | None = None
        is_redacted = False
        for item in work.items:
            if item.kind == SHOPPER:
                shopper = await self._search(item.reference)
                if isinstance(shopper, NeedsHuman):
                    if shopper.reason != _NOT_SEARCHABLE:
                        return CannotTell()
                elif shopper.is_known():
                    still.append(item.id)
                    since = since or started_on(shopper)
                continue
            order = await self._store.order(item.reference)
            if order is not None and order.names_somebody():
                still.append(item.id)
                since = since or order.created_in.date()
            is_redacted = is_redacted or order is not None
        if still:
            return Present(tuple(still), since)
        return Redacted() if is_redacted else Absent()

    async def export(self, work: Work, sink: Sink) -> Reply:
        """Write profiles, addresses and whole orders to *sink*."""
        emails = [it.reference for it in work.items if it.kind == SHOPPER]
        rows = 0
        known: frozenset[str] = frozenset()
        for email in emails:
            profiles = await self._store.profiles(email, whole=True)
            known |= user_ids(profiles)
            rows += await export_profiles(self._store, email, profiles, sink)
        for item in work.items:
            if item.kind != ORDER:
                continue
            written = await export_order(
                self._store, item.reference, emails, known, sink
            )
            if written is None:
                return NeedsHuman("order_owner_unknown")
            rows += written
        return Exported(rows) if rows else NothingFound()

    async def _is_any_open(self, numbers: Iterable[str]) -> bool:
        """Tell whether one of these orders is not over."""
        for number in sorted(numbers):
            order = await self._store.order(number)
            if order is not None and order.status not in self._settings.over_when:
                return True
        return False

    # --- searching ----------------------------------------------------------------

    async def _search(self, email: str) -> Shopper | NeedsHuman:
        """Find what carries an address, reading in each order whose it is."""
        profiles = await self._store.profiles(email)
        if any(it.is_corporate for it in profiles):
            # "It doesn't apply to B2B buyers" (the file).
            return NeedsHuman("corporate_buyer")
        searches = searches_for(email, profiles)
        if not searches:
            return NeedsHuman(_NOT_SEARCHABLE)
        orders: dict[str, Order] = {}
        for search in searches:
            found = await self._orders(email, search, user_ids(profiles))
            if isinstance(found, NeedsHuman):
                return found
            orders.update((it.id, it) for it in found)
        return Shopper(email, profiles, tuple(orders.values()))

    async def _orders(
        self, email: str, search: Search, known: frozenset[str]
    ) -> list[Order] | NeedsHuman:
        """Search orders, and keep those that say they are the shopper's."""
        hits = await self._store.order_ids(search.text, search.most)
        if hits is None:
            return NeedsHuman("too_many_orders")
        theirs: list[Order] = []
        for number in hits:
            order = await self._store.order(number)
            if order is None or order.client is None or not order.names_somebody():
                continue
            owner = owner_of(order.client, email, known)
            if owner is Owner.UNTOLD:
                return NeedsHuman("order_owner_unknown")
            if owner is Owner.THEIRS:
                if order.client.is_corporate:
                    return NeedsHuman("corporate_buyer")
                theirs.append(order)
        return theirs

    def _identifiers(self, shopper: Shopper) -> Iterator[Identifier]:
        """Give what the profiles teach: VTEX's own id, and the register's fields."""
        for profile in shopper.profiles:
            if profile.user_id:
                yield Identifier(USER_ID, profile.user_id)
            for name, type_ in sorted(self._settings.yields.items()):
                value = profile.field(name)
                if value:
                    yield Identifier(type_, value)

    def _later(self, jobs: Sequence[str], members: tuple[TaskId, ...]) -> JobAccepted:
        value = _Jobs(jobs=tuple(jobs)).model_dump_json()
        ticket = Ticket(value, Action.ERASE, members)
        return JobAccepted(ticket, self._settings.check_after, self.spec.horizon)


def _jobs_of(ticket: Ticket) -> tuple[str, ...]:
    """Return the jobs that a ticket names; none where it cannot be read."""
    try:
        return _Jobs.model_validate_json(ticket.value).jobs
    except ValidationError:
        return ()


def _unsuccessful(job: Job | None) -> Reply:
    """Say what a job that ended otherwise means; a new state is an alarm."""
    if job is None:
        return Failed("job_not_found", "Retry makes a new job.")
    if job.status == "Failed":
        return Failed("job_failed", "Ask VTEX why: it tried ten times.")
    return NeedsHuman("unknown_job_state")
