"""A processor's answer, out of which a connector takes only what it names."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from connectors.errors import AnswerLost, ContractChanged, ProcessorError
from connectors.transport.wire import Received
from schemas.connecting import Effect

ModelT = TypeVar("ModelT", bound=BaseModel)


class Answer:
    """A processor's answer: the status, a few headers, and a body nobody may log."""

    def __init__(self, operation: str, effect: Effect, received: Received) -> None:
        self.status = received.status
        self._operation = operation
        self._effect = effect
        self._received = received

    def __repr__(self) -> str:
        return f"Answer({self._operation}, {self.status})"

    def header(self, name: str) -> str | None:
        """Return one header's value."""
        return self._received.headers.get(name.lower())

    def parse(self, model: type[ModelT]) -> ModelT:
        """Validate the body; raises what `unexpected` returns."""
        try:
            return model.model_validate_json(self._received.body)
        except ValidationError:
            # Raised below, outside the handler: the validation error quotes the body.
            pass
        raise self.unexpected()

    def says(self, words: str) -> bool:
        """Say whether the body holds these *words*, in whatever case and format."""
        return words.lower().encode() in self._received.body.lower()

    def content(self) -> bytes:
        """Return the body of an answer that is a file; it may not be logged."""
        return self._received.body

    def unexpected(self) -> ProcessorError:
        """Return `ContractChanged` for a read, `AnswerLost` for a write."""
        if self._effect is Effect.WRITE:
            return AnswerLost("unexpected_answer")
        return ContractChanged(f"unexpected_answer_to_{self._operation}")
