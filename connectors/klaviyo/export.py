"""
The export of one Klaviyo profile: the record, its groups and every event.

Which rows are inferred follows the guidelines on portability (WP242 rev.01, page 10):
what Klaviyo computes about a person (predictive analytics, segments) is inferred,
what it watched is observed, what the person or the shop entered is provided.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connectors.base import Provenance, Row, Sink
from connectors.errors import ContractChanged
from connectors.klaviyo.api import EventPage, ProfileReader, Resource, Whole

_PROVIDED, _OBSERVED, _INFERRED = (
    Provenance.PROVIDED,
    Provenance.OBSERVED,
    Provenance.INFERRED,
)
_GROUPS: Mapping[str, tuple[str, Provenance]] = MappingProxyType(
    {
        "list": ("list_memberships", _PROVIDED),
        "segment": ("segment_memberships", _INFERRED),
        "push-token": ("push_tokens", _OBSERVED),
        "conversation": ("conversations", _OBSERVED),
    }
)


async def export_profile(reader: ProfileReader, profile: str, sink: Sink) -> int:
    """Write all rows of *profile* to *sink* and return how many there were."""
    whole = await reader.whole(profile)
    if whole is None:
        return 0
    rows = _profile_rows(whole)
    for row in rows:
        await sink.write(row)
    written = len(rows)
    async for page in reader.events(profile):
        for row in _event_rows(page):
            await sink.write(row)
            written += 1
    return written


def _profile_rows(whole: Whole) -> list[Row]:
    """Split the record by where its parts came from."""
    profile = whole.data
    entered = dict(profile.attributes)
    predicted = entered.pop("predictive_analytics", None)
    consents = entered.pop("subscriptions", None)
    rows = [_row("profile", _PROVIDED, profile.id, {"id": profile.id, **entered})]
    if consents is not None:
        data = {"subscriptions": consents}
        rows.append(_row("consents", _PROVIDED, profile.id, data))
    if isinstance(predicted, dict) and any(v is not None for v in predicted.values()):
        rows.append(_row("predictive_analytics", _INFERRED, profile.id, predicted))
    return rows + [_group_row(profile.id, group) for group in whole.included]


def _group_row(profile: str, group: Resource) -> Row:
    category, provenance = _GROUPS.get(group.type, (group.type, _OBSERVED))
    data = {"id": group.id, **group.attributes}
    return _row(category, provenance, profile, data)


def _event_rows(page: EventPage) -> list[Row]:
    """Bind each event to the profile that it names itself."""
    names = {
        it.id: it.attributes.get("name") for it in page.included if it.type == "metric"
    }
    rows = []
    for event in page.data:
        profile = event.related("profile")
        if profile is None:
            raise ContractChanged("event_names_no_profile")
        metric = event.related("metric")
        known = {"id": event.id, "metric": names.get(metric) if metric else None}
        rows.append(_row("events", _OBSERVED, profile, {**known, **event.attributes}))
    return rows


def _row(
    category: str, provenance: Provenance, subject: str, data: Mapping[str, object]
) -> Row:
    return Row(category, provenance, subject, data)
