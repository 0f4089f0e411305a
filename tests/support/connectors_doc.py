"""
Write the table of docs/connectors/README.md and the facts of each connector's page.

`python -m tests.support.connectors_doc` writes them; tests keep the pages equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from connectors.kit.facts import codes, duration, rates
from connectors.kit.page import write_page
from connectors.registry import connectors
from schemas.connecting import Action, Replay

PAGE = Path(__file__).parents[2] / "docs" / "connectors" / "README.md"
BEGIN = "<!-- table: written by tests/support/connectors_doc.py -->"
END = "<!-- end of table -->"


def table() -> str:
    """Return the page's table, one connector a column."""
    specs = [connector.spec for connector in connectors().values()]
    head = ["|  | " + " | ".join(spec.name for spec in specs) + " |"]
    head.append("|---" * (len(specs) + 1) + "|")
    rows = {
        "searched by": [_types(spec.accepts) for spec in specs],
        "may teach": [_types(spec.yields) for spec in specs],
        "record classes": [_types(spec.record_classes) for spec in specs],
        "proof": [f"`{spec.proof}`" for spec in specs],
        "replay": [_replay(spec.replay) for spec in specs],
        "horizon": [_duration(spec.horizon) for spec in specs],
        "rates": [rates(spec.rates) for spec in specs],
        "people a call": [_number(spec.people_per_call, "1") for spec in specs],
        "records a call": [_number(spec.items_per_call, "all") for spec in specs],
        "secrets": [_types(spec.secrets) for spec in specs],
        "source": [spec.source for spec in specs],
    }
    body = [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    return "\n".join(head + body)


def rewritten(page: str) -> str:
    """Return *page* with its table replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def _types(names: Iterable[str]) -> str:
    return codes(names) or "nothing"


def _duration(value: timedelta) -> str:
    return duration(value) if value else "none: answered at once"


def _number(by_action: Mapping[Action, int], absent: str) -> str:
    return str(by_action.get(Action.ERASE, absent))


def _replay(by_action: Mapping[Action, Replay]) -> str:
    acts = (Action.ERASE, Action.NOTIFY)
    return ", ".join(f"`{by_action[act]}`" for act in acts if act in by_action)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    for name, connector in connectors().items():
        write_page(connector, PAGE.parent / f"{name}.md")
