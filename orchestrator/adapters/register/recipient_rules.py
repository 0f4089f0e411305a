"""What must hold of a recipient: its days, and how it hears of an erasure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from orchestrator.adapters.register.account_tables import AccountTable
from orchestrator.adapters.register.recipient_tables import (
    RecipientTable,
    ToldHow,
)
from orchestrator.adapters.register.sentences import listed
from orchestrator.adapters.register.values import told
from schemas.recipients import EXPLAINED, NotToldReason


def check_recipients(
    recipients: Mapping[str, RecipientTable],
    accounts: Mapping[str, AccountTable],
    controllers: frozenset[str],
    tell: Callable[[str, str], None],
) -> None:
    """Tell which recipients nobody would tell, without a reason that may be one."""
    reached = {table.recipient for table in accounts.values()}
    for name, table in recipients.items():
        for key, sentence in _doubts(table, is_reached=name in reached):
            tell(f"recipients.{name}.{key}", sentence)
        for one in table.controllers or ():
            if one not in controllers:
                tell(
                    f"recipients.{name}.controllers",
                    f"{told(one)} is not a controller; "
                    f"there are {listed(sorted(controllers))}.",
                )


def _doubts(table: RecipientTable, *, is_reached: bool) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with one recipient."""
    if table.active_from and table.active_to and table.active_to < table.active_from:
        yield (
            "active_to",
            f"the day is before active_from; write a day after {table.active_from}.",
        )
    if table.told is ToldHow.BY_ACCOUNT:
        yield from _doubts_of_told(table, is_reached=is_reached)
    else:
        yield from _doubts_of_not_told(table, is_reached=is_reached)
    why = table.not_told_because
    if why in EXPLAINED and table.explanation is None:
        yield "explanation", f"{why} needs an explanation; write the name of yours."


def _doubts_of_told(
    table: RecipientTable, *, is_reached: bool
) -> Iterator[tuple[str, str]]:
    """Yield what contradicts that an account tells it."""
    if table.not_told_because is not None:
        yield "not_told_because", 'it is told by account; write told = "not_told".'
    elif not is_reached:
        advice = 'add an account, or write told = "not_told" and not_told_because'
        yield "told", f"no account reaches it, so nobody would tell it; {advice}."


def _doubts_of_not_told(
    table: RecipientTable, *, is_reached: bool
) -> Iterator[tuple[str, str]]:
    """Yield what contradicts that nobody tells it."""
    if table.not_told_because is None:
        reasons = listed(sorted(one.value for one in NotToldReason))
        yield "not_told_because", f"the reason is missing; there are {reasons}."
    if is_reached:
        yield "told", "an account reaches it, so it is told; remove told."
