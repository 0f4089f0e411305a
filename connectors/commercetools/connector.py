"""The commercetools connector: what it declares, and its four actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.base import OneAtATime, Options, Sink
from connectors.commercetools import people
from connectors.commercetools.kinds import KINDS, RECORD_CLASSES
from connectors.commercetools.operations import OPERATIONS
from connectors.commercetools.options import CommercetoolsOptions
from connectors.commercetools.people import OWN_ID, Wanted, told_apart
from connectors.commercetools.project import Project
from connectors.commercetools.records import Project as Installed
from connectors.commercetools.records import Reference, Refusal, Resource
from connectors.commercetools.search import Found, Search
from connectors.transport.http import Answer, Api, WrongPerson
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    Absent,
    Action,
    Ambiguous,
    Candidate,
    ClientCredentials,
    ConnectorSpec,
    Done,
    Evidence,
    Exported,
    Finding,
    Identifier,
    Installation,
    Item,
    ItemId,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    Person,
    Present,
    Progress,
    Proof,
    Provenance,
    Rate,
    ReadBack,
    Replay,
    Reply,
    Retry,
    Row,
    StillOpen,
    Work,
)

_VERSIONS_TRIED = 3
_NOT_FOUND = 404
_CONFLICT = 409


class Commercetools(OneAtATime):
    """Find, export and erase a customer and every object that belongs to them."""

    options: ClassVar[type[Options]] = CommercetoolsOptions
    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="commercetools",
        version="1",
        vendor="commercetools GmbH",
        source="https://docs.commercetools.com/api/gdpr, read 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=frozenset({OWN_ID, CUSTOMER_ID, EMAIL}),
        yields=frozenset({OWN_ID, CUSTOMER_ID, EMAIL}),
        operations=OPERATIONS,
        auth=ClientCredentials(),
        # A third party's figure for a project; the vendor publishes none (2026-11).
        rates=(Rate(200, per=timedelta(seconds=1)),),
        proof=Proof.LOOKUP,
        replay={
            Action.LOCATE: Replay.REPEAT,
            Action.EXPORT: Replay.REPEAT,
            Action.ERASE: Replay.LOOK,
        },
        horizon=timedelta(0),
        record_classes=RECORD_CLASSES,
        # A crash at item 170 of 300 resumes there: each item is a call of its own.
        items_per_call={Action.ERASE: 1},
    )

    def __init__(self, api: Api, options: Options) -> None:
        super().__init__(api, options)
        self._own = CommercetoolsOptions.model_validate(options)
        self._project = Project(api, self._own)
        self._search = Search(self._project, self._own)

    async def ping(self) -> Installation:
        """Ask the project for its own key."""
        answer = await self._api.call(
            "ping", path={"projectKey": self._own.project_key}
        )
        return Installation(answer.parse(Installed).key)

    async def locate_one(self, person: Person) -> Finding:
        """Find the person's accounts first, then everything of theirs."""
        wanted = Wanted.of(person, self._own)
        if wanted.is_empty():
            return NotApplicable("no_identifier")
        groups = told_apart(*await self._accounts(wanted), wanted.emails)
        if len(groups) > 1:
            return await self._ambiguous(groups, wanted)
        return await self._located(groups[0], wanted)

    async def erase_one(self, work: Work) -> Reply:
        """Erase the items one after the other; stop where one cannot be erased."""
        if not work.items:
            return NeedsHuman("no_items")
        done: list[ItemId] = []
        evidence = Evidence.E4
        for item in work.items:
            reference = Reference.of(item)
            reply = await self._still_open(item, reference)
            reply = reply or await self._erase(reference)
            if not isinstance(reply, Done):
                return Progress(tuple(done), evidence) if done else reply
            done.append(item.id)
            evidence = min(evidence, reply.evidence)
        return Done("deleted", evidence)

    async def read_back_one(self, work: Work) -> ReadBack:
        """Ask for each item by its id."""
        present: dict[ItemId, Resource] = {}
        for item in work.items:
            if found := await self._project.get(Reference.of(item)):
                present[item.id] = found
        if not present:
            return Absent()
        since = min(found.created_at for found in present.values()).date()
        return Present(tuple(present), since)

    async def export(self, work: Work, sink: Sink) -> Reply:
        """Write every item as it is now, and the messages about it."""
        ours = frozenset(identifier.value for identifier in work.identifiers)
        items: dict[str, Item] = {}
        for wanted in _by_kind(work.items):
            # What is not given any more was deleted since it was found.
            references = [reference for _, reference in wanted.values()]
            async for found in self._project.several(references):
                if found.id not in wanted:
                    raise WrongPerson("object_of_somebody_else")
                item, reference = wanted[found.id]
                if not reference.still_names(found):
                    raise WrongPerson("owner_changed")
                await sink.write(_row(item, reference, found, ours))
                items[found.id] = item
        return Exported(len(items) + await self._messages(items, sink))

    async def _accounts(
        self, wanted: Wanted
    ) -> tuple[dict[str, Resource], dict[str, Resource]]:
        """Return the customers matched by id and those matched by e-mail."""
        find = self._search.customers
        field = self._own.customer_id
        named = await find("id in :customers", "customers", wanted.ids)
        named |= await find(f"{field} in :customers", "customers", wanted.portal_ids)
        mailed = await find("lowercaseEmail in :emails", "emails", wanted.emails)
        return named, mailed

    async def _located(self, accounts: dict[str, Resource], wanted: Wanted) -> Finding:
        """Find everything, following e-mails to accounts that are gone since."""
        ids = wanted.ids
        while True:
            found = await self._search.everything(accounts, ids, wanted.spellings)
            if not found.foreign:
                return _finding(found, people.learned(accounts, self._own))
            living = await self._search.customers(
                "id in :customers", "customers", found.foreign
            )
            theirs = [{c.id: c} for c in living.values()]
            if theirs:
                return await self._ambiguous([accounts, *theirs], wanted)
            ids |= found.foreign

    async def _ambiguous(
        self, groups: list[dict[str, Resource]], wanted: Wanted
    ) -> Ambiguous:
        """Lay out what belongs to whom, so that a person can choose."""
        candidates = []
        for place, accounts in enumerate(groups):
            emails = {e.email.lower() for e in accounts.values() if e.email}
            matched = wanted.spellings if place == 0 else wanted.emails & emails
            found = await self._search.everything(accounts, (), matched)
            learned = people.learned(accounts, self._own)
            if items := found.items():
                candidates.append(Candidate(items, people.label(accounts), learned))
        return Ambiguous(tuple(candidates))

    async def _still_open(self, item: Item, reference: Reference) -> Reply | None:
        """Look at an order as it is now: one that is not over stays for now."""
        if reference.kind != "orders" or not self._own.wait_for:
            return None
        order = await self._project.get(reference)
        reason = order.open_for() if order is not None else None
        return StillOpen((item.id,), reason) if reason in self._own.wait_for else None

    async def _erase(self, reference: Reference) -> Reply:
        """
        Delete one object at the version we know, or at the one it has since.

        A new version is only deleted if it still belongs to the same person.
        """
        if reference.shared:
            return NeedsHuman("shared_business_unit")
        version = reference.version
        for _ in range(_VERSIONS_TRIED):
            answer = await self._api.call(
                f"erase_{reference.kind}",
                path=self._project.path(reference),
                query={"version": str(version), "dataErasure": "true"},
                accept=(_NOT_FOUND, _CONFLICT),
            )
            if answer.status != _CONFLICT:
                return _erased(answer, reference)
            now = await self._project.get(reference)
            if now is None:
                return Done("deleted", Evidence.E4)
            if not reference.still_names(now):
                return NeedsHuman("owner_changed")
            version = now.version
        return Retry("version_conflict")

    async def _messages(self, items: Mapping[str, Item], sink: Sink) -> int:
        """Write the messages about exported objects; return how many."""
        rows = 0
        async for message in self._project.query(
            "messages", "resource(id in :ids)", "ids", items.keys()
        ):
            item = items.get(message.resource.id or "") if message.resource else None
            if item is None:
                raise WrongPerson("message_about_somebody_else")
            data = message.exported()
            await sink.write(Row("messages", Provenance.OBSERVED, item.reference, data))
            rows += 1
        return rows


