"""Signed events through the real ingest: what is taken, kept, repeated, answered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from pydantic import SecretBytes
from sqlalchemy import select

from orchestrator.adapters.calendars import calendar_of
from orchestrator.adapters.cases.heard_events import SqlHeardEvents
from orchestrator.adapters.intake.signed_requests import SignedRequests
from orchestrator.adapters.sql import intake_tables as i
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.core.intake.brake import BrakeLimits
from orchestrator.ports import Bounds
from orchestrator.ports.event_log import Record
from orchestrator.stages.ingest import Ingest, IngestParts
from schemas.topics import REQUESTS
from tests.adapters.hostile_events import (
    HERE,
    NOW,
    STRANGER,
    UNVERIFIED,
    VERIFIED,
    Sent,
    event_bytes,
    publishers,
    sign,
)
from tests.core.builders import a_plan
from tests.schemas.submissions import REQUEST_ID, a_request
from tests.stages.an_intake import Lines
from tests.stages.an_office import NAMES, Office

WITHDRAWN = "privacy.request.withdrawn.v1"
# Codes of what a key of ours did sign, in a way that does not count.
SIGNED_SOMEHOW = {"key_not_valid", "other_key_signed", "other_bytes_signed"}
_MANY = BrakeLimits(per_hour=1000, factor=10, minimum=1000)


class Border:
    """An office that takes what was signed, and what it then holds."""

    def __init__(self, office: Office, bounds: Bounds | None = None) -> None:
        self.office = office
        office.clock.advance(NOW - office.clock.now())
        self._offsets = count()
        self._lines = Lines()
        requests = SignedRequests(
            publishers(),
            HERE,
            str.encode,
            controllers=("maison-exemple", "autre-maison"),
        )
        self.ingest = Ingest(
            self._lines,
            IngestParts(
                store=office.store,
                engine=office.engine,
                vault=office.vault,
                pseudonyms=NAMES,
                requests=requests,
                plan_for=lambda controller, *, on: a_plan(),  # noqa: ARG005 (the protocol's)
                calendar_for=calendar_of,
                limits_for=lambda controller, source: _MANY,  # noqa: ARG005 (the protocol's)
                seal_quarantined=Cipher(SecretBytes(bytes(32))).derived("q").seal,
                clock=office.clock,
                quarantine_for=timedelta(days=1),
                on_applied=lambda: None,
                bounds=bounds or Bounds(),
            ),
        )

    def take(self, *sent: Sent) -> None:
        """Take records in as one batch."""
        self._lines.batches.append([self.record(one) for one in sent])
        assert self.ingest.turn(0) == len(sent)

    def record(self, sent: Sent) -> Record:
        """Lay a record at the next place of the topic."""
        headers, value = sent
        return Record(REQUESTS, 0, next(self._offsets), None, headers, value)

    def kept(self) -> list[str]:
        """Return the codes of what is quarantined, in order."""
        return [row.code for row in self._rows(t.quarantine, t.quarantine.c.offset)]

    def cases(self) -> int:
        """Count the cases."""
        return len(self._rows(t.cases, t.cases.c.id))

    def told(self) -> list[dict[str, Any]]:
        """Return the rejections that publishers read."""
        rows = self._rows(t.outbox, t.outbox.c.seq)
        return [json.loads(row.data) for row in rows if "rejected" in row.type]

    def heard(self) -> int:
        """Count the later events that are remembered."""
        return len(self._rows(i.heard_events, i.heard_events.c.event_id))

    def _rows(self, table: Any, order: Any) -> list[Any]:  # noqa: ANN401 (SQLAlchemy's)
        with self.office.database.reading() as connection:
            return list(connection.execute(select(table).order_by(order)))


@pytest.fixture
def border(office: Office) -> Border:
    """Lend an office at its border."""
    return Border(office)


def _withdrawal(**changes: object) -> Sent:
    data = {"request_id": REQUEST_ID, **changes}
    return sign(event_bytes(id="w-1", type=WITHDRAWN, data=data))


def _all(corpus: Iterable[Any]) -> list[Sent]:
    return [made() for made, _ in corpus]


def test_every_hostile_event_is_kept_and_the_next_one_taken(border: Border) -> None:
    """The whole corpus opens no case, stops nobody, and what is good goes on."""
    hostile = _all([*UNVERIFIED.values(), *VERIFIED.values()])

    for sent in hostile:
        border.take(sent)
    border.take(*hostile, sign(event_bytes()))

    codes = [code for _, code in [*UNVERIFIED.values(), *VERIFIED.values()]]
    signed = {code for _, code in VERIFIED.values()} | SIGNED_SOMEHOW
    unsigned = [code for code in codes if code not in signed]
    kept = border.kept()
    assert set(kept) == set(codes)
    # What a publisher signed waits once, however often it comes.
    assert [one for one in kept if one not in signed] == unsigned * 2
    assert border.cases() == 1


def test_nobody_is_answered_whose_signature_does_not_hold(border: Border) -> None:
    """Or anybody who can write to the topic could make us publish."""
    border.take(*_all(UNVERIFIED.values()))
    quiet = border.told()
    border.take(*_all(VERIFIED.values()))

    assert quiet == []
    assert border.told()


def test_same_event_again_is_a_repeat(border: Border) -> None:
    """Delivered twice, or signed anew with a later time: one case, nothing kept."""
    later = (NOW + timedelta(minutes=1)).isoformat()

    border.take(sign(event_bytes()), sign(event_bytes()))
    border.take(sign(event_bytes()), sign(event_bytes(time=later)))

    assert (border.cases(), border.kept()) == (1, [])


def test_replay_after_its_expiry_changes_nothing(border: Border) -> None:
    """A copy of what was taken is a repeat however late; the portal hears nothing."""
    border.take(sign(event_bytes()), _withdrawal())
    border.office.clock.advance(timedelta(days=8))

    border.take(sign(event_bytes()), _withdrawal())

    assert (border.cases(), border.kept(), border.told()) == (1, [], [])


def test_late_event_that_is_new_is_kept(border: Border) -> None:
    """Nobody can tell a late event from one that was held back."""
    border.office.clock.advance(timedelta(days=7))

    border.take(sign(event_bytes()))

    assert (border.cases(), border.kept()) == (0, ["expired"])
    assert [one["request_id"] for one in border.told()] == [REQUEST_ID]


def test_person_lets_a_late_event_in(border: Border) -> None:
    """Judged as when it came: late, unless somebody made sure that it is real."""
    came_at = border.office.clock.now() + timedelta(days=8)
    record = border.record(sign(event_bytes()))

    refused = border.ingest.read(record, came_at)
    border.office.clock.advance(timedelta(days=40))
    taken = border.ingest.read(record, came_at, although_expired=True)

    assert refused is not None
    assert refused.code.value == "expired"
    assert (taken, border.cases()) == (None, 1)


def test_release_long_after_is_judged_as_when_it_came(border: Border) -> None:
    """An event waits for a person beyond its expiry, and its key's last day."""
    record = border.record(sign(event_bytes()))
    border.office.clock.advance(timedelta(days=400))

    assert border.ingest.read(record, NOW) is None


