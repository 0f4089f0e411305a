"""What a log line holds, and what never gets into one."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog

from orchestrator.adapters.logs import (
    KEYS,
    TALKATIVE,
    configure_logs,
    log_uncaught_errors,
)
from orchestrator.errors import Conflict, SetUpError
from schemas.connecting import Action

EMAIL = "canary.person@example.org"
PHONE = "+49 171 5550 0199"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Give every other test the logging it knows."""
    root = logging.getLogger()
    handlers, level, raising = root.handlers, root.level, logging.raiseExceptions
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    levels = {name: logging.getLogger(name).level for name in TALKATIVE}
    yield
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(capture=False)
    logging.raiseExceptions = raising
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    """Everything that is logged as JSON."""
    stream = io.StringIO()
    configure_logs("json", stream=stream)
    return stream


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return the lines as values."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_line_is_a_fact_with_its_keys(stream: io.StringIO) -> None:
    """A line has its fact, level, time and the keys that were given."""
    structlog.get_logger().info(
        "task_settled", case="c-1", action=Action.ERASE, seconds=timedelta(seconds=2)
    )

    [line] = lines_of(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "task_settled",
        "level": "info",
        "case": "c-1",
        "action": "erase",
        "seconds": 2.0,
    }


def test_key_outside_the_list_is_dropped_and_counted(stream: io.StringIO) -> None:
    """What is not on the list never reaches the line, but its absence shows."""
    structlog.get_logger().info("task_settled", case="c-1", email=EMAIL, body={"a": 1})

    [line] = lines_of(stream)
    assert line["dropped"] == 2
    assert set(line) == {"event", "level", "timestamp", "case", "dropped"}


def test_bound_context_is_filtered_too(stream: io.StringIO) -> None:
    """A key bound to the context takes the same way."""
    with structlog.contextvars.bound_contextvars(case="c-1", email=EMAIL):
        structlog.get_logger().info("task_settled")

    [line] = lines_of(stream)
    assert (line["case"], line["dropped"]) == ("c-1", 1)


def test_event_that_is_no_fact_is_replaced(stream: io.StringIO) -> None:
    """A sentence with data in it is no event."""
    structlog.get_logger().info(f"settled {EMAIL}")

    [line] = lines_of(stream)
    assert (line["event"], line["dropped"]) == ("unnamed_event", 1)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(EMAIL, id="address"),
        pytest.param(f"no such person: <{EMAIL}>", id="address in a sentence"),
        pytest.param(f"call {PHONE} now", id="phone"),
        pytest.param([EMAIL], id="list"),
        pytest.param({"email": EMAIL}, id="mapping"),
        pytest.param(EMAIL.encode(), id="bytes"),
        pytest.param(ValueError(EMAIL), id="error"),
    ],
)
def test_value_that_looks_like_a_person_is_hidden(
    stream: io.StringIO, value: object
) -> None:
    """Also an allowed key lets no address or number through."""
    structlog.get_logger().info("task_settled", reason=value)

    text = stream.getvalue()
    assert "reason" in text
    assert EMAIL not in text
    assert PHONE not in text


def test_strangers_error_is_told_by_type_and_place(stream: io.StringIO) -> None:
    """A library's message and our locals stay out; type, cause and place do not."""

    def fail(person: str) -> None:
        try:
            dict[str, str]()[person]
        except KeyError as error:
            raise RuntimeError(f"cannot find {person}") from error

    try:
        fail("Ada Canary")
    except RuntimeError:
        structlog.get_logger().exception("batch_failed", case="c-1")

    [line] = lines_of(stream)
    assert line["error"] == "RuntimeError"
    assert line["error_chain"] == "KeyError"
    assert line["where"].startswith("tests.adapters.test_logs:")
    assert "Canary" not in stream.getvalue()


def test_our_errors_message_is_kept(stream: io.StringIO) -> None:
    """Our own errors are whole sentences without personal data."""
    structlog.get_logger().error(
        "start_failed", exc_info=SetUpError("Write a register.")
    )

    [line] = lines_of(stream)
    assert line["reason"] == "Write a register."


