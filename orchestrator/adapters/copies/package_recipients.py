"""
Who got the data, as the person's copy names them (Art 15(1)(c) GDPR; CJEU C-154/21).

The recipients are those of the receipt, by name and with what concerns the person:
neither contracts nor whether somebody was told of an erasure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from schemas.recipients import RecipientHeard

RECIPIENTS = "recipients.json"

# Never change: readers of packages look for this word.
FORMAT = "erasure-export-recipients/1"

_SAID = {
    "recipient",
    "legal_name",
    "role",
    "country",
    "sub_processors",
    "data_categories",
    "active_from",
    "active_to",
    "basis",
    "accounts",
}


def recipients_json(recipients: Sequence[RecipientHeard]) -> bytes:
    """Return the file that names *recipients*; what is not known is left out."""
    named = [
        one.model_dump(mode="json", include=_SAID, exclude_none=True)
        for one in recipients
    ]
    document = {"format": FORMAT, "recipients": named}
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
