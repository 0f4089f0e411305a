"""
Log lines that cannot hold a person.

A line is a fixed fact in snake_case and a few keys out of an allow-list; whatever
else a caller passes is dropped and counted.  Exceptions are told by their type and
place; only our own errors' messages are repeated, because they are written to be
free of personal data, while a library's often quote a URL or a payload.  Libraries'
log lines take the same way, from warnings on.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum
from traceback import walk_tb
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# What a line may say.  Add a key only if its values can never come from a person's
# data or from a processor's answer.
KEYS = frozenset(
    {
        # the line itself
        *("event", "level", "timestamp", "logger", "template", "where", "dropped"),
        # what it is about
        *("account", "action", "call", "case", "connector", "controller", "instance"),
        *("kind", "message_id", "operation", "outcome", "rights", "stage", "statement"),
        *("signal", "state", "status", "task", "topic", "partition", "offset", "group"),
        "pull",
        # why, in our own codes and sentences
        *(
            "advice",
            "cause",
            "code",
            "error",
            "error_chain",
            "evidence",
            "hint",
            "reason",
        ),
        # how much, how long, until when
        *("attempt", "bytes", "count", "due_at", "epoch", "items", "lag", "members"),
        *("retry_after", "rows", "seconds", "until", "version", "wake_at"),
    }
)
# Packages whose errors carry messages written here.
_OURS = ("orchestrator.", "connectors.", "schemas.")
# They print URLs, keys or values below warnings, so no setting lets them.
TALKATIVE = (
    *("aiohttp", "alembic", "asyncio", "httpcore", "httpx", "kafka", "sqlalchemy"),
    *("uvicorn",),
)
_FACT = re.compile(r"[a-z][a-z0-9_]*")
# A second net under the allow-list: addresses and phone numbers inside sentences.
_PERSONAL = re.compile(r"[^\s\"'<>]+@[^\s\"'<>]+|\+[0-9][0-9 ()./-]{6,}[0-9]")
_HIDDEN = "[hidden]"
_MAX_TEXT = 400
_MAX_PLACES = 6


def configure_logs(
    log_format: str = "auto", level: str = "info", *, stream: TextIO | None = None
) -> None:
    """
    Send every log line of the process to *stream* (stderr where absent).

    *log_format* is `console`, `json`, or `auto`: console on a terminal, else JSON.
    """
    target = sys.stderr if stream is None else stream
    is_terminal = target.isatty()
    as_console = log_format == "console" or (log_format == "auto" and is_terminal)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            tell_error,
            keep_allowed,  # after the exception was told: nothing passes by it
            _renderer(as_console=as_console, colours=is_terminal),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        logger_factory=lambda *_: _Lines(target),
        cache_logger_on_first_use=False,  # so that a test may configure again
    )
    _take_over_libraries()


def log_uncaught_errors() -> None:
    """Tell errors that nobody caught as log lines; Python would quote their text."""

    def of_process(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            _log().error("uncaught_error", exc_info=(kind, error, trace))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            _log().error("uncaught_error_in_thread", exc_info=args.exc_value)

    def of_nobody(args: sys.UnraisableHookArgs) -> None:
        _log().error("unraisable_error", exc_info=args.exc_value)

    sys.excepthook = of_process
    threading.excepthook = of_thread
    sys.unraisablehook = of_nobody  # errors in `__del__`, which nobody can catch


def tell_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """
    Replace `exc_info` by the error's type, chain and place.

    Locals and source lines are left out; a message is kept only if the error's class
    is ours.
    """
    error = _error_in(event.pop("exc_info", None))
    event.pop("stack_info", None)
    if error is None:
        return event
    event["error"] = type(error).__name__
    if _is_ours(error):
        event.setdefault("reason", str(error))
    causes = [type(cause).__name__ for cause in _causes(error)]
    if causes:
        event["error_chain"] = " < ".join(causes)
    event["where"] = " < ".join(_places(error.__traceback__))
    return event


def keep_allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep the allow-list's keys with plain values; count what is dropped."""
    kept = {key: _plain(value) for key, value in event.items() if key in KEYS}
    dropped = len(event) - len(kept)
    if not _FACT.fullmatch(str(event.get("event", ""))):
        kept["event"] = "unnamed_event"
        dropped += 1
    if dropped:
        kept["dropped"] = dropped
    return kept


class _Lines:
    """Writes finished lines, one at a time."""

    _lock = threading.Lock()

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write *line*; a reader that went away must not stop the work."""
        with self._lock:
            try:
                self._stream.write(f"{line}\n")
                self._stream.flush()
            except (OSError, ValueError):
                return

    debug = info = warning = error = critical = exception = fatal = msg


class _FromLibraries(logging.Handler):
    """Takes the standard library's records into our lines, without their text."""

    def emit(self, record: logging.LogRecord) -> None:
        """
        Tell who said it and where.

        A format string with its arguments apart is code and may be shown; a finished
        text may hold anything.
        """
        template = record.msg if record.args and isinstance(record.msg, str) else None
        _log().log(
            logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING,
            "library_logged",
            logger=record.name,
            **({"template": template} if template else {}),
            where=f"{record.module}:{record.lineno}",
            exc_info=record.exc_info,
        )


def _take_over_libraries() -> None:
    """Let the standard library's loggers speak through us, from warnings on."""
    handler = _FromLibraries(level=logging.WARNING)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in TALKATIVE:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    # A failing handler would otherwise print the record's text to stderr.
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)


def _log() -> structlog.typing.FilteringBoundLogger:
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def _renderer(*, as_console: bool, colours: bool) -> Processor:
    if as_console:
        return structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=28)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _error_in(value: object) -> BaseException | None:
    """Return the error that `exc_info` stands for in any of its spellings."""
    if isinstance(value, BaseException):
        return value
    if isinstance(value, tuple):
        return value[1] if isinstance(value[1], BaseException) else None
    return sys.exception() if value else None


def _is_ours(error: BaseException) -> bool:
    return f"{type(error).__module__}.".startswith(_OURS)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what led to *error*, latest first."""
    seen = {id(error)}
    cause = error.__cause__ or error.__context__
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _places(trace: TracebackType | None) -> list[str]:
    """Return the innermost places as `module:line`, where it was raised first."""
    places = [
        f"{frame.f_globals.get('__name__', '?')}:{line}"
        for frame, line in walk_tb(trace)
    ]
    return places[::-1][:_MAX_PLACES]


def _plain(value: object) -> object:
    """Reduce a value to what a line may show; a stranger's `repr` is never called."""
    if isinstance(value, Enum):
        return _plain(value.value)
    match value:
        case str():
            return _clean(value)
        case None | bool() | int() | float():
            return value
        case datetime() | timedelta():
            return _time(value)
        case list() | tuple() | set() | frozenset():
            return sorted(str(_plain(one)) for one in value)
        case _:
            return f"[{type(value).__name__}]"


def _time(value: datetime | timedelta) -> str | float:
    return value.isoformat() if isinstance(value, datetime) else value.total_seconds()


def _clean(text: str) -> str:
    """Shorten *text*, hide what looks like a person, drop control characters."""
    shown = "".join(one if one.isprintable() else " " for one in text[:_MAX_TEXT])
    return _PERSONAL.sub(_HIDDEN, shown)
