"""`erasure topics`: the topics that portal and archive share with us."""

from __future__ import annotations

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP, Json
from orchestrator.entrypoints.cli.showing import print_rows, say

app = typer.Typer(name="topics", help="The topics on Kafka.", **HELP)


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """List our topics and whether they exist."""
    with open_parts(is_checked=False) as parts:
        wanted = parts.wanted_topics
        missing = set(parts.topics.missing(wanted))
    rows = [
        {
            "name": one.name,
            "exists": one.name not in missing,
            "partitions": one.partitions,
            "retention_days": one.retention.days,
            "holds_personal_data": one.holds_personal_data,
            "key": one.key,
        }
        for one in wanted
    ]
    print_rows(
        rows,
        [
            ("topic", lambda row: row["name"]),
            ("exists", lambda row: "yes" if row["exists"] else "no"),
            ("partitions", lambda row: row["partitions"]),
            ("kept for days", lambda row: row["retention_days"]),
            ("personal data", lambda row: row["holds_personal_data"]),
            ("key", lambda row: row["key"]),
        ],
        as_json=as_json,
        nothing="",
    )


@app.command()
def create() -> None:
    """Create the topics that do not exist, with the settings they need."""
    with open_parts(is_checked=False) as parts:
        created = parts.topics.create(parts.wanted_topics)
    for name in created:
        say(f"{name}: created")
    if not created:
        say("Every topic exists.")
