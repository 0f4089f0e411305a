"""Finding every object of a person: by account, by e-mail, by what those lead to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from connectors.commercetools.kinds import ERASED_IN_ORDER, KINDS
from connectors.commercetools.options import CommercetoolsOptions
from connectors.commercetools.project import Project
from connectors.commercetools.records import Resource, an_item
from schemas.connecting import Item


@dataclass(slots=True)
class Found:
    """
    The objects of one person.

    `foreign` are the customers that objects found by e-mail or through an order
    belong to, though they are not the person's: nothing of theirs is in `objects`.
    """

    customers: frozenset[str]
    objects: dict[tuple[str, str], Resource] = field(default_factory=dict)
    classes: dict[tuple[str, str], str] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)

    def keep(self, kind: str, found: Resource, record_class: str | None = None) -> None:
        """Count an object in, unless it says that it is another customer's."""
        owner = found.owner()
        if owner is not None and owner not in self.customers:
            self.foreign.add(owner)
            return
        self.objects[kind, found.id] = found
        self.classes[kind, found.id] = record_class or KINDS[kind].record_class

    def items(self) -> tuple[Item, ...]:
        """Return the objects as items, in the order in which to erase them."""
        ordered = sorted(self.objects, key=lambda at: (ERASED_IN_ORDER[at[0]], at[1]))
        return tuple(
            an_item(at[0], self.classes[at], self.objects[at], self.customers)
            for at in ordered
        )

    def of(self, *kinds: str) -> Iterable[Resource]:
        """Give the objects of some kinds."""
        return [found for (kind, _), found in self.objects.items() if kind in kinds]


class Search:
    """All the queries that together find one person's objects."""

    def __init__(self, project: Project, options: CommercetoolsOptions) -> None:
        self._project = project
        self._options = options

    async def customers(
        self, predicate: str, variable: str, values: Collection[str]
    ) -> dict[str, Resource]:
        """Return the customers a predicate matches, by id."""
        matches = self._project.query("customers", predicate, variable, values)
        return {found.id: found async for found in matches}

    async def everything(
        self,
        customers: Mapping[str, Resource],
        ids: Collection[str],
        emails: Collection[str],
    ) -> Found:
        """
        Find all objects of the given customers, ids of former ones, and e-mails.

        Guests' addresses are compared letter by letter there, so they are asked for
        as given and as the customer spelled them.
        """
        found = Found(frozenset(ids) | frozenset(customers))
        for customer in customers.values():
            found.keep("customers", customer)
        addresses = {e.lower() for e in emails}
        spelled = {c.email for c in customers.values() if c.email}
        spelled = {e for e in spelled if e.lower() in addresses}
        async for kind, match in self._direct(found.customers, {*emails, *spelled}):
            found.keep(kind, match)
        await self._payments(found)
        await self._sessions(found)
        await self._custom_objects(found, customers)
        return found

    async def _direct(
        self, ids: Collection[str], emails: Collection[str]
    ) -> AsyncIterator[tuple[str, Resource]]:
        """Give what names a customer or an e-mail address itself."""
        query = self._project.query
        for kind in KINDS.values():
            if kind.by_customer:
                async for match in query(kind.name, kind.by_customer, "customers", ids):
                    yield kind.name, match
            if kind.by_email:
                async for match in query(kind.name, kind.by_email, "emails", emails):
                    yield kind.name, match
        for name, holds in self._options.discount_codes.items():
            variable = "emails" if holds == "email" else "customers"
            values = emails if holds == "email" else ids
            # Backticks: a field's name may hold a hyphen.
            predicate = f"custom(fields(`{name}` in :{variable}))"
            async for match in query("discount-codes", predicate, variable, values):
                yield "discount-codes", match

    async def _payments(self, found: Found) -> None:
        """Find the payments of orders and carts: a guest's name nobody themselves."""
        paid = {p for one in found.of("orders", "carts") for p in one.payments()}
        paid -= {payment.id for payment in found.of("payments")}
        async for match in self._project.query("payments", "id in :ids", "ids", paid):
            found.keep("payments", match)

    async def _sessions(self, found: Found) -> None:
        """Find what the person's sessions left behind before anybody was named."""
        sessions = {o.anonymous_id for o in found.objects.values() if o.anonymous_id}
        for kind in KINDS.values():
            if kind.by_session:
                async for match in self._project.query(
                    kind.name, kind.by_session, "sessions", sessions
                ):
                    found.keep(kind.name, match)

    async def _custom_objects(
        self, found: Found, customers: Mapping[str, Resource]
    ) -> None:
        for objects in self._options.custom_objects:
            for customer in customers.values():
                key = _key(objects.key, customer)
                match = key and await self._project.custom_object(
                    objects.container, key
                )
                if match:
                    found.keep("custom-objects", match, objects.record_class)


def _key(template: str, customer: Resource) -> str | None:
    """Fill a key's template; a customer without the field has no such object."""
    fields = {
        "id": customer.id,
        "key": customer.key,
        "externalId": customer.external_id,
        "customerNumber": customer.customer_number,
    }
    known = {name: value for name, value in fields.items() if value}
    try:
        return template.format_map(known)
    except KeyError:
        return None
