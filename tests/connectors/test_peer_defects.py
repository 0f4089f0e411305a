"""
Eleven defects seen in a peer's deletion handlers, each against every connector.

Seen in a widely used open-source event router's deletion workers (source read
2026-11).  Each class names one defect; what a connector's own tests already show in
more detail is not repeated.  The seventh and the eleventh, about paths, are in
`test_peer_defects_of_paths.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import get_args

import pytest

from connectors.base import Connector
from connectors.mixpanel.connector import MixpanelOptions
from connectors.registry import connector, names
from connectors.testing import BYSTANDER, CANARY
from connectors.transport.wire import Received
from schemas.connecting import (
    Absent,
    Accepted,
    Action,
    Done,
    Effect,
    Evidence,
    Exported,
    Identifier,
    IdentifierType,
    JobAccepted,
    Located,
    NotApplicable,
    NothingFound,
    Notified,
    Proof,
    Redacted,
    Retained,
    TaskId,
    Work,
)
from tests.connectors.in_memory import (
    answer_instead,
    answering,
    at_its_fake,
    contracts,
    said,
    writes,
)

# What would end an erasure well.
GOOD = (Done, NothingFound, Notified, Retained, Exported)
OK = 200
# Iterable answers `{}` where it knows no such user (its API page, 2026-11).
SAYS_NOBODY = {("iterable", "{}")}
# Whose processors answer an erasure with a job, a 202, or a promise.
BEHIND = {"amplitude", "iterable", "klaviyo", "mixpanel", "opendsr", "vtex", "zendesk"}

every = pytest.mark.parametrize("name", sorted(contracts()))


def test_every_connector_is_tried() -> None:
    """A connector that erases by requests and has no fake would be left out here."""
    specs = [connector(it).spec for it in names()]
    erasing = {it.name for it in specs if it.speaks_http and Action.ERASE in it.actions}

    assert erasing <= {*contracts()}


class TestAcceptedIsNotDone:
    """1. Success was reported on a 2xx that only said "accepted"."""

    @every
    def test_acceptance_is_no_outcome(self, name: str) -> None:
        """Where the work is done behind the answer, the first reply is a job."""
        with at_its_fake(name) as place:
            reply = place.bench.erase_once(place.bench.find(place.identifiers))

        assert isinstance(reply, JobAccepted | Accepted) is (name in BEHIND)

    @every
    def test_no_answer_of_an_erasure_is_a_look(self, name: str) -> None:
        """Only a look afterwards may prove more than the processor's word."""
        with at_its_fake(name) as place:
            reply = place.bench.erase_once(place.bench.find(place.identifiers))

        if isinstance(reply, Done):
            assert reply.evidence < Evidence.E4
            assert place.bench.connector.spec.proof is not Proof.NONE

    @every
    @pytest.mark.parametrize("status", [202, 206, 226, 299])
    def test_strange_2xx_is_not_done(self, name: str, status: int) -> None:
        """A success that the vendor does not document is none."""
        with at_its_fake(name) as place:
            work = place.bench.find(place.identifiers)
            answer_instead(place, Effect.WRITE, answering(status, {}))

            reply = said(lambda: place.bench.erase_once(work))

        assert not isinstance(reply, GOOD)


class TestRefusedIsNotDone:
    """2. A 404 or any 400 was taken for success, whatever it was about."""

    @every
    @pytest.mark.parametrize(
        ("status", "body"),
        [
            pytest.param(400, {"message": "malformed"}, id="400"),
            pytest.param(404, "Not Found", id="bare 404"),
            pytest.param(404, "<html>no such page</html>", id="404 of a web server"),
            pytest.param(405, "", id="405"),
            pytest.param(409, {"message": "conflict"}, id="409"),
            pytest.param(410, "", id="410"),
            pytest.param(422, {"message": "invalid"}, id="422"),
        ],
    )
    def test_refusal_of_an_erasure_is_no_good_end(
        self, name: str, status: int, body: object
    ) -> None:
        """A wrong address is a 404 too: nothing is done and nothing was absent."""
        with at_its_fake(name) as place:
            work = place.bench.find(place.identifiers)
            answer_instead(place, Effect.WRITE, answering(status, body))

            reply = said(lambda: place.bench.erase_once(work))

        assert not isinstance(reply, GOOD)

    @every
    def test_identifier_of_another_type_is_not_searched_for(self, name: str) -> None:
        """An id of a stranger's system reaches no request of this one."""
        stranger = Identifier(IdentifierType("stranger.id"), "stranger-7731")
        with at_its_fake(name) as place:
            finding = said(lambda: place.bench.locate([stranger]))

        assert not isinstance(finding, Located)
        assert not any("stranger-7731" in it.url for it in place.sent)
        assert not any(b"stranger-7731" in it.body for it in place.sent)


