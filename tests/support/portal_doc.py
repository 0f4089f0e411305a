"""
Write the table of rejection codes in docs/portal.md from the codes themselves.

`python -m tests.support.portal_doc` writes it; a test keeps the page equal.
"""

from __future__ import annotations

from pathlib import Path

from schemas.rejections import REJECTIONS

PAGE = Path(__file__).parents[2] / "docs" / "portal.md"
BEGIN = "<!-- table: written by tests/support/portal_doc.py -->"
END = "<!-- end of table -->"


def table() -> str:
    """Return the page's table: code, rule, what to do."""
    lines = ["| code | the rule it breaks | what to do |", "|---|---|---|"]
    lines += [
        f"| `{code.value}` | {meaning.rule} | {meaning.hint} |"
        for code, meaning in REJECTIONS.items()
    ]
    return "\n".join(lines)


def rewritten(page: str) -> str:
    """Return *page* with its table replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
