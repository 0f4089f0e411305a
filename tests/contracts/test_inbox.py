"""The inbox keeps what processors say: sealed, once, and no longer than needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretBytes
from sqlalchemy import select

from orchestrator.adapters.cases.letters import MOST_REFUSED, REFUSED_KEPT_FOR
from orchestrator.adapters.inbox.inbox import SqlInbox
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.core.cases import TaskStatus
from orchestrator.core.words import CallId
from orchestrator.errors import NotPossible
from orchestrator.ports import Call, CallMember, Claimed, EndLetter, Letter
from schemas.connecting import Action, ItemId, TaskId
from tests.contracts.stored import OWNER, Stored, only_erasure
from tests.core.builders import DAY, HOUR, MAIL, MINUTE, SHOP, T0, task_of

KEPT = 30 * DAY
BODY = b'{"subject_request_id": "\xff\x00"}'


def _inbox(stored: Stored, most_refused: int = MOST_REFUSED) -> SqlInbox:
    """Open the inbox of a store."""
    sealer = Cipher(SecretBytes(bytes(32))).derived("inbox")
    return SqlInbox(stored.database, sealer, KEPT, most_refused)


def _letter(id_: str = "b-1", **changes: object) -> Letter:
    """Build a callback to the mail account."""
    letter = Letter(id_, MAIL, "callback", T0, {"x-signature": "c2ln"}, BODY)
    return replace(letter, **changes)  # type: ignore[arg-type]


def _ids(inbox: SqlInbox, **changes: object) -> list[str]:
    """Return which letters of the mail account may be read an hour later."""
    asked = {"account": MAIL, "now": T0 + HOUR, "limit": 10, **changes}
    return [one.id for one in inbox.waiting(**asked)]  # type: ignore[arg-type]


def test_letter_comes_out_as_it_went_in(stored: Stored) -> None:
    """Headers and raw bytes survive, and neither stands in the database in clear."""
    inbox = _inbox(stored)
    inbox.put(_letter())

    assert inbox.waiting(MAIL, T0, 10) == [_letter()]
    with stored.database.reading() as connection:
        sealed = connection.execute(select(t.inbox.c.sealed)).scalar_one()
    assert BODY not in sealed
    assert b"c2ln" not in sealed


def test_letter_is_read_by_its_own_account_oldest_first(stored: Stored) -> None:
    """Another account's letters, and those of the future, are not handed out."""
    inbox = _inbox(stored)
    inbox.put(_letter("b-2", received_at=T0 + MINUTE))
    inbox.put(_letter("b-1"))
    inbox.put(_letter("b-3", account=SHOP))
    inbox.put(_letter("b-4", received_at=T0 + DAY))

    assert _ids(inbox) == ["b-1", "b-2"]
    assert _ids(inbox, limit=1) == ["b-1"]
    assert _ids(inbox, account=SHOP) == ["b-3"]


def test_letter_that_rides_along_is_stored_once(stored: Stored) -> None:
    """A consumer that reads a record again writes nothing again, not even when over."""
    inbox = _inbox(stored)
    stored.write(inbox.posting(_letter()), inbox.posting(_letter()))
    stored.write(EndLetter("b-1"))
    stored.write(inbox.posting(_letter()))

    assert stored.count(t.inbox) == 1
    assert _ids(inbox) == []


@pytest.mark.parametrize(
    ("state", "is_kept"),
    [
        pytest.param("applied", False, id="applied"),
        pytest.param("refused", False, id="refused"),
        pytest.param("unmatched", True, id="unmatched"),
    ],
)
def test_only_what_a_person_must_see_stays_readable(
    stored: Stored, state: str, is_kept: object
) -> None:
    """What was applied or is not genuine loses its content at once."""
    inbox = _inbox(stored)
    inbox.put(_letter())

    inbox.end("b-1", state, "code", T0 + MINUTE)  # type: ignore[arg-type]

    assert (inbox.letter("b-1") is not None) is is_kept
    assert (inbox.line("b-1").state, inbox.line("b-1").code) == (state, "code")
    assert _ids(inbox) == []


def test_letter_ends_once(stored: Stored) -> None:
    """Two owners in turn may both end it: the first word stays."""
    inbox = _inbox(stored)
    inbox.put(_letter())
    inbox.end("b-1", "applied", None, T0)

    inbox.end("b-1", "unmatched", "unknown_call", T0)
    inbox.look_again("b-1", T0, T0)

    assert inbox.line("b-1").state == "applied"
    assert _ids(inbox) == []