def test_later_word_under_a_used_name_is_a_conflict(border: Border) -> None:
    """The same event id never says two things."""
    border.take(sign(event_bytes()), _withdrawal())

    border.take(_withdrawal(reason="duplicate"))

    assert border.kept() == ["conflict"]


def test_refused_word_is_not_remembered(border: Border) -> None:
    """Sent again once its request is there, it is taken."""
    border.take(_withdrawal())
    before = border.heard()

    border.take(sign(event_bytes()))
    border.take(_withdrawal())

    assert (before, border.heard()) == (0, 1)
    assert border.kept() == ["unknown_request"]


def test_events_are_remembered_as_long_as_they_could_be_taken(border: Border) -> None:
    """Afterwards whoever replays one is told that it has expired."""
    border.take(sign(event_bytes()), _withdrawal())
    heard = SqlHeardEvents(border.office.database)

    early = heard.forget(NOW + timedelta(days=7, seconds=-1))
    late = heard.forget(NOW + timedelta(days=7))

    assert (early, late, border.heard()) == (0, 1, 0)


def test_forged_event_takes_nobodys_name(border: Border) -> None:
    """A forged event under a request's names does not keep the real one out."""
    border.take(sign(event_bytes(), STRANGER), sign(event_bytes()))

    assert (border.cases(), border.kept()) == (1, ["unknown_key"])


def test_other_content_under_a_requests_name_is_a_conflict(border: Border) -> None:
    """Also when it is signed well."""
    border.take(sign(event_bytes()))

    border.take(sign(event_bytes(data=a_request(channel="phone"))))

    assert (border.cases(), border.kept()) == (1, ["conflict"])
