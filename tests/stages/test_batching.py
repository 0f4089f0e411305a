"""Batches go out in full, wait a moment for company, and respect every cap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import pytest

from orchestrator.core.cases import Step
from orchestrator.core.words import CallId, CaseId
from orchestrator.ports import Due
from orchestrator.stages.work.batching import MOST_AT_ONCE, Batching, Habit
from schemas.connecting import Action, CallCaps, ConnectorSpec, TaskId
from tests.core.builders import DAY, MAIL, SECOND, T0
from tests.stages.a_workshop import SPEC, Workshop
from tests.stages.an_office import Office

LINGER = timedelta(milliseconds=10)
ERASE, LOCATE = Action.ERASE, Action.LOCATE


def _due(number: int, action: Action = ERASE, **changes: object) -> Due:
    due = Due(
        id=TaskId(f"t{number:04}"),
        case=CaseId(f"c{number:04}"),
        action=action,
        step=Step.ACT,
        dispatch_by=T0 + number * DAY + DAY,
    )
    return replace(due, **changes)  # type: ignore[arg-type]


def _spec(**sizes: int) -> ConnectorSpec:
    sized = {Action(name): size for name, size in sizes.items()}
    return replace(SPEC, people_per_call=MappingProxyType(sized))


class Chooser:
    """A batching of one account, asked turn by turn."""

    def __init__(self, spec: ConnectorSpec, linger: timedelta = LINGER) -> None:
        self.batching = Batching({MAIL: Habit(spec, linger)})

    def __call__(
        self, due: Sequence[Due], *, calls: int = 8, at: datetime = T0
    ) -> list[int]:
        """Return the numbers of what goes out at *at*."""
        self.batching.begin({MAIL: calls}, at)
        return [int(one.id[1:]) for one in self.batching.choose(MAIL, due)]


# --- how many -------------------------------------------------------------------------


def test_calls_are_counted_and_not_tasks() -> None:
    """Two free calls of fifty people each take a hundred people."""
    chooser = Chooser(_spec(erase=50))

    rooms = chooser.batching.begin({MAIL: 2}, T0)

    assert rooms == {MAIL: 100}
    assert chooser([_due(n) for n in range(120)], calls=2) == [*range(100)]


def test_kinds_share_the_calls() -> None:
    """What goes out alone takes a call each; who fits into a begun batch joins it."""
    chooser = Chooser(_spec(erase=3))
    due = [_due(0), _due(1, LOCATE), _due(2, LOCATE), _due(3), _due(4)]

    assert chooser(due, calls=2) == [0, 3, 4, 1]


def test_largest_claim_is_bounded() -> None:
    """A thousand tasks go into one transaction, however large a batch may be."""
    chooser = Chooser(_spec(erase=100_000))

    assert chooser.batching.begin({MAIL: 8}, T0) == {MAIL: MOST_AT_ONCE}


def test_whoever_shares_a_job_shares_its_poll() -> None:
    """One free call asks about one job, with all of its tasks."""
    chooser = Chooser(_spec(erase=3))
    due = [_due(n, step=Step.POLL, job=CallId(f"k-{n % 2}")) for n in range(10)]

    assert chooser(due, calls=1) == [0, 2, 4, 6, 8]


def test_members_of_a_refused_batch_keep_to_themselves() -> None:
    """Halves are filled with halves, at their own size."""
    chooser = Chooser(_spec(erase=4), timedelta(0))
    due = [_due(n, at_most=2 if n % 2 else None) for n in range(8)]

    assert chooser(due, calls=3) == [0, 2, 4, 6, 1, 3, 5, 7]
    assert chooser(due, calls=2) == [0, 2, 4, 6, 1, 3]


def test_copies_are_never_made_together() -> None:
    """Whatever a connector declares, one copy that fails takes no other with it."""
    chooser = Chooser(_spec(export=50))

    assert chooser([_due(n, Action.EXPORT) for n in range(4)], calls=3) == [0, 1, 2]


# --- for how long ---------------------------------------------------------------------


def test_batch_that_is_not_full_lingers() -> None:
    """It waits for company for the linger and not a moment longer."""
    chooser = Chooser(_spec(erase=3))
    two = [_due(0), _due(1)]

    assert chooser(two) == []
    assert chooser.batching.lingers_for([MAIL]) == LINGER.total_seconds()
    assert chooser(two, at=T0 + LINGER / 2) == []
    assert chooser(two, at=T0 + LINGER) == [0, 1]
    assert chooser.batching.lingers_for([MAIL]) is None


def test_full_batch_goes_at_once() -> None:
    """Only what is left over waits."""
    chooser = Chooser(_spec(erase=3))

    assert chooser([_due(n) for n in range(5)]) == [0, 1, 2]


def test_newcomer_does_not_prolong_the_wait() -> None:
    """The first one's moment decides."""
    chooser = Chooser(_spec(erase=3))
    chooser([_due(0)])

    assert chooser([_due(0), _due(1)], at=T0 + LINGER) == [0, 1]


