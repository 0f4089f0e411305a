"""What an error of kafka-python means to the person who has to act on it."""

from __future__ import annotations

from typing import Final

from kafka import errors

from orchestrator.errors import OrchestratorError, SetUpError
from orchestrator.ports.event_log import LogUnavailable

# The first line whose error fits is used; {name} is the error's own name.
_SENTENCES: Final[tuple[tuple[type[Exception], type[OrchestratorError], str], ...]] = (
    (
        errors.AuthorizationError,
        SetUpError,
        (
            "Kafka at {bootstrap} does not allow this ({name}): have our user given "
            "the rights on our topics and group that docs/kafka.md lists."
        ),
    ),
    (
        errors.FencedInstanceIdError,
        SetUpError,
        (
            "Another process joined the group under this process's slot: give every "
            "process a slot of its own, then start this one again."
        ),
    ),
    (
        errors.UnsupportedCodecError,
        SetUpError,
        (
            "A record is compressed in a way this installation cannot read: install "
            "requirements/run.txt again, which brings lz4, python-snappy and zstandard."
        ),
    ),
    (
        errors.MessageSizeTooLargeError,
        SetUpError,
        (
            "Kafka at {bootstrap} finds a message too large: raise max.message.bytes "
            "of its topic to 1048588, or make the message smaller."
        ),
    ),
    (
        errors.KafkaTimeoutError,
        LogUnavailable,
        (
            "No Kafka answers at {bootstrap}: check the address, the port, that the "
            "broker runs, and that ERASURE_KAFKA_SECURITY_PROTOCOL is what it "
            "expects at this port."
        ),
    ),
    (
        Exception,
        LogUnavailable,
        "Kafka at {bootstrap} failed with {name}: see the broker's own log.",
    ),
)


_NOT_IN: Final = (
    errors.KafkaTimeoutError,
    errors.KafkaConnectionError,
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
)


def explain(
    error: errors.KafkaError, bootstrap: str, trouble: str | None = None
) -> OrchestratorError:
    """
    Turn *error* into one sentence that says what to do.

    Where nobody answered or let us in, *trouble* is said if it is known.  Only the
    error's name is used: its text may hold requests and answers.
    """
    if trouble is not None and isinstance(error, _NOT_IN):
        return LogUnavailable(trouble)
    kind, sentence = next(
        (kind, sentence)
        for fits, kind, sentence in _SENTENCES
        if isinstance(error, fits)
    )
    return kind(sentence.format(bootstrap=bootstrap, name=type(error).__name__))
