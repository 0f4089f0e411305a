"""
What the register says about one controller, as the core needs it.

A case pins the version of the register it was opened under; the plan of that
version stays with the case until it closes, so a later edit never moves work that
is under way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from orchestrator.core.words import (
    AccountId,
    Level,
    RegisterVersion,
    Rehearsal,
    Right,
    Until,
)
from schemas.connecting import (
    Action,
    Evidence,
    IdentifierType,
    Mode,
    Proof,
    Replay,
)
from schemas.kept_fields import KeptField

ONE_DAY = timedelta(days=1)
ONE_HOUR = timedelta(hours=1)
TOLD_ROLES = frozenset({"joint", "independent"})


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """
    A law that keeps one record class, and for how long.

    The period starts at the record's own start date, or at the end of that calendar
    year where the statute says so (for example AO section 147(4)).
    """

    id: str
    record_class: str
    statute: str
    years: int
    from_end_of_year: bool
    jurisdictions: frozenset[str] = frozenset()  # empty: everywhere
    fields: frozenset[KeptField] = frozenset()  # empty: it needs the whole record

    def keeps_until(self, started_on: date) -> date:
        """Return the last day of the retention period."""
        if self.from_end_of_year:
            return date(started_on.year + self.years, 12, 31)
        try:
            return started_on.replace(year=started_on.year + self.years)
        except ValueError:  # 29 February
            return date(started_on.year + self.years, 2, 28)

    def covers(self, record_class: str, jurisdiction: str) -> bool:
        """Tell whether the rule names *record_class* in *jurisdiction*."""
        country = jurisdiction.partition("-")[0]
        return record_class == self.record_class and (
            not self.jurisdictions or bool(self.jurisdictions & {jurisdiction, country})
        )


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """How many people decide on requests for a right, before they are carried out."""

    right: Right
    deciders: int  # 0: nobody, 1, or 2 different ones
    jurisdictions: frozenset[str] = frozenset()  # empty: everywhere else

    def precision(self, right: Right, jurisdiction: str) -> int:
        """Return 0 if the rule does not hold there, and more the closer it names it."""
        country = jurisdiction.partition("-")[0]
        if right is not self.right:
            return 0
        if not self.jurisdictions:
            return 1
        if jurisdiction in self.jurisdictions:
            return 3
        return 2 if country in self.jurisdictions else 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """
    An organisation that has the data, or had it, as the receipt names it.

    `not_told_because` (with `explanation`) is the register's reason for one that no
    account instructs or tells; `active_from` and `active_to` are both inclusive.
    """

    id: str
    legal_name: str
    role: str  # processor | joint | independent
    contact: str | None = None  # where its privacy team is reached
    country: str | None = None
    sub_processors: tuple[str, ...] = ()
    data_categories: tuple[str, ...] = ()
    contract: str | None = None
    active_from: date | None = None
    active_to: date | None = None
    not_told_because: str | None = None
    explanation: str | None = None
    backups_kept_for: timedelta | None = None
    restore_procedure: str | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """How long an account may be silent before somebody is reminded, then told."""

    remind_after: timedelta = 3 * ONE_DAY
    escalate_after: timedelta = 7 * ONE_DAY


@dataclass(frozen=True, slots=True)
class PlannedAccount:
    """
    One account's part in the workflow.

    `fed_by` names accounts whose data flows into this one: it is erased after them, or
    once they have come as far as `fed_until` says.
    The identity root is erased last.  `accepts` and `yields` are what the account's
    search takes and may teach, after the register's own mapping.
    """

    id: AccountId
    recipient: str
    connector: str
    connector_version: str
    category: str
    mode: Mode
    actions: frozenset[Action]
    accepts: frozenset[IdentifierType]
    yields: frozenset[IdentifierType]
    writes: frozenset[Action] = frozenset({Action.ERASE})  # left out in a dry run
    is_sandbox: bool = False  # holds no real people's data
    min_evidence: Evidence | None = None  # less is shown as such
    installation: str | None = None  # the account's own name at the processor
    cancels: frozenset[Action] = frozenset()  # jobs that can be called back
    fed_by: tuple[AccountId, ...] = ()
    fed_until: Mapping[AccountId, Until] = field(default_factory=dict)
    is_identity_root: bool = False
    proof: Proof = Proof.LOOKUP
    replay: Mapping[Action, Replay] = field(default_factory=dict)
    people_per_call: Mapping[Action, int] = field(default_factory=dict)
    items_per_call: Mapping[Action, int] = field(default_factory=dict)
    looks_wanted: int = 1
    settle_for: timedelta = timedelta(0)
    horizon: timedelta = timedelta(0)
    retry_base: timedelta = timedelta(seconds=1)
    retry_cap: timedelta = ONE_HOUR
    poll_factor: float = 1.5
    poll_most: timedelta = 6 * ONE_HOUR
    read_back: tuple[int, ...] = ()  # days after the answer to look whether it is gone
    open_most: timedelta = timedelta(days=90)  # so long an open order keeps its record
    max_records: int = 10_000  # more than this found: a person looks first
    ladder: Ladder = Ladder()
    # record classes of which it erases what the law does not need, and such as it marks
    reduces: frozenset[str] = frozenset()
    restricts: frozenset[str] = frozenset()
    suppresses: bool = False  # an erasure leaves an entry that keeps the person out
    suppresses_unless: frozenset[str] = frozenset()  # done in one of these ways
    kept_apart: bool = False  # what is kept is out of daily use, as the register says

    def awaited_of(self, feeder: AccountId) -> Until:
        """Return how far *feeder* must have come before this account is erased."""
        return self.fed_until.get(feeder, Until.SETTLED)


@dataclass(frozen=True, slots=True)
class Plan:
    """The register's answer to "who holds data, and in which order do we ask"."""

    version: RegisterVersion
    controller: str
    legal_name: str
    country: str
    time_zone: str
    dpo_contact: str
    accounts: tuple[PlannedAccount, ...]
    recipients: Mapping[str, Recipient]
    retention: tuple[RetentionRule, ...] = ()
    min_verification: Mapping[Right, Level] = field(default_factory=dict)
    reviews: tuple[ReviewRule, ...] = ()
    # by jurisdiction: nothing irreversible so long after the case is opened
    cooling_off: Mapping[str, timedelta] = field(default_factory=dict)
    export_kept_for: timedelta = timedelta(days=7)
    # how long after the portal has it; None: as long as one that it has not
    export_kept_after_collection: timedelta | None = None
    # how long before the deadline (minus horizons) a gate may be opened by a person
    gate_margin: timedelta = timedelta(days=3)
    authority: str = ""  # who supervises the controller, as a notice names it
    # how long after the deadline what identifies is kept for a case that is stuck
    identifiers_margin: timedelta = timedelta(days=14)
    # how long a hold that a person set may stand before somebody looks again
    hold_review_after: timedelta = timedelta(days=90)
    # how long before the deadline a signed statement tells what is still open
    interim_before: timedelta = timedelta(days=7)

    def asked_in(self, rehearsal: Collection[Rehearsal]) -> Iterator[PlannedAccount]:
        """
        Yield the accounts that a case concerns.

        Where the register has an account with real people's data, sandboxes are for
        tests alone; where it has none yet, they take every request.
        """
        has_live = any(
            not one.is_sandbox and one.mode is not Mode.OFF for one in self.accounts
        )
        for account in self.accounts:
            if Rehearsal.TEST in rehearsal or not (has_live and account.is_sandbox):
                yield account

    def account(self, account: AccountId) -> PlannedAccount:
        """Return one account's part; raises `KeyError` for a stranger."""
        for planned in self.accounts:
            if planned.id == account:
                return planned
        raise KeyError(account)

    def tells(self, account: PlannedAccount) -> bool:
        """
        Tell whether the account's recipient is told of an erasure, not instructed.

        So are controllers of their own (Art 19 and Art 17(2) GDPR), wherever the
        account's connector can tell them.
        """
        role = self.recipients[account.recipient].role
        return role in TOLD_ROLES and Action.NOTIFY in account.actions

    def cools_for(self, jurisdiction: str) -> timedelta:
        """Return the delay there; that of a part goes before that of its country."""
        country = jurisdiction.partition("-")[0]
        of_country = self.cooling_off.get(country, timedelta(0))
        return self.cooling_off.get(jurisdiction, of_country)

    def deciders(self, rights: Collection[Right], jurisdiction: str) -> int:
        """
        Return how many people must approve such a request; 0 if it is carried out.

        The closest rule for each right decides, and the strictest among the rights.
        """
        wanted = 0
        for right in rights:
            close = [(r.precision(right, jurisdiction), r) for r in self.reviews]
            best = max((near for near, _ in close), default=0)
            its = [rule.deciders for near, rule in close if near and near == best]
            wanted = max([wanted, *its])
        return wanted

    def demanded_level(self, right: Right) -> Level:
        """Return the verification the controller demands for *right*."""
        return self.min_verification.get(right, Level.SUBSTANTIAL)
