"""
The few requests to VTEX that the connector needs, and the shapes it relies on.

Orders and erasure jobs are in the vendor's file.  Profiles (entity CL) and addresses
(AD) are read through Master Data v1 (developers.vtex.com/docs/api-reference/
masterdata-api, read 2026-11), where VTEX keeps a store's shoppers by default.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, RootModel

from connectors.base import Api
from connectors.errors import ContractChanged
from connectors.transport.http import Answer

# The file: at most 100 orders a page and 30 pages.
PAGE = 100
MOST_ORDERS = 30 * PAGE

_NOT_FOUND = 404
# The file asks for both headers, also where there is no body.
_JSON: Mapping[str, str] = MappingProxyType(
    {"Accept": "application/json", "Content-Type": "application/json"}
)


class _Loose(BaseModel):
    model_config = ConfigDict(
        extra="ignore", hide_input_in_errors=True, populate_by_name=True
    )


class _Account(_Loose):
    name: str = Field(alias="accountName", min_length=1)


class Profile(_Loose):
    """A shopper's document in Master Data, with all its fields where asked for."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(min_length=1)
    email: str | None = None
    user_id: str | None = Field(default=None, alias="userId")
    first_name: str | None = Field(default=None, alias="firstName")
    last_name: str | None = Field(default=None, alias="lastName")
    document: str | None = None
    is_corporate: bool | None = Field(default=None, alias="isCorporate")
    created_in: datetime | None = Field(default=None, alias="createdIn")

    @property
    def name(self) -> str:
        """First and last name as one."""
        return " ".join(it for it in (self.first_name, self.last_name) if it)

    @property
    def created_on(self) -> date | None:
        """The day the profile was made."""
        return self.created_in.date() if self.created_in else None

    def field(self, name: str) -> str | None:
        """Return a further field's value, where it is a plain one."""
        value = (self.model_extra or {}).get(name)
        plain = isinstance(value, str | int) and not isinstance(value, bool)
        return str(value) or None if plain else None


class _Profiles(RootModel[tuple[Profile, ...]]):
    model_config = ConfigDict(hide_input_in_errors=True)


class _Documents(RootModel[tuple[dict[str, object], ...]]):
    model_config = ConfigDict(hide_input_in_errors=True)


class Client(_Loose):
    """Whom an order names; the address is usually VTEX's own alias for it."""

    email: str | None = None
    first_name: str | None = Field(default=None, alias="firstName")
    last_name: str | None = Field(default=None, alias="lastName")
    document: str | None = None
    phone: str | None = None
    is_corporate: bool | None = Field(default=None, alias="isCorporate")
    user_id: str | None = Field(default=None, alias="userProfileId")

    def names_somebody(self) -> bool:
        """Say whether anything in it tells who bought."""
        known = (self.email, self.first_name, self.last_name, self.document, self.phone)
        return any(known)


class Order(_Loose):
    """The part of an order that tells whose it is, and how far it has come."""

    id: str = Field(alias="orderId", min_length=1)
    status: str | None = None
    created_in: datetime = Field(alias="creationDate")
    client: Client | None = Field(default=None, alias="clientProfileData")

    def names_somebody(self) -> bool:
        """Say whether the order still tells who bought."""
        return self.client is not None and self.client.names_somebody()


class _Listed(_Loose):
    id: str = Field(alias="orderId", min_length=1)


class _Paging(_Loose):
    total: int
    pages: int


class _Orders(_Loose):
    listed: tuple[_Listed, ...] = Field(alias="list")
    paging: _Paging


class _OmsError(_Loose):
    code: str = Field(pattern="^OMS")


class _NoOrder(_Loose):
    error: _OmsError


class _NoJob(_Loose):
    message: str


class _Created(_Loose):
    job: str = Field(alias="jobId", min_length=1)


class Job(_Loose):
    """How an erasure is going; its message may say anything, so it is not read."""

    status: str


