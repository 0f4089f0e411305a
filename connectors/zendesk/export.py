"""
The export of Zendesk's records: users with their addresses, tickets with messages.

What others wrote in a person's ticket is in the copy too, marked as a third party's
(Art 15(4) GDPR is the controller's judgement).  Files that hang on a message are named
in its row, not fetched.
"""

from __future__ import annotations

from connectors.base import Provenance, Row, Sink
from connectors.zendesk.api import Desk

_PROVIDED, _OBSERVED = Provenance.PROVIDED, Provenance.OBSERVED


async def export_user(desk: Desk, number: str, sink: Sink) -> int:
    """Write a user and their addresses; return how many rows there were."""
    user = await desk.user(number)
    if user is None or user.is_forgotten():
        return 0
    await sink.write(
        Row(
            "user",
            _PROVIDED,
            str(user.id),
            user.model_dump(mode="json", exclude_unset=True),
        )
    )
    written = 1
    async for identity in desk.identities(number):
        data = identity.model_dump(mode="json", exclude_unset=True)
        await sink.write(Row("identities", _PROVIDED, str(identity.user_id), data))
        written += 1
    return written


async def export_ticket(desk: Desk, number: int, sink: Sink) -> int:
    """Write a ticket and its messages; return how many rows there were."""
    ticket = await desk.ticket(number)
    if ticket is None:
        return 0
    data = ticket.model_dump(mode="json", exclude_unset=True)
    # Bound to ticket and requester: one that moved to somebody else is refused.
    await sink.write(Row("tickets", _PROVIDED, ticket.reference, data))
    written = 1
    async for comment in desk.comments(number):
        is_own = comment.author_id == ticket.requester_id
        await sink.write(
            Row(
                "messages",
                _PROVIDED if is_own else _OBSERVED,
                ticket.reference,
                comment.model_dump(mode="json", exclude_unset=True),
                third_party=not is_own,
            )
        )
        written += 1
    return written
