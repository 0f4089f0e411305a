"""What no order of events can break, however often and however late each arrives."""

from __future__ import annotations

from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.core.events import Event
from orchestrator.core.intake.opening import open_case
from orchestrator.core.words import Rehearsal, Right
from tests.core.builders import ACCESS, BOTH, ERASURE, T0, an_opening
from tests.core.events_at_random import LIKELY, Move, play
from tests.core.plans_at_random import a_random_plan
from tests.core.world import World

_MOVES = st.builds(Move, st.sampled_from(LIKELY), st.integers(0, 2**32))


@settings(max_examples=400, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    rights=st.sampled_from([ERASURE, ACCESS, BOTH]),
    rehearsal=st.sets(st.sampled_from(Rehearsal), max_size=1),
    happens=st.lists(_MOVES, min_size=10, max_size=80),
)
def test_no_order_of_events_breaks_a_case(
    seed: int,
    rights: frozenset[Right],
    rehearsal: set[Rehearsal],
    happens: list[Move],
) -> None:
    """`World` checks after each event what must hold; here anything may come in."""
    plan = a_random_plan(Random(seed))  # noqa: S311 (chance for a test)
    opening = an_opening(rights=rights, rehearsal=frozenset(rehearsal))
    case = open_case(opening, plan).case
    assume(case.all_tasks)  # a case that asks nobody stays as it was opened
    world = World(case, T0)
    past: list[Event] = []

    for move in happens:
        play(world, move, past)
