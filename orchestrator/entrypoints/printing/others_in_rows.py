"""
Whether a row that a person brings names somebody else.

A field that is called like an identifier, of a type that we know of the person, must
hold one of theirs.  Whose other values are, nobody can tell; no sentence repeats one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from orchestrator.errors import NotPossible
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, Identifier, IdentifierType
from schemas.identifiers import NotOfItsTypeError, recovered

_NAMES: Mapping[IdentifierType, frozenset[str]] = {
    EMAIL: frozenset({"email", "emailaddress", "mail"}),
    PHONE: frozenset({"phone", "phonenumber", "telephone", "mobile", "mobilephone"}),
    CUSTOMER_ID: frozenset({"customerid", "customernumber", "customerno"}),
}
_LEAST_DIGITS = 6  # a shorter tail of a number could be anybody's


class Theirs:
    """The person's identifiers, by the names that fields may have."""

    def __init__(self, known: Iterable[Identifier]) -> None:
        """Keep what is known of the person; a type that is not says nothing."""
        self._values: dict[str, tuple[IdentifierType, set[str]]] = {}
        by_type: dict[IdentifierType, set[str]] = defaultdict(set)
        for one in known:
            by_type[one.type].add(_spelled(one.type, one.value))
        for type_, values in by_type.items():
            for name in _NAMES.get(type_, frozenset()) | {_squeezed(type_)}:
                self._values[name] = (type_, values)

    def checked(
        self, rows: Iterable[Mapping[str, object]]
    ) -> Iterator[Mapping[str, object]]:
        """Yield *rows*; raises `NotPossible` at the first that names somebody else."""
        for number, row in enumerate(rows, start=1):
            if any(self._is_of_another(name, value) for name, value in _fields(row)):
                raise NotPossible(
                    f"Record {number} of the copy has an identifier that is not known"
                    " as this person's; take out what is about somebody else, or, if"
                    " all of it belongs in the copy, write --contains-others."
                )
            yield row

    def _is_of_another(self, name: str, value: str) -> bool:
        """Tell whether a field is an identifier, and not the person's."""
        found = self._values.get(_squeezed(name))
        if found is None or not value.strip():
            return False
        type_, values = found
        spelled = _spelled(type_, value)
        return spelled not in values and not (
            type_ == PHONE and _is_tail(spelled, values)
        )


def _fields(row: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield each named value of a row as text, however deep it is."""
    left: list[tuple[str, object]] = [*row.items()]
    while left:
        name, value = left.pop()
        match value:
            case dict():
                left += [(str(key), inner) for key, inner in value.items()]
            case list():
                left += [(name, inner) for inner in value]
            case str() | int() | float() if not isinstance(value, bool):
                yield name, str(value)
            case _:
                pass


def _squeezed(name: str) -> str:
    """Return a name's letters and digits: `E-Mail` and `email` are one name."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _spelled(type_: IdentifierType, value: str) -> str:
    """Return the one spelling of a value, or the value where it has none."""
    try:
        return recovered(Identifier(type_, value)).value
    except NotOfItsTypeError:
        return value.strip()


def _is_tail(value: str, numbers: Collection[str]) -> bool:
    """Tell whether a national spelling ends one of the person's numbers."""
    digits = "".join(sign for sign in value if sign.isdecimal()).lstrip("0")
    return len(digits) >= _LEAST_DIGITS and any(
        number.endswith(digits) for number in numbers
    )