def test_letter_may_wait_for_another_look(stored: Stored) -> None:
    """It is handed out again when its time has come, after those that are due."""
    inbox = _inbox(stored)
    inbox.put(_letter("b-1"))
    inbox.put(_letter("b-2"))

    inbox.look_again("b-1", T0, T0 + MINUTE)

    assert _ids(inbox, now=T0 + MINUTE - timedelta(seconds=1)) == ["b-2"]
    assert _ids(inbox) == ["b-2", "b-1"]
    assert inbox.line("b-1").tried_at == T0


def test_bytes_that_wait_are_counted_by_account(stored: Stored) -> None:
    """What has ended takes no room any more."""
    inbox = _inbox(stored)
    inbox.put(_letter("b-1"))
    inbox.put(_letter("b-2"))
    inbox.put(_letter("b-3", account=SHOP))
    assert inbox.bytes_waiting(MAIL) == 2 * _letter().size

    inbox.end("b-1", "applied", None, T0)

    assert inbox.bytes_waiting(MAIL) == _letter().size


def test_people_see_what_waits_or_matches_nothing(stored: Stored) -> None:
    """The list is short by default, and whole on demand."""
    inbox = _inbox(stored)
    for number, state in enumerate(("applied", "unmatched", "refused")):
        inbox.put(_letter(f"b-{number}"))
        inbox.end(f"b-{number}", state, None, T0)  # type: ignore[arg-type]
    inbox.put(_letter("b-9"))

    assert [one.id for one in inbox.lines()] == ["b-1", "b-9"]
    assert len(inbox.lines(with_ended=True)) == 4
    assert len(inbox.lines(with_ended=True, limit=2)) == 2
    with pytest.raises(NotPossible, match="erasure inbox list"):
        inbox.line("b-77")


def test_letters_expire(stored: Stored) -> None:
    """Refused ones after a day, all others after as long as the settings say."""
    inbox = _inbox(stored)
    inbox.put(_letter("b-1"))
    inbox.put(_letter("b-2"))
    inbox.end("b-1", "refused", "bad_signature", T0)

    assert inbox.expire(T0 + REFUSED_KEPT_FOR - MINUTE) == 0
    assert inbox.expire(T0 + REFUSED_KEPT_FOR) == 1
    assert inbox.expire(T0 + KEPT) == 1
    assert stored.count(t.inbox) == 0


def test_flood_of_refused_letters_takes_little_room(stored: Stored) -> None:
    """Of each account the newest stay; what waits or matches nothing is left alone."""
    inbox = _inbox(stored, most_refused=2)
    inbox.put(_letter("b-0", account=SHOP))
    inbox.end("b-0", "refused", "bad_signature", T0)
    for number in range(1, 8):
        inbox.put(_letter(f"b-{number}", received_at=T0 + number * MINUTE))
    inbox.end("b-1", "unmatched", "unknown_call", T0)

    ends = [f"b-{number}" for number in range(2, 7)]
    dropped = [inbox.end(one, "refused", "bad_signature", T0) for one in ends]

    assert dropped == [0, 0, 1, 1, 1]
    left = [one.id for one in inbox.lines(with_ended=True)]
    assert left == ["b-0", "b-1", "b-5", "b-6", "b-7"]


def _with_a_call(stored: Stored) -> Claimed:
    """Claim the mail erasure of one case, with its call."""
    stored.open(only_erasure(1, TaskStatus.READY))
    epochs = stored.own(MAIL)

    def call(claims: Sequence[Claimed]) -> list[Call]:
        (claim,) = claims
        members = (CallMember(claim.task.id, claim.case, (ItemId("i1"),)),)
        return [
            Call(CallId("k-1"), MAIL, Action.ERASE, 1, members, "key-1", "hash", T0)
        ]

    (claimed,) = stored.claims.claim({MAIL: 1}, epochs, OWNER, T0, call, {})
    return claimed


def test_call_is_found_by_its_key_and_account(stored: Stored) -> None:
    """A key says nothing to another account: nobody ends what is not theirs."""
    claimed = _with_a_call(stored)
    inbox = _inbox(stored)

    found = inbox.call(MAIL, "key-1")

    assert found is not None
    assert (found.id, found.members[0].task) == ("k-1", claimed.task.id)
    assert inbox.call(SHOP, "key-1") is None
    assert inbox.call(MAIL, "k-1") is None


def test_claimed_task_hears_nothing(stored: Stored) -> None:
    """A claim is a column, not a document: it is seen all the same."""
    claimed = _with_a_call(stored)
    inbox = _inbox(stored)
    search = task_of(stored.load(claimed.case)[claimed.case], MAIL, Action.LOCATE)

    deaf = inbox.in_flight([claimed.task.id, search.id, TaskId("nobody")])

    assert deaf == {claimed.task.id}
    assert inbox.in_flight([]) == frozenset()
