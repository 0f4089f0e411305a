"""The export of a shopper: profile and addresses from Master Data, whole orders."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.base import Provenance, Row, Sink
from connectors.vtex.api import Profile, Store
from connectors.vtex.shoppers import Owner, owner_of

_PROVIDED = Provenance.PROVIDED


async def export_profiles(
    store: Store, email: str, profiles: Sequence[Profile], sink: Sink
) -> int:
    """Write the profiles of an address and their addresses; return how many rows."""
    written = 0
    for profile in profiles:
        data = profile.model_dump(mode="json", by_alias=True, exclude_unset=True)
        await sink.write(Row("profile", _PROVIDED, email, data))
        written += 1
        async for address in store.addresses(profile.id):
            await sink.write(Row("addresses", _PROVIDED, email, address))
            written += 1
    return written


async def export_order(
    store: Store,
    number: str,
    emails: Sequence[str],
    known: frozenset[str],
    sink: Sink,
) -> int | None:
    """
    Write one order and return how many rows that was.

    Nothing where the order does not tell any longer that it is theirs.
    """
    found = await store.whole_order(number)
    if found is None:
        return 0
    order, data = found
    if order.client is None or not any(
        owner_of(order.client, email, known) is Owner.THEIRS for email in emails
    ):
        return None
    # Bound by the id that the order itself carries.
    await sink.write(Row("orders", _PROVIDED, order.id, data))
    return 1
