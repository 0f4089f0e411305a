"""What a careful person should look at in a register that is not wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from orchestrator.adapters.durations import duration_text
from orchestrator.adapters.register.kinds import Role
from orchestrator.adapters.register.loading import Register
from orchestrator.adapters.register.secrets import (
    is_open_to_others,
    resolve_secret,
)
from orchestrator.adapters.register.values import AccountEntry
from orchestrator.errors import SetUpError
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, Action, Mode, Proof, Rate

# What a portal usually knows of a person; the rest must be learned from an account.
_FROM_PORTAL = frozenset({EMAIL, PHONE, CUSTOMER_ID})


@dataclass(frozen=True, slots=True)
class RegisterWarning:
    """One sentence about one key; the register works nevertheless."""

    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}"


def check(register: Register) -> list[RegisterWarning]:
    """Return every warning, account by account, then about the retention rules."""
    warnings = [
        RegisterWarning(f"accounts.{entry.id}.{key}", sentence)
        for entry in register.accounts.values()
        if entry.mode is not Mode.OFF
        for look in _LOOKS
        for key, sentence in look(entry, register)
    ]
    return [*warnings, *_idle_rules(register), *unlocked(register)]


def unlocked(register: Register) -> Iterator[RegisterWarning]:
    """Look for controllers whose stuck cases keep what identifies the person."""
    for name in sorted(register.controllers.keys() - register.officers.keys()):
        yield RegisterWarning(
            f"controllers.{name}.dpo_key",
            "without it, a case that is stuck keeps what identifies the person beyond "
            "its time; let the data protection officer run `erasure keys dpo`.",
        )


_Look = Callable[[AccountEntry, Register], Iterator[tuple[str, str]]]


def _too_fast(entry: AccountEntry, _: Register) -> Iterator[tuple[str, str]]:
    """Compare the account's windows with the vendor's."""
    if not _is_live(entry):
        return
    for allowed in entry.declared.rates:
        if not _keeps(entry.rates, allowed):
            yield (
                "limits.rates",
                (
                    f"faster than {entry.spec.vendor} allows, which is {allowed.limit} "
                    f"in {duration_text(allowed.per)}."
                ),
            )


def _keeps(rates: Sequence[Rate], allowed: Rate) -> bool:
    """Tell whether some window of *rates* alone keeps the account within *allowed*."""
    return any(
        rate.limit * ceil(allowed.per / rate.per) <= allowed.limit for rate in rates
    )


def _anonymous(entry: AccountEntry, _: Register) -> Iterator[tuple[str, str]]:
    if _is_live(entry) and entry.installation is None:
        yield (
            "installation",
            (
                "nothing is written to a live account before its own name is known; "
                "write what `erasure account ping` shows."
            ),
        )


def _without_secrets(entry: AccountEntry, _: Register) -> Iterator[tuple[str, str]]:
    for name, reference in entry.secrets.items():
        try:
            resolve_secret(reference)
        except SetUpError as error:
            text = str(error)
            yield f"secrets.{name}", text[:1].lower() + text[1:]


def _open_secrets(entry: AccountEntry, _: Register) -> Iterator[tuple[str, str]]:
    for name, reference in entry.secrets.items():
        if is_open_to_others(reference):
            yield (
                f"secrets.{name}",
                (
                    "everybody on this machine may read the file; give it to the user "
                    "of the processes alone (chmod 600, or a defaultMode of 0400)."
                ),
            )


def _hasty_proof(entry: AccountEntry, _: Register) -> Iterator[tuple[str, str]]:
    wanted = entry.declared.settle_for
    if entry.spec.proof is Proof.LOOKUP and entry.waits.settle_for < wanted:
        yield (
            "waits.settle_for",
            (
                f"shorter than {entry.spec.vendor} takes to settle "
                f"({duration_text(wanted)}), so an empty look may prove too little."
            ),
        )


def _nobodys(entry: AccountEntry, _: Register) -> Iterator[tuple[str, str]]:
    if not entry.controllers:
        yield (
            "controllers",
            (
                "no controller uses this account, so no case will reach it; "
                "name one or set mode to off."
            ),
        )


def _unencrypted(entry: AccountEntry, _: Register) -> Iterator[tuple[str, str]]:
    if entry.allow_http:
        yield "allow_http", "requests may leave unencrypted; only a fake may need that."


def _unreachable(entry: AccountEntry, register: Register) -> Iterator[tuple[str, str]]:
    """Look whether anybody yields what the account is searched by."""
    others = (
        other
        for other in register.accounts.values()
        if other.id != entry.id
        and other.mode is not Mode.OFF
        and other.controllers & entry.controllers
    )
    yielded = _FROM_PORTAL.union(*(other.yields for other in others))
    if not entry.accepts & yielded:
        names = ", ".join(sorted(entry.accepts)) or "nothing"
        yield (
            "accepts",
            (
                f"it is searched by {names}, which no other account yields; people are "
                "found there only if the portal sends it, or options.yields names a "
                "field that holds it."
            ),
        )


def _twice(entry: AccountEntry, register: Register) -> Iterator[tuple[str, str]]:
    for other in register.accounts.values():
        if other.id == entry.id:
            return
        same = (other.connector, other.installation, other.bases.get("base_url")) == (
            entry.connector,
            entry.installation,
            entry.bases.get("base_url"),
        )
        if same and entry.installation is not None:
            yield (
                "installation",
                f"{other.id} is the same installation; keep one of them.",
            )


def _only_told(entry: AccountEntry, register: Register) -> Iterator[tuple[str, str]]:
    """Look whether a processor, which is instructed, has a connector that tells."""
    is_processor = register.recipients[entry.recipient].role is Role.PROCESSOR
    if is_processor and entry.spec.actions == {Action.NOTIFY}:
        yield (
            "connector",
            (
                f"{entry.connector} only tells, and a processor is instructed, so no "
                "erasure reaches it; give it another connector, or the recipient the "
                'role "joint" or "independent" if it has it.'
            ),
        )


def _kept_without_a_name(
    entry: AccountEntry, register: Register
) -> Iterator[tuple[str, str]]:
    """Look for rules that keep what only the person's identifiers could name later."""
    if not entry.spec.erases_by_identifier:
        return
    kept = sorted(_held(entry) & {rule.record_class for rule in register.retention})
    if kept:
        yield (
            "connector",
            (
                f"{entry.connector} is instructed by identifiers, which go with the "
                f"answer, and a law keeps its records ({', '.join(kept)}); once that "
                "law ends, each of them is for a person to erase."
            ),
        )


def _held(entry: AccountEntry) -> frozenset[str]:
    """Return the classes that an account's options name, else all it may hold."""
    said = entry.options.model_dump(include={"holds", "record_class"})
    one = {said["record_class"]} if "record_class" in said else set[str]()
    return frozenset(one.union(said.get("holds", ()))) or entry.spec.record_classes


_LOOKS: tuple[_Look, ...] = (
    _too_fast,
    _anonymous,
    _without_secrets,
    _open_secrets,
    _hasty_proof,
    _nobodys,
    _unencrypted,
    _unreachable,
    _twice,
    _only_told,
    _kept_without_a_name,
)


def _idle_rules(register: Register) -> Iterator[RegisterWarning]:
    """Look for retention rules that keep nothing in any account."""
    classes = {
        one for entry in register.accounts.values() for one in entry.spec.record_classes
    }
    for rule in register.retention:
        if rule.record_class not in classes:
            yield RegisterWarning(
                f"retention.{rule.id}.record_class",
                f'no account of this register holds "{rule.record_class}", '
                "so the rule keeps nothing.",
            )


def _is_live(entry: AccountEntry) -> bool:
    """Tell whether the account holds real people's data and may be written to."""
    return entry.environment == "live" and entry.mode is not Mode.OFF
