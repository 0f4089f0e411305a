"""
A connector's page of documentation: the facts between two marks, the rest by hand.

What the vendor's answers mean, what the connector cannot do and why it does things as
it does, somebody has to write; what the spec declares, nobody has to.
"""

from __future__ import annotations

from pathlib import Path

from connectors.base import Connector
from connectors.kit.errors import KitError
from connectors.kit.facts import facts

BEGIN = "<!-- facts: written by `erasure connector docs` -->"
END = "<!-- end of facts -->"


def write_page(
    connector: type[Connector], file: Path, *, is_kept: bool = False
) -> bool:
    """
    Write the facts into a page, or a page to begin with; say whether it changes.

    What stands outside the marks is never touched; nothing is where *is_kept*.  Raises
    `KitError`.
    """
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        after = rewritten(before, connector) if before else first_page(connector)
        if after != before and not is_kept:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(after, encoding="utf-8")
    except OSError as error:
        raise KitError(f"{file} cannot be written ({error.strerror}).") from error
    return after != before


def rewritten(page: str, connector: type[Connector]) -> str:
    """Return *page* with its facts replaced, or appended where it has none."""
    block = f"{BEGIN}\n\n{facts(connector)}\n\n{END}"
    if BEGIN not in page:
        return f"{page.rstrip()}\n\n## What it declares\n\n{block}\n"
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise KitError(
            f"The page of {connector.spec.name} has {BEGIN} and no {END} behind it;"
            " write it where the facts end."
        )
    return f"{before}{block}{after}"


def first_page(connector: type[Connector]) -> str:
    """Return a page whose headings ask for what the spec cannot tell."""
    return rewritten(_FIRST.format(vendor=connector.spec.vendor), connector)


_FIRST = """\
# {vendor}

Say in two sentences whose data this is and by what it is found. Name the vendor's pages
and the day you read them.

## What its answers mean

| action | request | answer we trust |
|---|---|---|
| ping | | the account's own name equals `installation` |
| locate | | |
| export | | |
| erase | | |
| proof | | |

## What it cannot do

- Say what the API leaves behind, and what it does not show.

## After a lost answer

Say why the declared way is safe with this vendor.
"""
