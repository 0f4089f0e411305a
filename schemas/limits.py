"""What a receipt does not prove."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Limit(StrEnum):
    """What the statement does not prove; `LIMITS` says each in a sentence."""

    RECIPIENTS_WORD = "recipients_word"
    LOOK_IS_A_MOMENT = "look_is_a_moment"
    UNPROVEN_IDS = "unproven_ids"
    REGISTERED_ACCOUNTS_ONLY = "registered_accounts_only"
    BACKUPS_EXPIRE_LATER = "backups_expire_later"
    VERIFIED_BY_PORTAL = "verified_by_portal"
    BELOW_DEMAND = "below_demand"
    USE_NOT_STOPPED = "use_not_stopped"


LIMITS: Final = {
    Limit.RECIPIENTS_WORD: "Lines below E4 rest on the recipient's own confirmation.",
    Limit.LOOK_IS_A_MOMENT: "E4 says that a record was gone when we looked.",
    Limit.UNPROVEN_IDS: "Some recipients cannot say whether they know an identifier.",
    Limit.REGISTERED_ACCOUNTS_ONLY: "Only accounts of this register were asked.",
    Limit.BACKUPS_EXPIRE_LATER: "Recipients' backups expire on their own schedule.",
    Limit.VERIFIED_BY_PORTAL: "Identity was verified by the portal, not by us.",
    Limit.BELOW_DEMAND: "Some lines are proven less well than the controller demands.",
    Limit.USE_NOT_STOPPED: "Nobody said that use of what was not erased has stopped.",
}
