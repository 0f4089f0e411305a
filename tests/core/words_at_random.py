"""What the portal may say of a case later, in any order."""

from __future__ import annotations

from random import Random

from orchestrator.core.events import Event, ExportCollected
from orchestrator.core.later import Informed, PersonInformed, RequestAmended
from schemas.later_words import NoticeTo
from schemas.requests import Channel
from tests.core.plans_at_random import TYPES, some
from tests.core.world import World


def a_word(world: World, rng: Random, _past: list[Event]) -> Event | None:
    """Let the portal send more identifiers, or say what reached the person."""
    if rng.random() < 0.3:
        return None
    now = world.now
    number = rng.choice([None, 1, 2])
    notice = rng.choice([*NoticeTo]) if number is None else None
    channel = rng.choice([Channel.EMAIL, Channel.LETTER])
    options: list[Event] = [
        RequestAmended(now, "portal", f"e-{rng.randint(1, 9)}", some(rng, TYPES)),
        PersonInformed(now, "portal", Informed(now, channel, number, notice)),
        ExportCollected(now, "portal", now),
    ]
    return rng.choices(options, weights=[4, 1, 1])[0]
