"""
The head of the log of statements, as it leaves the house.

Whoever keeps these events can rebuild the log from the statements that they name, and
sees if one was deleted, reordered, altered or put in afterwards.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from schemas.fields import Produced, SafeId, Sha256, UtcInstant

# Never change: the event type on the topic.
LOG_CHECKPOINTED: Final = "privacy.log.checkpointed.v1"

LogName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{2,127}$")
]


class LoggedStatement(Produced):
    """A statement that stands in the log."""

    statement_id: SafeId
    leaf: Sha256 = Field(description="SHA-256 of a zero byte and the receipt's file.")


class LogCheckpointed(Produced):
    """The data of `privacy.log.checkpointed.v1`: the log's head, and what is new."""

    schema_version: Literal["1"] = "1"
    log: LogName = Field(description="The log's name, as the note says it.")
    size: Annotated[int, Field(ge=1)] = Field(description="Statements in the log.")
    root: Sha256 = Field(description="The root of its Merkle tree (RFC 6962).")
    key_id: Sha256 = Field(description="Which key signed the note.")
    signed_at: UtcInstant
    note: Annotated[str, StringConstraints(max_length=4096)] = Field(
        description="The signed checkpoint (C2SP tlog-checkpoint), to be kept as it is."
    )
    added: tuple[LoggedStatement, ...] = Field(
        min_length=1, description="What came since the checkpoint before, in order."
    )

    @property
    def first(self) -> int:
        """The number in the log of the first statement that is new, from 0."""
        return self.size - len(self.added)


def checkpoint_line(checkpoint: LogCheckpointed) -> str:
    """Spell a checkpoint as one line of JSON, as the event carries it."""
    return checkpoint.model_dump_json(exclude_none=True)