@pytest.mark.parametrize(
    ("late_by", "goes"),
    [
        pytest.param(SECOND, True, id="late"),
        pytest.param(-LINGER, True, id="late_by_then"),
        pytest.param(-2 * LINGER, False, id="in_time"),
    ],
)
def test_linger_makes_nobody_late(late_by: timedelta, goes: bool) -> None:  # noqa: FBT001
    """A batch goes at once where waiting would pass the moment it must be out."""
    chooser = Chooser(_spec(erase=3))

    assert bool(chooser([_due(0, dispatch_by=T0 - late_by), _due(1)])) is goes


def test_what_goes_alone_never_lingers() -> None:
    """Nobody waits for company where one call takes one task."""
    chooser = Chooser(_spec(erase=3))

    assert chooser([_due(0, LOCATE)]) == [0]


def test_clock_that_was_set_back_makes_nobody_wait() -> None:
    """After a jump of the clock the batch goes out."""
    chooser = Chooser(_spec(erase=3))
    chooser([_due(0)])

    assert chooser([_due(0)], at=T0 - DAY) == [0]


def test_account_without_a_free_call_keeps_its_wait() -> None:
    """A turn in which the account has no room does not begin the wait anew."""
    chooser = Chooser(_spec(erase=3))
    chooser([_due(0)])
    chooser.batching.begin({}, T0 + LINGER / 2)

    assert chooser([_due(0)], at=T0 + LINGER) == [0]


# --- how large ------------------------------------------------------------------------


def _sized(office: Office, caps: Mapping[Action, CallCaps]) -> Workshop:
    return Workshop(office, spec=replace(SPEC, caps_per_call=caps))


def _email(letter: str, length: int = 40) -> str:
    return letter * (length - len("@shop.example")) + "@shop.example"


@pytest.mark.parametrize(
    ("caps", "sizes"),
    [
        pytest.param(CallCaps(), [5], id="none"),
        pytest.param(CallCaps(max_bytes=3 * 44), [3, 2], id="bytes"),
        pytest.param(CallCaps(max_bytes=3 * 44 - 1), [2, 2, 1], id="one_byte_less"),
        # The @ takes three bytes in a URL.
        pytest.param(CallCaps(max_url=3 * 45), [3, 2], id="url"),
        pytest.param(CallCaps(max_bytes=1000, max_url=2 * 45), [2, 2, 1], id="both"),
    ],
)
@pytest.mark.parametrize("action", [LOCATE, ERASE])
def test_batch_is_as_large_as_the_processor_takes(
    office: Office, action: Action, caps: CallCaps, sizes: list[int]
) -> None:
    """Identifiers of a search and references of an erasure are measured as sent."""
    workshop = _sized(office, {action: caps})
    workshop.open(*(_email(letter) for letter in "abcde"))

    workshop.rounds()

    assert workshop.connector.sizes(action) == sizes


def test_who_is_larger_than_the_cap_goes_alone(office: Office) -> None:
    """A member that fits nowhere is sent by itself; the processor has the last word."""
    workshop = _sized(office, {ERASE: CallCaps(max_bytes=100)})
    workshop.open(_email("a"), _email("b", 60), _email("c"), _email("d"))

    workshop.rounds()

    assert sorted(workshop.connector.sizes(ERASE)) == [1, 1, 2]
    assert len(workshop.connector.erased) == 4


def test_whole_batches_go_out_through_few_calls(office: Office) -> None:
    """An account of eight calls at once takes all of a hundred people in two."""
    workshop = Workshop(office)
    workshop.open(*(f"p{n:03}@shop.example" for n in range(100)))

    groups = workshop.claim()

    assert [len(group.members) for group in groups] == [50, 50]
