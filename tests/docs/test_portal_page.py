"""docs/portal.md says what the schemas say."""

from __future__ import annotations

import re

from schemas.case_events import CASE_EVENTS
from schemas.cloudevents import MAX_HEADER_BYTES, MAX_VALUE_BYTES
from schemas.later_words import LATER_TYPES
from schemas.rejections import RejectionCode
from schemas.requests import MAX_IDENTIFIERS, Channel, PrivacyRequest, Right
from schemas.topics import REQUESTS, topic
from tests.support import portal_doc

TEXT = portal_doc.PAGE.read_text(encoding="utf-8")


def test_table_is_the_codes() -> None:
    """Each code, and no other, stands in the table with its rule and hint."""
    assert portal_doc.rewritten(TEXT) == TEXT
    assert all(f"| `{code.value}` |" in TEXT for code in RejectionCode)


def test_every_member_is_explained() -> None:
    """Each member of a request has its row, and each row is a member."""
    rows = re.search(r"## The data\n(.*?)\n\nTimes are", TEXT, re.DOTALL)
    assert rows is not None

    explained = re.findall(r"^\| `(\w+)` \|", rows[1], re.MULTILINE)

    assert explained == list(PrivacyRequest.model_fields)


def test_every_event_is_listed() -> None:
    """What comes back is what case events there are."""
    _, _, below = TEXT.partition("## What comes back\n")
    section, _, _ = below.partition("\n## ")
    listed = set(re.findall(r"^\| `(privacy\.[a-z.]+\.v1)` \|", section, re.MULTILINE))

    assert listed - set(LATER_TYPES) == set(CASE_EVENTS)


def test_words_and_numbers_are_the_codes_own() -> None:
    """Channels, rights and limits are told as they are."""
    for word in (*Channel, *Right):
        assert f"`{word.value}`" in TEXT
    for number in (MAX_VALUE_BYTES, MAX_HEADER_BYTES):
        assert f"{number:,} bytes" in TEXT
    assert f"At most {MAX_IDENTIFIERS}." in TEXT
    requests = topic(REQUESTS)
    assert f"sets {requests.retention.days} days" in TEXT
    assert f"{requests.partitions} partitions" in TEXT
