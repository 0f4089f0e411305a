"""How accounts answered for the copy."""

from __future__ import annotations

import pytest

from orchestrator.core.answer.copying import CopyLine, copy_lines
from orchestrator.core.events import ItemsLocated, PersonClosed
from schemas.connecting import Action, Exported, Mode, NothingFound
from tests.core.builders import (
    ACCESS,
    CRM,
    MAIL,
    SHOP,
    STATS,
    T0,
    a_case,
    after,
    after_events,
    an_account,
    an_item,
    task_of,
)


def test_every_account_shows_with_what_it_answered() -> None:
    """Copied, empty, switched off or closed by a person: each has its line."""
    accounts = [an_account(one) for one in (MAIL, CRM, STATS)]
    case = a_case(*accounts, an_account(SHOP, mode=Mode.OFF), rights=ACCESS)
    found = ItemsLocated((an_item("i-1"),))
    case = after(case, MAIL, found, Action.LOCATE)
    case = after(case, CRM, NothingFound(), Action.LOCATE)
    case = after(case, STATS, found, Action.LOCATE)
    case = after(case, MAIL, Exported(3), Action.EXPORT)
    closing = task_of(case, STATS, Action.EXPORT).id
    case = after_events(case, PersonClosed(T0, closing, "not_reachable", "dpo"))

    assert list(copy_lines(case)) == [
        CopyLine(MAIL, "exported"),
        CopyLine(CRM, "nothing_found"),
        CopyLine(STATS, "failed", ("not_reachable",)),
        CopyLine(SHOP, "not_applicable", ("account_off",)),
    ]


def test_copy_with_an_open_line_has_no_label() -> None:
    """Nothing is said of an account that has not answered."""
    case = a_case(an_account(), rights=ACCESS)

    with pytest.raises(ValueError, match="open line"):
        list(copy_lines(case))
