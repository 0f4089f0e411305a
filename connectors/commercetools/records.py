"""The vendor's answers, as far as we rely on them, and our name for an object."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from connectors.errors import EgressRefused
from schemas.connecting import Item, ItemId, OpenReason

# The vendor stores a hash of the password; no copy should hold it.
_NOT_EXPORTED = frozenset({"password"})


class _Answer(BaseModel):
    """Tolerant of what the vendor adds, and keeps it for the export."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="allow",
        frozen=True,
        hide_input_in_errors=True,
    )


class Named(_Answer):
    """A reference to another object."""

    id: str | None = None


class Associate(_Answer):
    """A customer who acts for a business unit."""

    customer: Named


class PaymentInfo(_Answer):
    """The payments of an order or cart."""

    payments: tuple[Named, ...] = ()


class CustomFields(_Answer):
    """The retailer's own fields."""

    fields: dict[str, Any] = {}


class ReturnItem(_Answer):
    """One returned piece: announced, on its way back, refunded or not."""

    shipment_state: str | None = None
    payment_state: str | None = None


class ReturnInfo(_Answer):
    """One return of an order."""

    items: tuple[ReturnItem, ...] = ()


class Resource(_Answer):
    """Any object: the fields that name it and the people it concerns."""

    id: str
    version: int
    created_at: datetime
    email: str | None = None
    customer_id: str | None = None
    customer: Named | None = None
    customer_email: str | None = None
    contact_email: str | None = None
    anonymous_id: str | None = None
    payment_info: PaymentInfo | None = None
    associates: tuple[Associate, ...] = ()
    custom: CustomFields | None = None
    container: str | None = None
    key: str | None = None
    external_id: str | None = None
    customer_number: str | None = None
    resource: Named | None = None  # what a message is about
    order_state: str | None = None
    return_info: tuple[ReturnInfo, ...] = ()

    def owner(self) -> str | None:
        """Return the id of the customer it belongs to, where it says so."""
        return self.customer_id or (self.customer.id if self.customer else None)

    def whose(self) -> str | None:
        """Return the strongest thing it says of the person it belongs to."""
        if owner := self.owner():
            return f"customer:{owner}"
        if self.customer_email:
            return f"email:{self.customer_email.lower()}"
        return f"session:{self.anonymous_id}" if self.anonymous_id else None

    def open_for(self) -> OpenReason | None:
        """
        Return why an order is not over, if it is not.

        States of the vendor's API description (commercetools-api-reference, read
        2026-11): a return that is only `Advised` has not come back, and a refund that
        is `Initial` is neither made nor refused.
        """
        if self.order_state in {"Open", "Confirmed"}:
            return "order_open"
        returned = [item for info in self.return_info for item in info.items]
        if any(item.shipment_state == "Advised" for item in returned):
            return "return_open"
        if any(item.payment_state == "Initial" for item in returned):
            return "refund_open"
        return None

    def members(self) -> frozenset[str]:
        """Return the customers who act for a business unit."""
        return frozenset(a.customer.id for a in self.associates if a.customer.id)

    def payments(self) -> Iterator[str]:
        """Give the ids of its payments."""
        for payment in self.payment_info.payments if self.payment_info else ():
            if payment.id:
                yield payment.id

    def mentions(self, wanted: frozenset[str]) -> bool:
        """Say whether it really carries one of the values that were asked for."""
        carried = {self.id, self.key, self.external_id, self.customer_number}
        carried |= {self.owner(), self.anonymous_id, *self.members()}
        carried |= {self.email, self.customer_email, self.contact_email}
        carried |= {self.resource.id if self.resource else None}
        carried |= {v for v in self._own_fields().values() if isinstance(v, str)}
        return not wanted.isdisjoint(v.lower() for v in carried if v)

    def field(self, path: str) -> str | None:
        """Return a text field by its API name; `custom.x` is a custom field."""
        if path.startswith("custom."):
            value = self._own_fields().get(path.removeprefix("custom."))
        else:
            value = self.model_dump(by_alias=True).get(path)
        return value if isinstance(value, str) and value else None

    def exported(self) -> dict[str, object]:
        """Return all that the vendor answered, as JSON values."""
        data = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return {name: data[name] for name in data if name not in _NOT_EXPORTED}

    def _own_fields(self) -> dict[str, Any]:
        return self.custom.fields if self.custom else {}


class Page(_Answer):
    """One page of a query."""

    results: tuple[Resource, ...]


class Project(_Answer):
    """The project itself."""

    key: str


class _Reason(_Answer):
    code: str


class Refusal(_Answer):
    """An error as the vendor words it; only its codes are ever used."""

    status_code: int
    errors: tuple[_Reason, ...] = ()

    def says(self, code: str) -> bool:
        """Say whether the vendor gives this reason."""
        return any(reason.code == code for reason in self.errors)


class Reference(BaseModel):
    """
    Our name for an object: where it is, which version was found, and whose it was.

    An item carries it as JSON text.  A version that has come to belong to somebody
    else since is never erased, which is why `whose` and `members` are in it.
    """

    # Never change: references of kept items are read again years later.
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    kind: str
    id: str
    version: int
    container: str | None = None
    key: str | None = None
    whose: str | None = None
    members: tuple[str, ...] = ()
    shared: bool = False  # a business unit that others act for too

    @classmethod
    def of(cls, item: Item) -> Reference:
        """Read an item's reference; raises `EgressRefused` where it is not ours."""
        try:
            return cls.model_validate_json(item.reference)
        except ValidationError:
            pass
        raise EgressRefused("reference_unreadable")

    def still_names(self, now: Resource) -> bool:
        """Say whether the object, as it is now, is still the same person's."""
        same = now.id == self.id and now.whose() == self.whose
        return same and now.members() <= frozenset(self.members)


def an_item(
    kind: str, record_class: str, found: Resource, ours: frozenset[str]
) -> Item:
    """Name a found object; *ours* are the person's customer ids."""
    is_custom = kind == "custom-objects"
    reference = Reference(
        kind=kind,
        id=found.id,
        version=found.version,
        container=found.container if is_custom else None,
        key=found.key if is_custom else None,
        whose=found.whose(),
        members=tuple(sorted(found.members())),
        shared=not found.members() <= ours,
    )
    return Item(
        # The same record has the same id in every round of locating.
        id=ItemId(hashlib.sha256(f"{kind}/{found.id}".encode()).hexdigest()[:32]),
        reference=reference.model_dump_json(exclude_defaults=True),
        kind=kind,
        record_class=record_class,
        started_on=found.created_at.date(),
    )