def test_given_reason_beats_the_errors_message(stream: io.StringIO) -> None:
    """A caller's own code is not overwritten."""
    structlog.get_logger().error("step_undone", reason="raced", exc_info=Conflict("x"))

    assert lines_of(stream)[0]["reason"] == "raced"


@pytest.mark.parametrize(
    "name", ["httpx", "aiohttp.client", "kafka.conn", "sqlalchemy"]
)
def test_library_is_silent_below_warnings(stream: io.StringIO, name: str) -> None:
    """Requests, keys and values that libraries print below warnings are not written."""
    configure_logs("json", "debug", stream=stream)
    logging.getLogger(name).info("HTTP Request: GET https://x/?email=%s", EMAIL)
    logging.getLogger(name).debug("payload %s", EMAIL)

    assert stream.getvalue() == ""


def test_librarys_warning_comes_without_its_values(stream: io.StringIO) -> None:
    """A warning is told by its template; its arguments are left out."""
    logging.getLogger("kafka.conn").warning("cannot reach %s for %s", "b-1", EMAIL)

    [line] = lines_of(stream)
    assert line["event"] == "library_logged"
    assert line["level"] == "warning"
    assert line["logger"] == "kafka.conn"
    assert line["template"] == "cannot reach %s for %s"
    assert line["where"].startswith("test_logs:")


def test_librarys_finished_text_is_left_out(stream: io.StringIO) -> None:
    """A text without arguments may hold anything, and so is not repeated."""
    logging.getLogger("asyncio").error(f"Task failed for {EMAIL}")  # noqa: G004 (the fault under test)

    [line] = lines_of(stream)
    assert line["level"] == "error"
    assert "template" not in line
    assert EMAIL not in stream.getvalue()


def test_logger_opened_wide_by_others_stays_closed(stream: io.StringIO) -> None:
    """A library that lowers its own level still writes nothing below warnings."""
    logging.getLogger("httpx").setLevel(logging.DEBUG)

    logging.getLogger("httpx").info("GET %s", EMAIL)

    assert stream.getvalue() == ""


def test_uncaught_error_comes_without_its_text(stream: io.StringIO) -> None:
    """What nobody caught is a line, not a traceback with data."""
    log_uncaught_errors()
    error = RuntimeError(EMAIL)

    sys.excepthook(RuntimeError, error, None)
    thread = threading.Thread(target=lambda: (_ for _ in ()).throw(error).__next__())
    thread.start()
    thread.join()

    events = [line["event"] for line in lines_of(stream)]
    assert events == ["uncaught_error", "uncaught_error_in_thread"]
    assert EMAIL not in stream.getvalue()


def test_level_hides_what_is_less_important(stream: io.StringIO) -> None:
    """At warning, facts of daily life are not written."""
    configure_logs("json", "warning", stream=stream)

    structlog.get_logger().info("task_settled")
    structlog.get_logger().warning("account_paused")

    assert [line["event"] for line in lines_of(stream)] == ["account_paused"]


def test_terminal_gets_lines_for_people() -> None:
    """On a terminal a line is for reading, elsewhere for machines."""
    terminal, pipe = Terminal(), io.StringIO()

    configure_logs(stream=terminal)
    structlog.get_logger().info("task_settled", case="c-1")
    configure_logs(stream=pipe)
    structlog.get_logger().info("task_settled", case="c-1")

    assert "task_settled" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    assert lines_of(pipe)[0]["case"] == "c-1"


def test_control_characters_reach_no_terminal() -> None:
    """A value cannot move the reader's cursor."""
    terminal = Terminal()
    configure_logs("console", stream=terminal)

    structlog.get_logger().info("task_settled", reason="\x1b[2Jgone\nfake_line")

    assert "\x1b[2J" not in terminal.getvalue()
    assert terminal.getvalue().count("\n") == 1


def test_reader_that_went_away_stops_nothing() -> None:
    """A closed stderr is no reason to stop working."""
    stream = io.StringIO()
    configure_logs("json", stream=stream)
    stream.close()

    structlog.get_logger().info("task_settled")

    assert stream.closed


def test_no_allowed_key_names_a_person() -> None:
    """The list holds no key that invites personal data."""
    inviting = {
        "email",
        "phone",
        "name",
        "subject",
        "body",
        "url",
        "path",
        "identifier",
    }

    assert not KEYS & inviting
