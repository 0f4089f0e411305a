"""The returns service: it reads instructions on one topic, and answers on another."""

from __future__ import annotations

from base64 import b64encode

from orchestrator.bootstrap.installation import Installation
from orchestrator.entrypoints.demo.fakes import PARTICIPANT
from orchestrator.entrypoints.demo.processors import Processors
from orchestrator.ports.event_log import Message
from schemas.cloudevents import Envelope, encode
from schemas.instructions import INSTRUCTION_ANSWERED, Publication
from schemas.topics import CONFIRMATIONS, instructions_topic


class Returns:
    """A service of one's own on the event log of *installation*."""

    def __init__(self, installation: Installation, processors: Processors) -> None:
        """Begin at the start of the topic, and tell it where copies are sealed to."""
        self._installation = installation
        self._fake = processors.fakes[PARTICIPANT]
        topic = instructions_topic(PARTICIPANT)
        self._reader = installation.embedded_log.consumer([topic], lambda _: {})
        key = installation.desks.receiving.public
        processors.tell(PARTICIPANT, "seals_to", b64encode(key).decode("ascii"))

    def turn(self) -> None:
        """Take what is new on the topic, and publish the answers."""
        for record in self._reader.poll(0):
            headers = {name: held.decode() for name, held in record.headers}
            id_, kind = headers["ce_id"], headers["ce_type"]
            self._fake.take(Publication(id_, id_, kind, record.value or b""))
        answers = [self._message(body) for _, body in self._fake.letters()]
        if answers:
            self._installation.publisher.publish(answers)

    def _message(self, body: bytes) -> Message:
        id_ = self._installation.clock.new_id("answer")
        event = Envelope(id_, PARTICIPANT, INSTRUCTION_ANSWERED, None, body)
        encoded = encode(event, id_)
        return Message(CONFIRMATIONS, id_.encode(), encoded.headers, encoded.value)
