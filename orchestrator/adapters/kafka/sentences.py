"""What an error of kafka-python means to the person who has to act on it."""

from __future__ import annotations

from typing import Final

from kafka import errors

from orchestrator.errors import OrchestratorError, SetUpError
from orchestrator.event_log import LogUnavailable

# The first line whose error fits is used; {name} is the error's own name.
_SENTENCES: Final[tuple[tuple[type[Exception], type[OrchestratorError], str], ...]] = (
    (
        errors.SaslAuthenticationFailedError,
        SetUpError,
        (
            "Kafka at {bootstrap} refused our credentials: check sasl_mechanism, "
            "sasl_username and sasl_password."
        ),
    ),
    (
        errors.UnsupportedSaslMechanismError,
        SetUpError,
        (
            "Kafka at {bootstrap} does not offer our sasl_mechanism: ask its operators "
            "which one it does."
        ),
    ),
    (
        errors.AuthorizationError,
        SetUpError,
        (
            "Kafka at {bootstrap} does not allow this ({name}): have our user given "
            "the right to read, write and describe our topics and group."
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
            "broker runs, and that security_protocol, certificates and credentials "
            "are those it expects."
        ),
    ),
    (
        Exception,
        LogUnavailable,
        "Kafka at {bootstrap} failed with {name}: see the broker's own log.",
    ),
)


def explain(error: errors.KafkaError, bootstrap: str) -> OrchestratorError:
    """
    Turn *error* into one sentence that says what to do.

    Only the error's name is used: its text may hold requests and answers.
    """
    kind, sentence = next(
        (kind, sentence)
        for fits, kind, sentence in _SENTENCES
        if isinstance(error, fits)
    )
    return kind(sentence.format(bootstrap=bootstrap, name=type(error).__name__))
