"""A copy that an operator took out stays until its time is over."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.core.cases import ExportStatus, Wants
from orchestrator.core.decide import decide
from orchestrator.core.events import ExportDownloaded, TimePassed
from tests.core.builders import HOUR, T0, after_events
from tests.core.ended import EXPIRES, copied

TAKEN = ExportDownloaded(T0 + HOUR, "dpo-2")


def test_download_is_noted_and_shreds_nothing() -> None:
    """The copy can be taken again: a file may be lost on its way."""
    case = after_events(copied(), TAKEN)

    assert case.export is ExportStatus.SEALED
    assert case.export_downloaded_at == T0 + HOUR
    assert not case.shred_export_now


def test_download_told_twice_is_noted_once() -> None:
    """Old news changes nothing; a later download does."""
    case = after_events(copied(), TAKEN)
    later = replace(TAKEN, at=T0 + 2 * HOUR)

    assert decide(case, TAKEN).case == case
    assert decide(case, later).case.export_downloaded_at == later.at


def test_copy_that_is_not_sealed_cannot_be_downloaded() -> None:
    """Nothing is noted while accounts are still asked."""
    case = replace(copied(), export=ExportStatus.GATHERING)

    assert decide(case, TAKEN).case == case


def test_downloaded_copy_still_expires() -> None:
    """Its key is destroyed when the time that was promised is over."""
    case = after_events(copied(), TAKEN, TimePassed(EXPIRES))

    assert case.shred_export_now
    assert case.wants in {Wants.SHRED_EXPORT, Wants.SEAL_STATEMENT}
