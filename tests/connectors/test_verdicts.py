"""What an answer, or its absence, means: the table of the shell."""

from __future__ import annotations

import pytest

from connectors.errors import (
    AccessRefused,
    AnswerLost,
    ContractChanged,
    ProcessorError,
    Refused,
    TryLater,
)
from connectors.transport.wire import Fate, NoAnswer, Received
from connectors.verdicts import LONGEST, Again, Unauthorised, judge, retry_after
from schemas.connecting import Effect

_NOT_SENT = NoAnswer(Fate.NOT_SENT, "connect_failed")
_LOST = NoAnswer(Fate.LOST, "timeout")
_UNUSABLE = NoAnswer(Fate.UNUSABLE, "undecodable")


def an_answer(status: int, **headers: str) -> Received:
    """Return an answer without a body."""
    return Received(status, {k.replace("_", "-"): v for k, v in headers.items()}, b"")


@pytest.mark.parametrize(
    ("outcome", "read", "write"),
    [
        pytest.param(_NOT_SENT, Again, Again, id="no connection"),
        pytest.param(_LOST, Again, AnswerLost, id="lost"),
        pytest.param(_UNUSABLE, ContractChanged, AnswerLost, id="unusable"),
        pytest.param(an_answer(200), Received, Received, id="200"),
        pytest.param(an_answer(204), Received, Received, id="204"),
        pytest.param(an_answer(304), ContractChanged, ContractChanged, id="304"),
        pytest.param(an_answer(307), ContractChanged, ContractChanged, id="307"),
        pytest.param(an_answer(400), Refused, Refused, id="400"),
        pytest.param(an_answer(401), Unauthorised, Unauthorised, id="401"),
        pytest.param(an_answer(403), AccessRefused, AccessRefused, id="403"),
        pytest.param(an_answer(404), Refused, Refused, id="404"),
        pytest.param(an_answer(429), Again, Again, id="429"),
        pytest.param(an_answer(500), Again, AnswerLost, id="500"),
        pytest.param(an_answer(502), Again, AnswerLost, id="502"),
        pytest.param(an_answer(503), Again, TryLater, id="503 without a time"),
        pytest.param(an_answer(503, retry_after="1"), Again, Again, id="503, a time"),
        pytest.param(an_answer(504), Again, AnswerLost, id="504"),
        pytest.param(an_answer(999), ContractChanged, ContractChanged, id="999"),
    ],
)
def test_outcome_means(
    outcome: Received | NoAnswer, read: type[object], write: type[object]
) -> None:
    """Reads are repeated where that may help, writes only where nothing was done."""
    assert type(judge(Effect.READ, outcome)) is read
    assert type(judge(Effect.WRITE, outcome)) is write


@pytest.mark.parametrize("status", [401, 404, 409, 429, 503])
def test_status_the_connector_accepts_is_an_answer(status: int) -> None:
    """A connector may take any status as an answer and decide itself."""
    assert judge(Effect.WRITE, an_answer(status), (status,)) == an_answer(status)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": " 0 "}, 0.0, id="now"),
        pytest.param(
            {
                "retry-after": "Sun, 22 Nov 2026 10:01:30 GMT",
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            90.0,
            id="a date against the answer's own",
        ),
        pytest.param(
            {
                "retry-after": "Sun, 22 Nov 2026 09:00:00 GMT",
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            0.0,
            id="a date gone by",
        ),
        pytest.param(
            {"retry-after": "Sun, 22 Nov 2026 10:00:00 GMT"}, None, id="no clock"
        ),
        pytest.param({"retry-after": "soon"}, None, id="a word"),
        pytest.param({"retry-after": "9" * 400}, LONGEST, id="for ever"),
        pytest.param(
            {
                "retry-after": "Fri, 31 Dec 9999 23:59:59 GMT",
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            LONGEST,
            id="a date that nobody lives to see",
        ),
        pytest.param({"retry-after": "-5"}, None, id="negative"),
        pytest.param({"retry-after": "²"}, None, id="not a digit"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    """Retry-After counts in both its forms, and nonsense is no number."""
    assert retry_after(headers) == seconds


def test_every_error_is_a_processor_error() -> None:
    """A caller that knows the root of the tree catches all of it."""
    assert isinstance(judge(Effect.WRITE, _LOST), ProcessorError)