class Store:
    """One VTEX account's shoppers, orders and erasure jobs."""

    def __init__(self, api: Api, fields: tuple[str, ...]) -> None:
        self._api = api
        self._fields = ",".join(fields)

    async def account(self) -> str:
        """Ask for the account's own name."""
        answer = await self._api.call("account", headers=_JSON)
        return answer.parse(_Account).name

    async def profiles(self, email: str, *, whole: bool = False) -> tuple[Profile, ...]:
        """Return the profiles that carry exactly this address."""
        query = {"email": email, "_fields": "_all" if whole else self._fields}
        headers = {**_JSON, "REST-Range": f"resources=0-{PAGE - 1}"}
        answer = await self._api.call("search_profiles", query=query, headers=headers)
        found = answer.parse(_Profiles).root
        if len(found) >= PAGE:
            raise ContractChanged("too_many_profiles_of_one_address")
        # The answer decides, not the search: a filter that VTEX ignores finds everyone.
        return tuple(it for it in found if (it.email or "").lower() == email.lower())

    async def addresses(self, profile: str) -> AsyncIterator[dict[str, object]]:
        """Give the addresses of a profile's document."""
        start = 0
        while True:
            headers = {**_JSON, "REST-Range": f"resources={start}-{start + PAGE - 1}"}
            query = {"userId": profile, "_fields": "_all"}
            answer = await self._api.call(
                "search_addresses", query=query, headers=headers
            )
            page = answer.parse(_Documents).root
            for address in page:
                if address.get("userId") != profile:
                    raise ContractChanged("address_of_another_profile")
                yield address
            if len(page) < PAGE:
                return
            start += PAGE

    async def order_ids(self, text: str, most: int) -> tuple[str, ...] | None:
        """
        Search the orders by *text*; nothing where more than *most* are found.

        It is a full-text search: whose an order is must be read in the order itself.
        """
        found: dict[str, None] = {}
        page = 1
        while True:
            query = {
                "q": text,
                "page": str(page),
                "per_page": str(PAGE),
                # New orders come last and move no page.
                "orderBy": "creationDate,asc",
            }
            answer = await self._api.call("list_orders", query=query, headers=_JSON)
            orders = answer.parse(_Orders)
            if orders.paging.total > most:
                return None
            found.update((it.id, None) for it in orders.listed)
            if page >= orders.paging.pages:
                return tuple(found)
            if not orders.listed:
                raise ContractChanged("page_of_orders_without_orders")
            page += 1

    async def order(self, number: str) -> Order | None:
        """Read whose an order is, or nothing where VTEX knows no such order."""
        answer = await self._read_order(number)
        return None if answer is None else answer.parse(Order)

    async def whole_order(self, number: str) -> tuple[Order, dict[str, object]] | None:
        """Read an order with everything in it."""
        answer = await self._read_order(number)
        if answer is None:
            return None
        return answer.parse(Order), answer.parse(_Document).root

    async def forget(self, email: str) -> str:
        """Ask for the erasure of all that VTEX holds on an address; return the job."""
        answer = await self._api.call(
            "create_job", json={"email": email}, headers={"Accept": "application/json"}
        )
        return answer.parse(_Created).job

    async def job(self, name: str) -> Job | None:
        """Ask how a job is going, or nothing where VTEX knows no such job."""
        answer = await self._api.call(
            "read_job", path={"jobId": name}, headers=_JSON, accept=(_NOT_FOUND,)
        )
        if answer.status == _NOT_FOUND:
            answer.parse(_NoJob)
            return None
        return answer.parse(Job)

    async def _read_order(self, number: str) -> Answer | None:
        answer = await self._api.call(
            "read_order",
            path={"orderId": number},
            headers=_JSON,
            accept=(_NOT_FOUND,),
        )
        if answer.status == _NOT_FOUND:
            # Only in VTEX's own words: a wrong base URL is a 404 too.
            answer.parse(_NoOrder)
            return None
        return answer


class _Document(RootModel[dict[str, object]]):
    model_config = ConfigDict(hide_input_in_errors=True)
