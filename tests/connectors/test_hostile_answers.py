"""An answer that has no end, or grows when it is read, ends by our own limits."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from datetime import timedelta

import pytest

from connectors.transport.http import (
    AnswerLost,
    Api,
    ContractChanged,
    ProcessorError,
    TryLater,
)
from tests.connectors.echo import Shell, downloaded, get, put
from tests.connectors.raw_server import Speak, for_ever, saying, speaking

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b"400\r\n" + b"x" * 1024 + b"\r\n"


def packed(body: bytes, encoding: bytes) -> bytes:
    """Return an answer whose body is encoded as it says."""
    length = str(len(body)).encode()
    return (
        OK
        + b"Content-Encoding: "
        + encoding
        + b"\r\nContent-Length: "
        + length
        + b"\r\n\r\n"
        + body
    )


def a_bomb(layers: int) -> bytes:
    """Return zeros packed so often."""
    body = b"0" * 20_000_000
    for _ in range(layers):
        body = gzip.compress(body)
    return body


HOSTILE = [
    pytest.param(
        for_ever(CHUNKED, CHUNK), ContractChanged, "answer_too_large", id="chunks"
    ),
    pytest.param(
        for_ever(OK + b"\r\n", b"x" * 4096),
        ContractChanged,
        "answer_too_large",
        id="body without a length",
    ),
    pytest.param(
        saying(packed(a_bomb(1), b"gzip")),
        ContractChanged,
        "answer_too_large",
        id="bomb",
    ),
    pytest.param(
        saying(packed(a_bomb(2), b"gzip, gzip")),
        ContractChanged,
        "undecodable",
        id="bomb in a bomb",
    ),
    pytest.param(
        saying(packed(b"\x00", b"br")), ContractChanged, "undecodable", id="not asked"
    ),
    pytest.param(
        saying(packed(b"not gzip", b"gzip")),
        ContractChanged,
        "undecodable",
        id="no gzip at all",
    ),
    pytest.param(
        for_ever(OK, b"X-Again: x\r\n"), TryLater, "connection_lost", id="headers"
    ),
    pytest.param(
        for_ever(OK + b"X-Long: ", b"x" * 1024),
        TryLater,
        "connection_lost",
        id="header without an end",
    ),
    pytest.param(
        for_ever(CHUNKED + b"1;", b"x" * 1024),
        TryLater,
        None,
        id="chunk extension without an end",
    ),
    pytest.param(
        for_ever(CHUNKED + b"0\r\n", b"X-Trailer: x\r\n"),
        TryLater,
        None,
        id="trailers",
    ),
    pytest.param(
        for_ever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        TryLater,
        "timeout",
        id="interim answers",
    ),
    pytest.param(saying(b"ICY 200 OK\r\n\r\n"), TryLater, "connection_lost", id="ICY"),
    pytest.param(
        saying(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        TryLater,
        "connection_lost",
        id="two lengths",
    ),
]


def patience_for(told: str | None) -> timedelta:
    """Wait long for what ends by itself, and a second for what does not."""
    return timedelta(seconds=1 if told in {"timeout", None} else 60)


@pytest.mark.parametrize(("speak", "error", "told"), HOSTILE)
def test_hostile_answer_ends_by_our_limits(
    speak: Speak, error: type[ProcessorError], told: str | None, shell: Shell
) -> None:
    """Neither memory nor time is the processor's to take."""
    with speaking(speak) as raw:
        shell.base, shell.timeout = raw.url, patience_for(told)
        tracemalloc.start()
        try:
            with pytest.raises(error, match=told):
                shell.run(get)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 60_000_000


@pytest.mark.parametrize(("speak", "error", "told"), HOSTILE)
def test_hostile_answer_to_a_write_is_a_lost_answer(
    speak: Speak,
    error: type[ProcessorError],  # noqa: ARG001 (a read's)
    told: str | None,
    shell: Shell,
) -> None:
    """What was written is unknown, so nothing is written again."""
    with speaking(speak) as raw:
        shell.base, shell.timeout = raw.url, patience_for(told)

        with pytest.raises(AnswerLost):
            shell.run(put)

        assert len(raw.heads) == 1


@pytest.mark.parametrize(
    "speak",
    [
        pytest.param(for_ever(CHUNKED, CHUNK), id="chunks"),
        pytest.param(for_ever(b"", b"HTTP/1.1 103 x\r\n\r\n"), id="interim answers"),
        pytest.param(saying(packed(a_bomb(1), b"gzip")), id="bomb"),
        pytest.param(saying(packed(a_bomb(2), b"gzip, gzip")), id="bomb in a bomb"),
        pytest.param(for_ever(OK, b"X-Again: x\r\n"), id="headers"),
    ],
)
def test_hostile_download_ends_by_our_limits(speak: Speak, shell: Shell) -> None:
    """A file has larger limits than an answer, and has them."""
    with speaking(speak) as raw:
        shell.timeout = timedelta(seconds=1)

        with pytest.raises((ContractChanged, TryLater)):
            shell.run(lambda api: downloaded(api, raw.url))


def gzip_that_drips() -> Callable[..., None]:
    """Send the head of a gzip for ever, a byte at a time: nothing ever comes out."""
    return for_ever(
        OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03",
        b"name",
    )


def test_download_that_never_brings_a_byte_ends(shell: Shell) -> None:
    """Time is measured by what comes out, not by what comes in."""
    with speaking(gzip_that_drips()) as raw:
        shell.timeout = timedelta(seconds=0.5)

        async def step(api: Api) -> bytes:
            return await downloaded(api, raw.url)

        with pytest.raises(TryLater, match="timeout"):
            shell.run(step)