class TestAmplitudesTwoAnswers:
    """3. "Nothing scheduled" came with a 200, and a 403 within a 400."""

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(
                answering(200, "Nothing scheduled due to invalid amplitude/user ids"),
                id="200 that schedules nothing",
            ),
            pytest.param(
                answering(400, {"error": {"code": 403, "message": "forbidden"}}),
                id="403 within a 400",
            ),
        ],
    )
    def test_neither_is_an_erasure(self, answer: Received) -> None:
        """No job was made, so nobody is erased, nor will be."""
        with at_its_fake("amplitude") as place:
            work = place.bench.find(place.identifiers)
            answer_instead(place, Effect.WRITE, answer)

            reply = said(lambda: place.bench.erase_once(work))

        assert not isinstance(reply, Done | JobAccepted)
        if answer.status != OK:
            assert not isinstance(reply, NothingFound)


ERRORS: list[object] = [
    {"error": {"code": 403, "message": "denied"}},
    {"errors": [{"message": "denied"}]},
    {"errors": [{"message": "denied"}], "data": None},
    {"status": "error"},
    {"success": False},
    {"code": "GenericError", "msg": "denied"},
    *({}, [], None, "", "error"),
]


class TestErrorInsideA200:
    """4. An error in the body of a 200 was taken for success."""

    @every
    @pytest.mark.parametrize("body", ERRORS, ids=json.dumps)
    def test_erasure_answered_with_an_error_is_not_done(
        self, name: str, body: object
    ) -> None:
        """The body is judged before the code."""
        with at_its_fake(name) as place:
            work = place.bench.find(place.identifiers)
            answer_instead(place, Effect.WRITE, answering(200, body))

            reply = said(lambda: place.bench.erase_once(work))

        assert not isinstance(reply, GOOD)

    @every
    @pytest.mark.parametrize("body", ERRORS, ids=json.dumps)
    def test_search_answered_with_an_error_is_not_nothing(
        self, name: str, body: object
    ) -> None:
        """A person who could not be searched for was not absent."""
        with at_its_fake(name) as place:
            answer_instead(place, Effect.READ, answering(200, body))
            finding = said(lambda: place.bench.locate(place.identifiers))

        if place.sent and (name, json.dumps(body)) not in SAYS_NOBODY:
            assert not isinstance(finding, NothingFound)

    @every
    @pytest.mark.parametrize("body", ERRORS, ids=json.dumps)
    def test_look_answered_with_an_error_is_not_absence(
        self, name: str, body: object
    ) -> None:
        """An erasure is not proven by a look that failed."""
        with at_its_fake(name) as place:
            work = place.bench.find(place.identifiers)
            answer_instead(place, Effect.READ, answering(200, body))
            look = said(lambda: place.bench.read_back(work))

        if (name, json.dumps(body)) not in SAYS_NOBODY:
            assert not isinstance(look, Absent | Redacted)


class TestOneBodyForEachRequest:
    """5. One body was shared and changed while requests left at the same time."""

    @every
    def test_two_erasures_at_once_name_one_person_each(self, name: str) -> None:
        """Both are erased, and no request carries the other's values."""
        with at_its_fake(name) as place:
            bench = place.bench
            of = {
                TaskId("one"): place.identifiers,
                TaskId("two"): place.contract.seed(place.fake, BYSTANDER),
            }
            works = [
                replace(bench.find(these), task=task) for task, these in of.items()
            ]
            place.sent.clear()

            async def step(it: Connector) -> list[object]:
                return await asyncio.gather(*(it.erase([work]) for work in works))

            bench.run(step)

        for exchange in place.sent:
            told = exchange.url + exchange.body.decode()
            both = [
                it
                for it in (CANARY, BYSTANDER)
                if it.reference in told or it.email in told
            ]
            assert len(both) <= 1, exchange.operation


