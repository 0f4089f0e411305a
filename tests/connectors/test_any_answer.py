"""
Whatever a processor answers, each method ends in a declared outcome or error.

Answers are made up, or honest ones spoilt in one place, and each holds a canary that
may show in no message, no `repr`, no traceback and no log line.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.testing import CANARY, CollectingSink
from connectors.transport.wire import Fate, NoAnswer, Received
from schemas.connecting import Absent, Done, Exported, JobAccepted, Redacted, Ticket
from tests.connectors.in_memory import Place, at_its_fake, contracts, said

LEAK = "kanarienvogel-7731"
METHODS = ("ping", "locate", "erase", "export", "poll", "read_back")
STATUSES = (
    *(200, 200, 200, 201, 202, 204, 207, 301, 400, 401, 403, 404, 409, 410),
    *(418, 422, 429, 500, 502, 503),
)

every = pytest.mark.parametrize("name", sorted(contracts()))
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["", LEAK, "done", "SUCCESS", "Success", "completed", "[]", "{}"]),
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "status", "data", "results", "errors", "email", LEAK]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@dataclass(frozen=True)
class Made:
    """An answer that no honest processor gave."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str]

    def received(self) -> Received:
        """Return it as it comes off the wire."""
        return Received(
            self.status, {"date": formatdate(usegmt=True), **self.headers}, self.body
        )


@dataclass(frozen=True)
class Spoilt:
    """What is done to one place of an honest answer."""

    place: int
    value: object
    removes: bool

    def of(self, answer: Received) -> Received:
        """Return the honest answer with that place replaced or taken out."""
        try:
            document = json.loads(answer.body)
        except ValueError:
            return replace(answer, body=answer.body + LEAK.encode())
        places = list(_places(document))
        if not places:
            return replace(answer, body=json.dumps(self.value).encode())
        spoilt = deepcopy(document)
        *way, last = places[self.place % len(places)]
        there: Any = spoilt
        for step in way:
            there = there[step]
        if self.removes:
            del there[last]
        else:
            there[last] = self.value
        return replace(answer, body=json.dumps(spoilt).encode())


def _places(
    document: object, way: tuple[object, ...] = ()
) -> Sequence[tuple[Any, ...]]:
    """Return the way to each value of a JSON document."""
    found: list[tuple[Any, ...]] = []
    if isinstance(document, dict):
        steps: Sequence[tuple[object, object]] = list(document.items())
    elif isinstance(document, list):
        steps = list(enumerate(document))
    else:
        steps = []
    for step, value in steps:
        found += [(*way, step), *_places(value, (*way, step))]
    return found


made = st.builds(
    Made,
    status=st.sampled_from(STATUSES),
    body=st.one_of(
        values.map(lambda it: json.dumps(it).encode()),
        st.binary(max_size=40).map(lambda it: it + LEAK.encode()),
        st.just(b""),
        st.just(f'{{"results": [{{"id": "{LEAK}"'.encode()),
        st.just(b"[" * 100_000),
    ),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "location", "content-type", "date", "link"]),
        st.sampled_from([LEAK, "", "-1", "1e9", "9" * 400, "Mon, 99 Foo 2026", "\xff"]),
        max_size=2,
    ),
)
spoilt = st.builds(
    Spoilt,
    place=st.integers(0, 10_000),
    value=st.one_of(leaves, values),
    removes=st.booleans(),
)
lost = st.sampled_from([NoAnswer(fate, "lost") for fate in Fate])


def _steps(place: Place) -> Mapping[str, Callable[[], object]]:
    """Return each method at work on the canary; what it needs is made honestly."""
    logging.getLogger().setLevel(logging.DEBUG)
    bench = place.bench
    work = bench.find(place.identifiers)
    reply = bench.erase_once(work)
    ticket = reply.ticket if isinstance(reply, JobAccepted) else Ticket("{}")
    place.contract.seed(place.fake, CANARY)
    sink = CollectingSink({it.reference for it in work.items})
    return {
        "ping": lambda: bench.run(lambda it: it.ping()),
        "locate": lambda: bench.locate(place.identifiers),
        "erase": lambda: bench.erase_once(work),
        "export": lambda: bench.run(lambda it: it.export(work, sink)),
        "poll": lambda: bench.run(lambda it: it.poll(ticket, None)),
        "read_back": lambda: bench.read_back(work),
    }


def _nothing_got_out(
    place: Place, told: object, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [logging.Formatter().format(it) for it in caplog.records]
    text = "\n".join([*place.bench.let_out, repr(told), str(told), *lines])
    for secret in (LEAK, *CANARY.values(), *place.contract.secret_values.values()):
        assert secret not in text


@every
@EXAMPLES
@given(
    method=st.sampled_from(METHODS),
    answers=st.lists(made | lost, min_size=1, max_size=4),
)
def test_made_up_answers_end_in_nothing_good(
    name: str,
    method: str,
    answers: list[Made | NoAnswer],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No exception but a declared one, no outcome but a declared one, nothing done."""
    with at_its_fake(name) as place:
        step = _steps(place)[method]
        place.bench.let_out.clear()
        queue = list(answers)

        def instead(operation: str) -> Received | NoAnswer | None:
            if operation == "token":
                return None
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            return answer.received() if isinstance(answer, Made) else answer

        place.instead = instead
        told = said(step)

    statuses = {it.status for it in answers if isinstance(it, Made)}
    if not statuses & {200, 201, 202, 204, 404}:
        assert not isinstance(told, Done | Exported | Absent | Redacted)
    _nothing_got_out(place, told, caplog)


@every
@EXAMPLES
@given(method=st.sampled_from(METHODS), at=st.integers(0, 6), how=spoilt)
def test_spoilt_answers_end_in_a_declared_way(
    name: str, method: str, at: int, how: Spoilt, caplog: pytest.LogCaptureFixture
) -> None:
    """One member that is missing, or of another kind, is no fault of ours."""
    with at_its_fake(name) as place:
        step = _steps(place)[method]
        place.bench.let_out.clear()
        place.sent.clear()

        def twist(operation: str, honest: Received) -> Received:
            is_it = len(place.sent) == at + 1 and operation != "token"
            return how.of(honest) if is_it else honest

        place.twist = twist
        told = said(step)

    _nothing_got_out(place, told, caplog)
