"""What is found of a shopper, as items: the address, and each order by its number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import sha256

from connectors.base import Item, ItemId, TaskId
from connectors.vtex.shoppers import Shopper

SHOPPER, ORDER = "shopper", "order"


def items_of(task: TaskId, shopper: Shopper) -> Iterator[Item]:
    """Give an item for the address, and one for each order that goes with it."""
    yield Item(
        id=_item_id(task, shopper.email.lower()),
        reference=shopper.email,
        kind=SHOPPER,
        record_class="customer_account",
        started_on=started_on(shopper),
    )
    for order in shopper.orders:
        yield Item(
            id=_item_id(task, order.id),
            reference=order.id,
            kind=ORDER,
            record_class="order",
            started_on=order.created_in.date(),
        )


def _item_id(task: TaskId, reference: str) -> ItemId:
    # Salted with the task: a bare hash would betray an address.
    return ItemId(sha256(f"{task}/{reference}".encode()).hexdigest()[:32])


def started_on(shopper: Shopper) -> date | None:
    """Return the first day that anything of the shopper is known of."""
    days = [it.created_on for it in shopper.profiles if it.created_on]
    days += [it.created_in.date() for it in shopper.orders]
    return min(days, default=None)
