"""
Seeded runs of everything that may happen to a case, as many as there is time for.

    python -m tests.core.simulating --runs 100000
    python -m tests.core.simulating --seconds 60
    python -m tests.core.simulating --seed 1234 --runs 1

A run draws a plan, the rights, and 200 random steps: calls, lost and late reports,
duplicates, ended ownerships, persons, stages, clock jumps.  `World` checks after each
step what must always hold.  A run that breaks something is repeated with its seed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from random import Random
from secrets import randbits

from orchestrator.core.events import Event
from orchestrator.core.intake.opening import open_case
from tests.core.builders import ACCESS, BOTH, ERASURE, T0, an_opening
from tests.core.events_at_random import LIKELY, Move, play
from tests.core.families import Family
from tests.core.plans_at_random import a_random_plan
from tests.core.world import World

STEPS = 200
BRAKED = 0.1  # of the cases came with too many others
AT_ONCE = 50  # runs a worker makes before it reports


@dataclass(frozen=True, slots=True)
class Broken:
    """A run that broke an invariant: its seed, its step and what was seen."""

    seed: int
    step: int
    seen: str


def run(seed: int, steps: int = STEPS) -> Broken | None:
    """Make one run; returns what broke, if anything did.  One in five is a family."""
    if seed % 5 == 0:
        return _family_run(seed, steps)
    rng = Random(seed)  # noqa: S311 (chance for a test, not for a secret)
    past: list[Event] = []
    step = 0
    try:
        rights = rng.choice([ERASURE, ACCESS, BOTH])
        is_braked = rng.random() < BRAKED
        opening = an_opening(rights=rights, is_braked=is_braked)
        case = open_case(opening, a_random_plan(rng)).case
        world = World(case, T0, is_braked=is_braked)
        if not case.all_tasks:
            return None  # nobody is asked: such a case stays as it was opened
        while step < steps:
            step += 1
            play(world, Move(rng.choice(LIKELY), rng.getrandbits(32)), past)
    except Exception:  # noqa: BLE001 (whatever a broken core does is a finding)
        return Broken(seed, step, traceback.format_exc(limit=-3))
    return None


def _family_run(seed: int, steps: int) -> Broken | None:
    """Make a run of one person's requests for the same."""
    rng = Random(seed)  # noqa: S311 (chance for a test, not for a secret)
    step = 0
    try:
        family = Family(a_random_plan(rng), rng.choice([ERASURE, ACCESS, BOTH]))
        while step < steps:
            step += 1
            family.step(rng)
    except Exception:  # noqa: BLE001 (whatever a broken core does is a finding)
        return Broken(seed, step, traceback.format_exc(limit=-3))
    return None


def first_broken(seeds: range) -> tuple[int, Broken | None]:
    """Make the runs of *seeds* up to one that breaks; returns how many were made."""
    for made, seed in enumerate(seeds, 1):
        broken = run(seed)
        if broken is not None:
            return made, broken
    return len(seeds), None


def simulate(
    first: int, runs: int | None, seconds: float | None
) -> tuple[int, Broken | None]:
    """Run on every core until *runs* are made, time is over, or one breaks."""
    cores = os.cpu_count() or 1
    end = time.monotonic() + seconds if seconds else None
    made = 0
    with ProcessPoolExecutor(cores) as pool:
        parts = _parts(first, runs)
        while batch := list(islice(parts, cores)):
            for done, broken in pool.map(first_broken, batch):
                made += done
                if broken is not None:
                    return made, broken
            if end is not None and time.monotonic() >= end:
                break
    return made, None


def _parts(first: int, runs: int | None) -> Iterator[range]:
    """Yield the seeds, in parts; without end if there is no number of *runs*."""
    last = None if runs is None else first + runs
    for start in count(first, AT_ONCE):
        if last is not None and start >= last:
            return
        yield range(start, min(start + AT_ONCE, last or start + AT_ONCE))


def main() -> int:
    """Simulate as the command line says; 1 if a run broke something."""
    asked = argparse.ArgumentParser(description="Simulate cases at random.")
    asked.add_argument("--runs", type=int, help="how many runs to make")
    asked.add_argument("--seconds", type=float, help="how long to go on")
    asked.add_argument("--seed", type=int, help="the first seed; drawn if absent")
    given = asked.parse_args()
    first = randbits(32) if given.seed is None else given.seed
    runs = given.runs if given.runs or given.seconds else 1000
    began = time.monotonic()
    made, broken = simulate(first, runs, given.seconds)
    took = time.monotonic() - began
    sys.stdout.write(
        f"{made} runs of {STEPS} steps from seed {first}: {took:.0f} s, "
        f"{made / took:.0f} runs a second.\n"
    )
    if broken is None:
        sys.stdout.write("Every invariant held after every step.\n")
        return 0
    sys.stdout.write(
        f"Seed {broken.seed} broke something at step {broken.step}; repeat it with "
        f"--seed {broken.seed} --runs 1.\n{broken.seen}"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