def _erased(answer: Answer, reference: Reference) -> Done:
    """Read what a DELETE answered: the deleted object, or that there is none."""
    if answer.status == _NOT_FOUND:
        if answer.parse(Refusal).says("ResourceNotFound"):
            # It was there when it was located, so it is gone now.
            return Done("deleted", Evidence.E4)
    elif answer.parse(Resource).id == reference.id:
        return Done("deleted", Evidence.E2)
    raise answer.unexpected()


def _finding(found: Found, learned: tuple[Identifier, ...]) -> Finding:
    items = found.items()
    return Located(items, learned) if items else NothingFound()


def _by_kind(items: Sequence[Item]) -> Iterable[dict[str, tuple[Item, Reference]]]:
    """Group items by kind, each under its object's id."""
    kinds: dict[str, dict[str, tuple[Item, Reference]]] = {}
    for item in items:
        reference = Reference.of(item)
        kinds.setdefault(reference.kind, {})[reference.id] = (item, reference)
    return kinds.values()


def _row(
    item: Item, reference: Reference, found: Resource, ours: frozenset[str]
) -> Row:
    """Bind an object to what it says of the person, else to its own reference."""
    subject = next((s for s in _subjects(found) if s in ours), item.reference)
    kind = KINDS[reference.kind]
    return Row(kind.name, kind.provenance, subject, found.exported(), reference.shared)


def _subjects(found: Resource) -> Iterator[str]:
    """Give what an object says of its person, strongest first."""
    for value in (found.owner(), found.id, found.email, found.customer_email):
        if value:
            yield value
            yield value.lower()
