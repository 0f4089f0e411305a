"""
Count figures: how many requests came, how each was answered, and in how many days.

Exact: a median of two middle values is their mean, a 90th percentile is the smallest
value that nine tenths do not exceed (nearest rank), a mean is rounded to two decimals
once, at the end.  Days are calendar days between two local dates: an answer on the day
of receipt took 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from orchestrator.core.answer.statistics import Answer, Figures, LineFigure
from schemas.receipts import FULFILLED

NINE_TENTHS = Fraction(9, 10)


@dataclass(frozen=True, slots=True)
class Days:
    """How long answers took; nothing of no answers."""

    median: float | None = None
    mean: float | None = None
    p90: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """
    One line of a report.

    `received` is the sum of `whole`, `part`, `nothing`, `denied`, `withdrawn` and
    `open`.  `days`, `on_time` and `late` are about answers that nobody withdrew;
    `overdue` is the part of `open` whose last day is over.
    """

    name: str
    received: int
    whole: int
    part: int
    nothing: int
    denied: int
    withdrawn: int
    open: int
    overdue: int
    on_time: int
    late: int
    extended: int
    suspended: int
    attached: int
    days: Days
    denied_for: Mapping[str, int] = field(default_factory=dict)
    denied_in_part_for: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineTally:
    """What one account was asked for one action, and in how many days it was over."""

    account: str
    action: str
    answered: int
    fulfilled: int
    unfulfilled: int
    late: int
    open: int
    overdue: int
    days: Days
    outcomes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A task that is not settled, and whether its case is past its last day."""

    account: str
    action: str
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """One right of one case."""

    figures: Figures
    right: str
    answer: Answer | None


def days_of(values: Iterable[int]) -> Days:
    """Return median, mean and 90th percentile of whole days."""
    ordered = sorted(values)
    if not ordered:
        return Days()
    count = len(ordered)
    middle = Fraction(ordered[(count - 1) // 2] + ordered[count // 2], 2)
    rank = -(-count * NINE_TENTHS.numerator // NINE_TENTHS.denominator)
    mean = round(Fraction(sum(ordered), count), 2)
    return Days(float(middle), float(mean), ordered[rank - 1])


def by_right(
    figures: Iterable[Figures], rights: Sequence[str], now: datetime
) -> list[Tally]:
    """Return a line for each of *rights*, also where nobody invoked it."""
    groups = _grouped(figures, lambda one: one.right)
    return [_tally(right, groups.get(right, []), now) for right in rights]


def by_california(figures: Iterable[Figures], now: datetime) -> list[Tally]:
    """
    Return the lines of 11 CCR section 7102 that this program can fill.

    A copy is a request to know, whether it was asked as access or as portability; a
    request for both is one.
    """
    groups: dict[str, list[_Asked]] = {"delete": [], "know": []}
    for one in figures:
        if "erasure" in one.answers:
            groups["delete"].append(_Asked(one, "erasure", one.answers["erasure"]))
        copies = {answer for right, answer in one.answers.items() if right != "erasure"}
        if copies:
            answer = copies.pop() if len(copies) == 1 else Answer.PART
            groups["know"].append(_Asked(one, "know", answer))
    return [_tally(name, asked, now) for name, asked in groups.items()]


def by_jurisdiction(figures: Iterable[Figures], now: datetime) -> list[Tally]:
    """Return a line for each right and place."""
    groups = _grouped(figures, lambda one: f"{one.figures.jurisdiction} {one.right}")
    return [_tally(name, groups[name], now) for name in sorted(groups)]


def by_account(
    figures: Iterable[Figures], open_lines: Iterable[OpenLine]
) -> list[LineTally]:
    """Return a line for each account and action; open ones come from elsewhere."""
    ended: dict[tuple[str, str], list[tuple[Figures, LineFigure]]] = {}
    for one in figures:
        for line in one.lines:
            ended.setdefault((line.account, line.action), []).append((one, line))
    waiting: dict[tuple[str, str], list[OpenLine]] = {}
    for open_line in open_lines:
        key = (open_line.account, open_line.action)
        waiting.setdefault(key, []).append(open_line)
    names = sorted({*ended, *waiting})
    return [
        _line_tally(name, ended.get(name, []), waiting.get(name, [])) for name in names
    ]


def _grouped(
    figures: Iterable[Figures], name_of: Callable[[_Asked], str]
) -> dict[str, list[_Asked]]:
    """Return each right of each case under its name."""
    groups: dict[str, list[_Asked]] = {}
    for one in figures:
        for right, answer in one.answers.items():
            asked = _Asked(one, right, answer)
            groups.setdefault(name_of(asked), []).append(asked)
    return groups


def _tally(name: str, asked: Sequence[_Asked], now: datetime) -> Tally:
    """Count one line."""
    answers = Counter(one.answer for one in asked)
    kept = [one.figures for one in asked if one.answer is not Answer.WITHDRAWN]
    took = list(_days_to_answer(kept))
    late = sum(1 for one in kept if one.answered_on and one.answered_on > one.due_on)
    is_open = [one.figures for one in asked if one.answer is None]
    denied = [one.figures for one in asked if one.answer is Answer.DENIED]
    in_part = [one.figures for one in asked if one.right == "erasure"]
    return Tally(
        name=name,
        received=len(asked),
        whole=answers[Answer.WHOLE],
        part=answers[Answer.PART],
        nothing=answers[Answer.NOTHING],
        denied=answers[Answer.DENIED],
        withdrawn=answers[Answer.WITHDRAWN],
        open=len(is_open),
        overdue=sum(1 for one in is_open if today_of(one, now) > one.due_on),
        on_time=len(took) - late,
        late=late,
        extended=sum(1 for one in asked if one.figures.is_extended),
        suspended=sum(1 for one in asked if one.figures.is_suspended),
        attached=sum(1 for one in asked if one.figures.is_attached),
        days=days_of(took),
        denied_for=_counted(one.ground for one in denied),
        denied_in_part_for=_counted(
            ground for one in in_part for ground in one.grounds_in_part
        ),
    )


def _line_tally(
    name: tuple[str, str],
    ended: Sequence[tuple[Figures, LineFigure]],
    waiting: Sequence[OpenLine],
) -> LineTally:
    """Count the lines of one account and action."""
    outcomes = Counter(line.outcome for _, line in ended)
    fulfilled = sum(outcomes[kind] for kind in FULFILLED)
    took = [
        (line.settled_on - line.asked_on).days
        for _, line in ended
        if line.asked_on is not None
    ]
    return LineTally(
        account=name[0],
        action=name[1],
        answered=len(ended),
        fulfilled=fulfilled,
        unfulfilled=len(ended) - fulfilled,
        late=sum(1 for one, line in ended if line.settled_on > one.due_on),
        open=len(waiting),
        overdue=sum(1 for one in waiting if one.is_overdue),
        days=days_of(took),
        outcomes=dict(sorted(outcomes.items())),
    )


def _days_to_answer(figures: Iterable[Figures]) -> Iterator[int]:
    """Yield the days from receipt to answer of each that was answered."""
    for one in figures:
        if one.answered_on is not None:
            yield (one.answered_on - one.received_on).days


def _counted(grounds: Iterable[str | None]) -> Mapping[str, int]:
    """Count grounds, in the order of their names."""
    return dict(sorted(Counter(one or "unknown" for one in grounds).items()))


def today_of(figures: Figures, now: datetime) -> date:
    """Return the local date now, where the controller of a case is."""
    return now.astimezone(ZoneInfo(figures.time_zone)).date()
