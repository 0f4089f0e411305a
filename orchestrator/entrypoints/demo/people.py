"""
The invented people of the demo, and where each of them is known.

Five ask for something, exactly as in `examples/requests/`; two ask for nothing and
must survive, so like the first that a careless search would take them.  One of the
five is refused and must survive as well.
Addresses are under example.com and example.org (RFC 2606), telephone numbers in the
range that France reserves for fiction (ARCEP).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from orchestrator.entrypoints.demo.systems import FOUR

SPACE: Final = UUID("b5b2f6b1-55a2-4d0a-9c30-8f2f6b3f1c11")

# What a law of the register keeps for a while: the kinds of records at the shop and in
# the ledger, and what the register calls them.
KEPT_BY_LAW: Final[Mapping[str, str]] = {
    "orders": "order",
    "custom-objects": "invoice",
    "refunds": "refund",
    "refund_lines": "refund",
}
_WHERE_LAW_KEEPS: Final = "FR"  # of the four countries, this one has rules
# Systems that give a person a number of their own.
_NAMING: Final = frozenset(
    {
        *("hubspot", "klaviyo", "mixpanel", "commercetools"),
        *("amplitude", "bookings", "vtex", "returns", "refunds", "zendesk"),
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """
    Somebody invented; `is_erased` if they ask for it and are not refused.

    `has_bought` an order means that the shop has one, and its invoice.
    `held_by` is where of the demo's four systems they are known, `also_at` where of
    the others.
    """

    name: str
    customer_id: str
    email: str
    asks: str = "nothing"
    phone: str | None = None
    lives_in: str = _WHERE_LAW_KEEPS
    is_erased: bool = False
    has_bought: bool = False
    held_by: Sequence[str] = FOUR
    also_at: Sequence[str] = ()

    @property
    def is_kept_by_law(self) -> bool:
        """Whether a law keeps what the person has bought."""
        return self.lives_in == _WHERE_LAW_KEEPS

    def known_at(self, accounts: Collection[str]) -> Sequence[str]:
        """Return those of *accounts* that hold something of the person."""
        return [it for it in (*self.held_by, *self.also_at) if it in accounts]

    def name_at(self, account: str) -> str:
        """Return the random id that the system of *account* made for the person."""
        made = uuid5(SPACE, f"{account}/{self.customer_id}")
        match account:
            case "hubspot":
                return str(880_000_000_000 + made.int % 10**9)
            case "zendesk" | "amplitude":
                return str(36_000_000_000_000 + made.int % 10**12)
            case "klaviyo":
                return f"01{made.hex[:24].upper()}"
            case _:
                return str(made)

    def names_at(self, accounts: Collection[str]) -> Sequence[str]:
        """Return every id that one of *accounts* made for the person."""
        return [self.name_at(it) for it in self.known_at(accounts) if it in _NAMING]

    def identifiers(self, accounts: Collection[str]) -> Sequence[str]:
        """Return every value by which somebody could find the person again."""
        given = (self.name, self.customer_id, self.email, self.phone)
        return [value for value in (*given, *self.names_at(accounts)) if value]


ADA = Person(
    "Ada Moreau",
    "C-1001",
    "ada.moreau@example.com",
    asks="erasure",
    phone="+33199000101",
    is_erased=True,
    has_bought=True,
    also_at=(
        *("iterable", "amplitude", "cdp", "events", "bookings", "delivery"),
        *("returns", "refunds", "zendesk"),
    ),
)
BO = Person(
    "Bo Lindqvist",
    "C-1002",
    "bo.lindqvist@example.com",
    asks="two copies",
    lives_in="SE",
    also_at=(
        *("iterable", "amplitude", "cdp", "events", "bookings", "vtex"),
        *("delivery", "returns", "refunds", "zendesk"),
    ),
)
CHIARA = Person(
    "Chiara Conti",
    "C-1003",
    "chiara.conti@example.com",
    asks="copy, then erasure",
    lives_in="IT",
    is_erased=True,
    also_at=(
        *("iterable", "cdp", "bookings", "vtex", "delivery", "returns"),
        "refunds",
    ),
)
DMITRI = Person(
    "Dmitri Ilves",
    "C-1004",
    "dmitri.ilves@example.com",
    asks="erasure",
    lives_in="EE",
    is_erased=True,
    held_by=("hubspot", "mixpanel", "commercetools"),
    also_at=("amplitude", "delivery", "zendesk"),
)
OLGA = Person(
    "Olga Ilves",
    "C-2003",
    "olga.ilves@example.com",
    asks="erasure",
    lives_in="EE",
    has_bought=True,
    also_at=(
        *("amplitude", "cdp", "events", "vtex", "delivery", "refunds"),
        "zendesk",
    ),
)
EVA = Person(
    "Eva Novak",
    "C-10010",
    "eva.novak@example.com",
    phone="+33199000102",
    also_at=("iterable", "amplitude", "events", "bookings", "returns"),
)
PEOPLE: Final = (
    ADA,
    BO,
    CHIARA,
    DMITRI,
    # The same name at another address; the same digits and one more; a household.
    Person(
        "Ada Moreau II",
        "C-2001",
        "ada.moreau@example.org",
        has_bought=True,
        also_at=("iterable", "cdp", "vtex", "delivery", "refunds", "zendesk"),
    ),
    EVA,
    OLGA,
)

# What the demo shows of decisions, and of whom.
REVIEWED: Final = DMITRI  # held until two people have approved
REFUSED: Final = OLGA  # by two people, before anything is erased
EXTENDED: Final = CHIARA  # the answer may take longer
FORGED: Final = EVA  # somebody else asks in this name