class TestBatchOfOneShape:
    """6. The last batch of ids was spelled otherwise than the others."""

    @every
    def test_one_person_is_asked_for_as_two_are(self, name: str) -> None:
        """The request has the same keys and kinds of values, however many it is for."""
        if connector(name).spec.people_per_call.get(Action.ERASE, 1) == 1:
            return
        shapes = []
        for count in (1, 2):
            with at_its_fake(name) as place:
                people = [place.identifiers, place.contract.seed(place.fake, BYSTANDER)]
                works = [
                    replace(place.bench.find(one), task=TaskId(f"task-{n}"))
                    for n, one in enumerate(people[:count])
                ]
                place.bench.run(partial(_erase_all, works))
                (operation,) = {*writes(place)}
                (sent,) = place.sent_to(operation)
                shapes.append(_shape(sent.json()))

        assert shapes[0] == shapes[1]


async def _erase_all(works: Sequence[Work], it: Connector) -> object:
    return await it.erase(works)


def _shape(value: object) -> object:
    """Return a JSON value with its leaves replaced by their kind."""
    if isinstance(value, dict):
        return {key: _shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_shape(one) for one in value[:1]]
    return type(value).__name__


class TestFatesAreNotShared:
    """8. One failure among several lost what the others had been answered."""

    @every
    def test_each_person_of_a_call_has_an_answer(self, name: str) -> None:
        """Whoever shares a call has an answer of their own; others share none."""
        if connector(name).spec.people_per_call.get(Action.ERASE, 1) == 1:
            return
        with at_its_fake(name) as place:
            work = place.bench.find(place.identifiers)
            (item, *_) = work.items
            unknown = replace(item, reference=_unknown_like(item.reference))
            works = [
                replace(work, task=TaskId("good")),
                replace(work, task=TaskId("bad"), items=(unknown,)),
            ]
            replies = place.bench.run(lambda it: it.erase(works))

        assert set(replies) == {TaskId("good"), TaskId("bad")}
        assert isinstance(replies[TaskId("good")], JobAccepted | Done)


def _unknown_like(reference: str) -> str:
    """Return a reference of the same form that nobody has."""
    try:
        parts = json.loads(reference)
    except ValueError:
        return "nobody-0"
    return json.dumps(parts) if isinstance(parts, dict) else "4711"


class TestNotFoundIsNotUnsupported:
    """9. A 404 from the processor was told as "not supported" and given up."""

    @every
    @pytest.mark.parametrize("effect", Effect)
    def test_404_never_means_that_the_connector_cannot(
        self, name: str, effect: Effect
    ) -> None:
        """Nobody is left out of a case because an address was wrong for a while."""
        with at_its_fake(name) as place:
            work = place.bench.find(place.identifiers)
            answer_instead(place, effect, answering(404, "Not Found"))
            replies = [
                said(lambda: place.bench.locate(place.identifiers)),
                said(lambda: place.bench.erase_once(work)),
            ]

        assert not any(isinstance(it, NotApplicable) for it in replies)


class TestLawIsNotGuessed:
    """10. The law that a request named was derived from the data centre."""

    def test_mixpanels_law_is_the_registers_word(self) -> None:
        """The request carries what the account's options say, wherever the host is."""
        field = MixpanelOptions.model_fields["compliance_type"]
        laws = get_args(field.annotation)
        found = set()
        for law in laws:
            with at_its_fake("mixpanel") as place:
                values = {**place.contract.option_values, "compliance_type": law}
                place.bench.options = MixpanelOptions.model_validate(values)
                place.bench.erase_once(place.bench.find(place.identifiers))
                (sent,) = place.sent_to(place.contract.changing)
                found |= {law} if law in sent.body.decode() else set()

        assert found == {*laws}
