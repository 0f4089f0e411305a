"""
Write the tables of docs/register.md from the register's models.

`python -m tests.support.register_doc` writes them into the page; a test keeps the
page equal to the models.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from orchestrator.adapters.durations import duration_text
from orchestrator.adapters.register.account_tables import (
    AccountTable,
    EscalationTable,
    LimitsTable,
    RateTable,
    WaitsTable,
)
from orchestrator.adapters.register.brake_tables import BrakeTable, SourceBrakeTable
from orchestrator.adapters.register.kinds import Table
from orchestrator.adapters.register.people import PersonTable
from orchestrator.adapters.register.publishers import (
    PublisherKeyTable,
    PublisherTable,
)
from orchestrator.adapters.register.recipient_tables import RecipientTable
from orchestrator.adapters.register.sentences import toml_value
from orchestrator.adapters.register.tables import (
    ControllerTable,
    RetentionTable,
    ReviewTable,
)

PAGE = Path(__file__).parents[2] / "docs" / "register.md"
BEGIN = "<!-- tables: written by tests/support/register_doc.py -->"
END = "<!-- end of tables -->"
TABLES: dict[str, type[Table]] = {
    "[controllers.NAME]": ControllerTable,
    "[publishers.NAME]": PublisherTable,
    "each of a publisher's `keys`": PublisherKeyTable,
    "[people.NAME]": PersonTable,
    "[recipients.NAME]": RecipientTable,
    "[accounts.NAME]": AccountTable,
    "[accounts.NAME.waits]": WaitsTable,
    "[accounts.NAME.limits]": LimitsTable,
    "each of `rates`": RateTable,
    "[accounts.NAME.escalation]": EscalationTable,
    "[[retention]]": RetentionTable,
    "[[review]]": ReviewTable,
    "[brake] or [controllers.NAME.brake]": BrakeTable,
    '[brake.sources."SOURCE"]': SourceBrakeTable,
}
# Sub-tables are described by their own section.
_SECTIONS = (
    *("secrets", "options", "waits", "limits", "escalation"),
    *("brake", "sources"),
)


def tables() -> str:
    """Return every table of the page."""
    return "\n".join(
        line for name, model in TABLES.items() for line in _table(name, model)
    )


def rewritten(page: str) -> str:
    """Return *page* with its tables replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def _table(name: str, model: type[Table]) -> Iterator[str]:
    title = f"`{name}`" if name.startswith("[") else name[:1].upper() + name[1:]
    yield f"### {title}"
    yield ""
    yield "| key | default | meaning | example |"
    yield "|---|---|---|---|"
    for key, field in model.model_fields.items():
        if key not in _SECTIONS:
            example = toml_value(field.examples[0]) if field.examples else ""
            default = _default(field) or _elsewhere(key, model)
            yield f"| `{key}` | {default} | {field.description} | `{example}` |"
    yield ""


def _elsewhere(key: str, model: type[Table]) -> str:
    """Say who decides where the file does not."""
    is_connectors = model in (WaitsTable, LimitsTable) and key != "lease"
    return "the connector's" if is_connectors else ""


def _default(field: FieldInfo) -> str:
    """Write a default as the file would, or what happens without the key."""
    default = field.default
    if field.is_required():
        return "**needed**"
    if default is PydanticUndefined or default is None or default == ():
        return ""
    if isinstance(default, timedelta):
        return f'`"{duration_text(default)}"`'
    return f"`{toml_value(default)}`"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
