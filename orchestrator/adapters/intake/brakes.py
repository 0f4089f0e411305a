"""
The brakes as people see and end them: what is pulled, who was shown and said what.

Two different people end a pull, each after having been shown a sample of it; what was
shown is kept by the ids of the cases.  The cases follow in small transactions.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import SystemRandom

from sqlalchemy import Connection, Delete, Row, delete, exists, func, select, update

from orchestrator.adapters.intake.brake_counting import (
    begin_afresh,
    locked_brakes,
    read_brake,
)
from orchestrator.adapters.sql import brake_tables as b
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.core.grounds import Ground
from orchestrator.core.intake.brake import DAY, DAYS_LOOKED_BACK, Brake, BrakeState
from orchestrator.core.people import is_same_person
from orchestrator.core.words import CaseId
from orchestrator.errors import NotPossible
from orchestrator.ports import LetGo

AT_ONCE = 500  # rows in one transaction
COUNTED_FOR = (DAYS_LOOKED_BACK + 1) * DAY
SAMPLE = "sample"
_OPEN = ("received", "running")


@dataclass(frozen=True, slots=True)
class Said:
    """What one person was shown (`sample`), or decided (`released`, `refused`)."""

    by: str
    at: datetime
    what: str
    cases: tuple[str, ...] = ()
    ground: str | None = None


@dataclass(frozen=True, slots=True)
class PullView:
    """One pulled brake, with how many cases it still holds."""

    id: str
    controller: str
    source: str
    cause: str
    counted: int
    allowed: int
    pulled_at: datetime
    state: str
    ground: str | None
    by: str | None
    also_by: str | None
    ended_at: datetime | None
    held: int
    people: int  # among the held, by the pseudonyms that find duplicates
    next_due_at: datetime | None
    said: tuple[Said, ...]


class SqlBrakes:
    """Brakes in the database."""

    def __init__(self, database: Database, years: int) -> None:
        """Keep ended pulls for *years* whole calendar years (UTC)."""
        self._database = database
        self._years = years

    # --- reading ----------------------------------------------------------------

    def counted(self, now: datetime) -> Sequence[Brake]:
        """Return what was counted up to now, of every controller and source."""
        query = select(b.brakes).order_by(b.brakes.c.controller, b.brakes.c.source)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            return [read_brake(connection, row, now) for row in rows]

    def pulls(self, *, with_ended: bool = False) -> Sequence[PullView]:
        """Return what is pulled or still lets go, and on demand all there was."""
        pulls = b.brake_pulls.c
        query = select(b.brake_pulls).order_by(pulls.pulled_at.desc(), pulls.id)
        if not with_ended:
            holds = exists().where(b.brake_held.c.pull == pulls.id)
            query = query.where((pulls.state == BrakeState.PULLED.value) | holds)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            return [_view(connection, row) for row in rows]

    def sample(self, pull: str, count: int) -> Sequence[CaseId]:
        """Draw some of the open cases that a pull holds, by chance."""
        held = select(b.brake_held.c.case_id).join(
            t.cases, t.cases.c.id == b.brake_held.c.case_id
        )
        query = held.where(b.brake_held.c.pull == pull, t.cases.c.status.in_(_OPEN))
        with self._database.reading() as connection:
            ids = sorted(connection.execute(query).scalars())
        drawn = SystemRandom().sample(ids, min(count, len(ids)))
        return [CaseId(id_) for id_ in sorted(drawn)]

    def decided(self, after: str, limit: int) -> Sequence[LetGo]:
        """Return decided cases that still wait for it, in order, from an id on."""
        pulls = b.brake_pulls.c
        query = (
            select(b.brake_held.c.case_id, pulls.state, pulls.ground)
            .add_columns(pulls.by, pulls.also_by)
            .join(b.brake_pulls, pulls.id == b.brake_held.c.pull)
            .where(pulls.state != BrakeState.PULLED.value)
            .where(b.brake_held.c.case_id > after)
            .order_by(b.brake_held.c.case_id)
            .limit(limit)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [_let_go(row) for row in rows]

    # --- deciding ---------------------------------------------------------------

    def note(self, pull: str, said: Said) -> None:
        """Keep that somebody was shown a sample of a pull."""
        with self._database.writing() as connection:
            row = _locked(connection, pull)
            _say(connection, row, said)

    def decide(self, pull: str, said: Said) -> bool:
        """
        Take one person's decision; tells whether it is the second, and stands.

        Raises `NotPossible` if they were shown nothing, or have said so already.
        """
        with self._database.writing() as connection:
            row = _locked(connection, pull)
            before = tuple(_said(row.said))
            if not any(_has_shown(one, said) for one in before):
                raise NotPossible(
                    f"{said.by} was shown no sample of what is held within a day;"
                    " `erasure brake sample` shows one."
                )
            words = {one.by.casefold(): one for one in before if one.what != SAMPLE}
            same = [word.by for word in words.values() if _agree(word, said)]
            if any(is_same_person(by, said.by) for by in same):
                raise NotPossible(
                    f"{said.by} has said so already; a second, different person must"
                    " say the same."
                )
            _say(connection, row, said)
            if same:
                _end(connection, row, said, same[0])
        return bool(same)

    def forget(self, cases: Collection[CaseId]) -> None:
        """Note that the brake holds these cases no more."""
        with self._database.writing() as connection:
            gone = b.brake_held.c.case_id.in_(cases)
            connection.execute(delete(b.brake_held).where(gone))

    def expire(self, now: datetime) -> int:
        """Delete old counters, and pulls that were ended years ago."""
        before = datetime(now.astimezone(UTC).year - self._years, 1, 1, tzinfo=UTC)
        hours, pulls = b.brake_hours.c, b.brake_pulls.c
        old = hours.hour < now - COUNTED_FOR
        held = exists().where(b.brake_held.c.pull == pulls.id)
        with self._database.writing() as connection:
            counters = connection.execute(delete(b.brake_hours).where(old)).rowcount
            connection.execute(_silent(now - COUNTED_FOR))
            ended = delete(b.brake_pulls).where(pulls.ended_at < before, ~held)
            return counters + connection.execute(ended).rowcount


def _silent(before: datetime) -> Delete:
    """Return the statement that ends the counting of sources without a count."""
    mine, hours = b.brakes.c, b.brake_hours.c
    of_mine = (hours.controller == mine.controller, hours.source == mine.source)
    return delete(b.brakes).where(
        mine.pull.is_(None), mine.counted_since < before, ~exists().where(*of_mine)
    )


def _has_shown(one: Said, to: Said) -> bool:
    """Tell whether *one* is a sample that whoever says *to* was shown lately."""
    is_theirs = one.what == SAMPLE and is_same_person(one.by, to.by)
    return is_theirs and to.at - one.at <= DAY


def _agree(one: Said, other: Said) -> bool:
    """Tell whether two words say the same."""
    return (one.what, one.ground) == (other.what, other.ground)


def _locked(connection: Connection, pull: str) -> Row[tuple[object, ...]]:
    """Lock a pull and the counting of its source, in the order of an opening."""
    query = select(b.brake_pulls).where(b.brake_pulls.c.id == pull)
    row = connection.execute(query).one()
    locked_brakes(connection, [(row.controller, row.source)], row.pulled_at)
    row = connection.execute(query.with_for_update()).one()
    if row.state != BrakeState.PULLED.value:
        raise NotPossible("Two people have decided on this already.")
    return row


def _say(connection: Connection, row: Row[tuple[object, ...]], said: Said) -> None:
    """Add one word to what was said of a pull."""
    spelled = json.dumps([*map(_plain, _said(row.said)), _plain(said)])
    mine = update(b.brake_pulls).where(b.brake_pulls.c.id == row.id)
    connection.execute(mine.values(said=spelled))


def _end(
    connection: Connection, row: Row[tuple[object, ...]], said: Said, first: str
) -> None:
    """End a pull by the word of two, and count its source afresh."""
    mine = update(b.brake_pulls).where(b.brake_pulls.c.id == row.id)
    ended = mine.values(state=said.what, ground=said.ground, ended_at=said.at)
    connection.execute(ended.values(by=first, also_by=said.by))
    begin_afresh(connection, (row.controller, row.source), said.at)


def _view(connection: Connection, row: Row[tuple[object, ...]]) -> PullView:
    """Return a pull with what it still holds."""
    held = (
        select(
            func.count(),
            func.count(func.distinct(t.cases.c.subject)),
            func.min(t.cases.c.due_at),
        )
        .select_from(b.brake_held)
        .join(t.cases, t.cases.c.id == b.brake_held.c.case_id)
        .where(b.brake_held.c.pull == row.id, t.cases.c.status.in_(_OPEN))
    )
    count, people, next_due_at = connection.execute(held).one()
    return PullView(
        id=row.id,
        controller=row.controller,
        source=row.source,
        cause=row.cause,
        counted=row.counted,
        allowed=row.allowed,
        pulled_at=row.pulled_at,
        state=row.state,
        ground=row.ground,
        by=row.by,
        also_by=row.also_by,
        ended_at=row.ended_at,
        held=count,
        people=people,
        next_due_at=next_due_at,
        said=tuple(_said(row.said)),
    )


def _let_go(row: Row[str, str, str | None, str, str]) -> LetGo:
    """Return a decided case with the two who decided, the first one first."""
    ground = Ground(row.ground) if row.ground else None
    state = BrakeState(row.state)
    return LetGo(CaseId(row.case_id), state, row.by, row.also_by, ground)


def _said(text: str) -> Iterator[Said]:
    """Read what was said of a pull."""
    one: Mapping[str, str]
    for one in json.loads(text):
        yield Said(
            by=one["by"],
            at=datetime.fromisoformat(one["at"]),
            what=one["what"],
            cases=tuple(one.get("cases", ())),
            ground=one.get("ground"),
        )


def _plain(said: Said) -> Mapping[str, object]:
    """Spell what was said as JSON has it."""
    return {
        "by": said.by,
        "at": said.at.isoformat(),
        "what": said.what,
        "cases": list(said.cases),
        "ground": said.ground,
    }
