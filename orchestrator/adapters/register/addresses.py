"""
Where an account's requests may go, as the register says it.

What can be judged without a name server is judged here, at the start; the addresses
that names lead to are judged at each connection (connectors/transport/resolving.py).
"""

from __future__ import annotations

from pydantic import BaseModel

from orchestrator.adapters.register.account_tables import AccountTable
from orchestrator.adapters.register.values import Tell
from schemas.addresses import (
    NotPlainError,
    Place,
    Reach,
    address_in,
    is_inside,
    place_of,
    reach_of,
)
from schemas.connecting import ConnectorSpec


def other_addresses(spec: ConnectorSpec) -> set[str]:
    """Return the names of the addresses that operations use besides `base_url`."""
    return {operation.base for operation in spec.operations.values()} - {"base_url"}


def bases_of(
    table: AccountTable, spec: ConnectorSpec, options: BaseModel, tell: Tell
) -> dict[str, str]:
    """Gather every address that the account's requests may go to."""
    if not spec.speaks_http:
        return _no_bases(table, spec, tell)
    found: dict[str, object] = {"base_url": table.base_url or spec.base_url}
    for name in sorted(other_addresses(spec)):
        found[name] = table.options.get(name) or getattr(options, name, None)
    for name, address in found.items():
        key = name if name == "base_url" else f"options.{name}"
        if address is None:
            tell(
                key,
                f"{spec.name} has no common address; "
                f'write {name} = "https://…" as the account\'s own settings show it.',
            )
        else:
            _check_address(key, str(address), table, tell)
    return {
        name: str(address) for name, address in found.items() if address is not None
    }


def _no_bases(table: AccountTable, spec: ConnectorSpec, tell: Tell) -> dict[str, str]:
    """Tell that an address is of no use to a connector that sends no request."""
    if table.base_url is not None:
        tell("base_url", f"{spec.name} sends no request; remove it.")
    return {}


def _check_address(key: str, address: str, table: AccountTable, tell: Tell) -> None:
    """Tell what keeps *address* from being a plain https base URL."""
    name = key.rpartition(".")[2]
    try:
        place = place_of(address)
    except NotPlainError:
        place = None
    if place is None or not _is_base(place, address):
        tell(
            key,
            "an address without user, query or fragment is expected here; "
            f'write {name} = "https://host/path".',
        )
    elif place.scheme == "http" and not table.allow_http:
        tell(
            key,
            f'the address is not encrypted; write {name} = "https://…", '
            "or allow_http = true for a fake on loopback.",
        )
    else:
        _check_host(key, place.host, table, tell)


def _is_base(place: Place, address: str) -> bool:
    return place.scheme in {"http", "https"} and not {"?", "#"} & {*address}


def _check_host(key: str, host: str, table: AccountTable, tell: Tell) -> None:
    """Tell where *host* shows that it is not public and nobody allowed it."""
    found = address_in(host)
    if found is not None and reach_of(found) is Reach.NOWHERE:
        tell(key, f"{host} is no account's address; write the system's own.")
    elif is_inside(host) and host not in table.allow_hosts:
        tell(
            key,
            f"{host} is inside a network, not on the internet; "
            f'write allow_hosts = ["{host}"] if the account is there.',
        )
