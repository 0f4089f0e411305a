"""What must hold between the tables of a register; every breach is told."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from orchestrator.adapters.register.account_tables import AccountTable
from orchestrator.adapters.register.sentences import (
    listed,
    nearest,
    unknown_reference,
)
from orchestrator.adapters.register.tables import RetentionTable
from orchestrator.adapters.register.values import told
from schemas.connecting import ConnectorSpec

Tell = Callable[[str, str], None]
"""Takes a key path and the sentence about it."""


def check_references(
    name: str,
    table: AccountTable,
    known: Mapping[str, frozenset[str]],
    tell: Tell,
) -> None:
    """Tell which names of an account lead nowhere; *known* has the names by kind."""
    if table.recipient not in known["recipients"]:
        tell(
            f"accounts.{name}.recipient",
            unknown_reference(
                "recipient", table.recipient, "a recipient", known["recipients"]
            ),
        )
    for controller in table.controllers or ():
        if controller not in known["controllers"]:
            tell(
                f"accounts.{name}.controllers",
                _unknown_in_list(controller, "a controller", known["controllers"]),
            )
    for feeder in table.fed_by:
        if feeder not in known["accounts"]:
            tell(
                f"accounts.{name}.fed_by",
                _unknown_in_list(feeder, "an account", known["accounts"]),
            )
    for feeder in table.fed_until:
        if feeder not in table.fed_by:
            tell(
                f"accounts.{name}.fed_until",
                f"{feeder} does not feed this account; name it in fed_by, or remove"
                " it here.",
            )


def check_times(name: str, table: AccountTable, tell: Tell) -> None:
    """Tell where an account's times contradict one another."""
    if table.valid_from and table.valid_to and table.valid_to < table.valid_from:
        tell(
            f"accounts.{name}.valid_to",
            f"the day is before valid_from; write a day after {table.valid_from}.",
        )
    if table.waits.retry_cap < table.waits.retry_base:
        tell(
            f"accounts.{name}.waits.retry_cap",
            "the longest pause is shorter than retry_base; write a longer one.",
        )


def check_order(
    accounts: Mapping[str, AccountTable], controllers: frozenset[str], tell: Tell
) -> None:
    """Tell where the order of erasure cannot be kept."""
    for cycle in _cycles({name: table.fed_by for name, table in accounts.items()}):
        tell(
            f"accounts.{cycle[0]}.fed_by",
            f"the accounts feed one another in a circle ({' <- '.join(cycle)}); "
            "remove one of these links.",
        )
    roots = _roots(accounts, controllers)
    for controller, names in sorted(roots.items()):
        for name in names[1:]:
            tell(
                f"accounts.{name}.identity_root",
                f"{controller} has its identity root in {names[0]} already; "
                "write identity_root = false.",
            )
    _check_root_comes_last(accounts, tell)


def check_retention(
    rules: Sequence[tuple[str, RetentionTable]],
    specs: Iterable[ConnectorSpec],
    tell: Tell,
) -> None:
    """Tell which rules keep a record class that no connector has, or share an id."""
    classes = sorted({one for spec in specs for one in spec.record_classes})
    for path, rule in rules:
        if rule.record_class not in classes:
            meant = nearest(rule.record_class, classes)
            advice = (
                f'write record_class = "{meant}"'
                if meant
                else f"there are {listed(classes)}"
            )
            tell(
                f"{path}.record_class",
                f'no connector has the record class "{rule.record_class}"; {advice}.',
            )
    for rule_id, count in Counter(rule.id for _, rule in rules).items():
        if count > 1:
            tell(
                f"retention.{rule_id}.id",
                f"{count} rules have this id; write another id for each.",
            )


def _check_root_comes_last(accounts: Mapping[str, AccountTable], tell: Tell) -> None:
    """Tell where an account would wait for the root, which itself waits for all."""
    for name, table in accounts.items():
        for feeder in table.fed_by:
            if feeder in accounts and accounts[feeder].identity_root and feeder != name:
                tell(
                    f"accounts.{name}.fed_by",
                    f"{feeder} is the identity root and so erased last, never before "
                    f"{name}; remove it from fed_by.",
                )


def _unknown_in_list(word: str, kind: str, known: frozenset[str]) -> str:
    """Say that a list names an entry that is not there."""
    names = sorted(known)
    meant = nearest(word, names)
    advice = f'write "{meant}" in its place' if meant else f"there are {listed(names)}"
    return f"{told(word)} is not {kind}; {advice}."


def _roots(
    accounts: Mapping[str, AccountTable], controllers: frozenset[str]
) -> dict[str, list[str]]:
    """Return the identity roots of each controller, in the file's order."""
    roots: dict[str, list[str]] = defaultdict(list)
    for name, table in accounts.items():
        if table.identity_root:
            held = controllers if table.controllers is None else table.controllers
            for controller in held:
                roots[controller].append(name)
    return roots


def _cycles(feeders: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """
    Yield circles of feeding accounts as closed paths, none twice.

    Depth first; an account that was left behind cannot be part of another circle.
    """
    left: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if name in path:
            yield (*path[path.index(name) :], name)
            return
        if name in left:
            return
        for feeder in feeders.get(name, ()):
            yield from walk(feeder, (*path, name))
        left.add(name)

    for name in feeders:
        yield from walk(name, ())
