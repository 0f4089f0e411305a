"""What the manual connector promises, and what the register may say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

import pytest

from connectors.base import (
    Action,
    Evidence,
    HandedOver,
    Identifier,
    NothingFound,
    Provenance,
    Row,
    Work,
)
from connectors.fakes import desk
from connectors.fakes.desk import FakeDesk
from connectors.fakes.frame import FakeProcessor
from connectors.manual import Manual, ManualOptions
from connectors.testing import (
    CANARY,
    TASK,
    Bench,
    CollectingSink,
    ConnectorContract,
    Somebody,
)
from connectors.testing.bench import Attested
from schemas.connecting import EMAIL, Done, Exported

OPTIONS: Mapping[str, object] = {
    "name": "returns-desk",
    "instructions": {"en": "Shred the file.", "de": "Vernichten Sie die Akte."},
    "assignee": "returns-team",
    "done_before": "4d",
    "remind_before": ["5d", "1d"],
}


def a_file(somebody: Somebody, rows: int = 2) -> Mapping[str, object]:
    """Build a person's file in the cabinet."""
    return {
        "email": somebody.email,
        "phone": somebody.phone,
        "rows": [{"email": somebody.email, "note": n} for n in range(rows)],
    }


class TestManual(ConnectorContract):
    """Manual work keeps the promises every connector makes, by a person's hands."""

    connector = Manual
    fake_app = staticmethod(desk.app)
    option_values: ClassVar = OPTIONS
    secret_values: ClassVar[Mapping[str, str]] = {}
    installation = "returns-desk"
    reading = "none"
    changing = "none"

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Put a file into the cabinet."""
        fake.seed([a_file(somebody)])
        return [Identifier(EMAIL, somebody.email)]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Put a thick file into the cabinet."""
        fake.seed([a_file(CANARY, rows)])
        return [Identifier(EMAIL, CANARY.email)]

    def unknown(self) -> Sequence[Identifier]:
        """Return an address that no file has."""
        return [Identifier(EMAIL, "nobody@birds.example")]

    def by_hand(self, fake: FakeProcessor, action: Action, work: Work) -> Attested:
        """Copy or shred what the cabinet holds."""
        assert isinstance(fake, FakeDesk)
        known = {one.value for one in work.identifiers}
        if action is Action.EXPORT:
            rows = [
                Row("records", Provenance.PROVIDED, work.items[0].reference, data)
                for data in fake.copied(known)
            ]
            return Exported(len(rows)), rows
        gone = fake.erased(known)
        word = Done("deleted", Evidence.M) if gone else NothingFound(Evidence.M)
        return word, ()

    def test_work_is_handed_over_as_the_register_says(
        self, bench: Bench, person: Sequence[Identifier]
    ) -> None:
        """Whom, until when and with which reminders comes from the options."""
        work = bench.find(person)

        copied = bench.run(lambda it: it.export(work, CollectingSink(())))
        told = bench.run(lambda it: it.notify([work]))

        day = timedelta(days=1)
        wanted = HandedOver("returns-team", 4 * day, (5 * day, day))
        assert [bench.erase_once(work), copied, told[TASK]] == [wanted] * 3

    def test_each_class_is_a_record_that_nobody_has_proven(self, bench: Bench) -> None:
        """A law may keep one of them while a person erases the others."""
        bench.options = ManualOptions.model_validate(
            {**OPTIONS, "holds": ["delivery", "invoice", "delivery"]}
        )

        items = bench.find([Identifier(EMAIL, CANARY.email)]).items

        assert [(it.record_class, it.proven) for it in items] == [
            ("delivery", False),
            ("invoice", False),
        ]


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        pytest.param({"name": ""}, "at least 1 character", id="no name"),
        pytest.param({"instructions": {}}, "at least 1 item", id="no instructions"),
        pytest.param({"language": "fr"}, "say nothing in fr", id="another language"),
        pytest.param(
            {"instructions": {"en": " "}}, "at least 1 character", id="no words"
        ),
        pytest.param({"assignee": "a@b.example"}, "match pattern", id="an address"),
        pytest.param({"holds": ["secrets"]}, "use some of", id="unknown class"),
        pytest.param({"remind_before": ["0s"]}, "before the due date", id="no pause"),
        pytest.param({"done_before": "soon"}, "valid timedelta", id="no duration"),
        pytest.param({"keep_evidence": "0s"}, "greater than 0", id="keeps nothing"),
        pytest.param({"supports": ["locate"]}, "should be", id="a search"),
        pytest.param({"supports": []}, "at least 1 item", id="supports nothing"),
    ],
)
def test_option_that_cannot_be_meant_is_refused(
    changes: Mapping[str, object], advice: str
) -> None:
    """The register finds out at the start, not the person who gets the work."""
    with pytest.raises(ValueError, match=advice):
        ManualOptions.model_validate({**OPTIONS, **changes})
