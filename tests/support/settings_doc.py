"""
Write the table of docs/settings.md from the settings' model.

`python -m tests.support.settings_doc` writes it; a test keeps the page equal.
"""

from __future__ import annotations

from pathlib import Path

from orchestrator.settings import Settings, variable_of

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
BEGIN = "<!-- table: written by tests/support/settings_doc.py -->"
END = "<!-- end of table -->"


def table() -> str:
    """Return the page's table; defaults are what `erasure config show` shows."""
    defaults = Settings.model_construct().redacted()
    lines = ["| variable | default | meaning | example |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        variable = variable_of(name)
        default = f"`{defaults[variable]}`" if defaults[variable] else ""
        example = (field.examples or [""])[0]
        lines.append(
            f"| `{variable}` | {default} | {field.description} | `{example}` |"
        )
    return "\n".join(lines)


def rewritten(page: str) -> str:
    """Return *page* with its table replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
