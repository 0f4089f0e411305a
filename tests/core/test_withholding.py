"""Which numbers are withheld where few people stand behind them."""

from __future__ import annotations

from orchestrator.core.answer.statistics import Answer
from orchestrator.core.answer.tallying import Tally, by_right
from orchestrator.core.answer.withholding import PARTS, cells_of, withheld
from tests.core.test_tallying import NOW, some_figures


def a_tally(**counts: int) -> Tally:
    """Count so many erasures of each answer; `open` ones have none."""
    figures = [
        some_figures(None if name == "open" else Answer(name), ground="excessive")
        for name, count in counts.items()
        for _ in range(count)
    ]
    (tally,) = by_right(figures, ["erasure"], NOW)
    return tally


def test_nothing_is_withheld_unless_asked() -> None:
    """The house's own report is exact."""
    tally = a_tally(whole=1, denied=1)

    assert withheld(tally, 1) == cells_of(tally)


def test_small_part_takes_the_next_one_with_it() -> None:
    """The sum less the other parts would give a single hidden one away."""
    cells = withheld(a_tally(whole=40, part=9, denied=2), 5)

    assert (cells["received"], cells["whole"]) == (51, 40)
    assert (cells["denied"], cells["part"]) == (None, None)
    assert cells["denied:excessive"] is None
    assert (cells["on_time"], cells["late"]) == (None, None)
    assert cells["median_days"] == 0.0


def test_two_small_parts_need_no_third() -> None:
    """Their sum does not say which is which."""
    cells = withheld(a_tally(whole=40, part=1, denied=2), 5)

    assert [name for name in PARTS if cells[name] is None] == ["part", "denied"]


def test_line_about_few_is_withheld_whole() -> None:
    """Neither the sum nor the days of four people are shown."""
    cells = withheld(a_tally(whole=4), 5)

    assert cells["received"] is None
    assert cells["median_days"] is None
    assert cells["whole"] is None


def test_few_overdue_ones_are_withheld() -> None:
    """So they are where all but a few are overdue."""
    assert withheld(a_tally(whole=40, open=6), 5)["overdue"] == 6
    assert withheld(a_tally(whole=40, open=6), 7)["overdue"] is None


def test_all_but_a_few_is_as_telling_as_a_few() -> None:
    """Who was not extended is known where all others were."""
    figures = [some_figures(is_extended=number > 1) for number in range(40)]
    (tally,) = by_right(figures, ["erasure"], NOW)

    assert withheld(tally, 2)["extended"] == 38
    assert withheld(tally, 3)["extended"] is None
