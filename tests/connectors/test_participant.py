"""What the participant connector promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest
from pydantic import ValidationError

from connectors.base import Identifier
from connectors.fakes import participant
from connectors.fakes.frame import FakeProcessor
from connectors.participant import Participant, ParticipantOptions
from connectors.signed.public_keys import key_name, raw_key
from connectors.testing import CANARY, Somebody
from connectors.testing.office import OUR_SEALING_KEY, OUR_SIGNING_KEY
from connectors.testing.work import Working
from schemas.connecting import EMAIL
from tests.connectors.in_house import a_member, of


class TestParticipant(Working):
    """A participant keeps every promise that needs no HTTP; nothing lies in clear."""

    connector = Participant
    fake_app = staticmethod(participant.app)
    option_values: ClassVar = {
        "signing_keys": [participant.SIGNING_KEY],
        "sealing_key": participant.SEALING_KEY,
    }
    secret_values: ClassVar = {}
    installation = key_name(raw_key(participant.SEALING_KEY))[:16]
    reading = ""
    changing = ""
    awkward_reference = None
    # What fits into one sealed answer.
    rows_of_many = 500

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a record that carries everything."""
        fake.command("trusts", OUR_SIGNING_KEY)
        fake.command("seals_to", OUR_SEALING_KEY)
        fake.seed([a_member(somebody)])
        return of(somebody)

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed one record with that many rows."""
        self.seed(fake, CANARY)
        fake.seed([a_member(CANARY, rows=rows)])
        return of(CANARY)

    def unknown(self) -> Sequence[Identifier]:
        """Return an address that the service never met."""
        return [Identifier(EMAIL, "nobody@birds.example")]


def test_class_that_no_retention_rule_names_is_refused() -> None:
    """A misspelt class would silently undo the rule that keeps the records."""
    values = {**TestParticipant.option_values, "record_class": "retuns"}

    with pytest.raises(ValidationError, match="use one of"):
        ParticipantOptions.model_validate(values)
