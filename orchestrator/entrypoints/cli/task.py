"""`erasure task`: what waits, and what people decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli import manual
from orchestrator.entrypoints.cli.opening import open_parts, open_queries
from orchestrator.entrypoints.cli.options import (
    HELP,
    SOMEBODY,
    ByDecider,
    ByOperator,
    Json,
    Limit,
    TaskId,
    word_of,
)
from orchestrator.entrypoints.cli.showing import (
    print_facts,
    print_json,
    print_rows,
    say,
)
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (reads should answer at once)

if TYPE_CHECKING:
    from orchestrator.adapters.reading.views import TaskView

app = typer.Typer(name="task", help="Tasks: one account's part in one case.", **HELP)
app.command("brief")(manual.brief)
app.command("assign")(manual.assign)
app.command("attest")(manual.attest)
app.command("evidence")(manual.evidence)


@app.command("list")
def list_(
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="Of one account.")
    ] = None,
    limit: Limit = 50,
    *,
    needs_human: Annotated[
        bool, typer.Option("--needs-human", help="Only what people must decide.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List tasks that are not settled, most urgent first."""
    with open_queries() as queries:
        rows = queries.tasks(needs_human=needs_human, account=account, limit=limit)
    print_rows(
        rows,
        [
            ("task", lambda row: row.id),
            ("status", lambda row: row.status),
            ("why", lambda row: row.reason or row.gate),
            ("next moment", lambda row: row.wake_at),
            ("wanted before", lambda row: row.due_at or row.dispatch_by),
            ("assigned to", lambda row: row.assignee),
        ],
        as_json=as_json,
        nothing="No task waits.",
    )


@app.command()
def show(task: TaskId, *, as_json: Json = False) -> None:
    """Show one task; candidates are masked so that two people can be told apart."""
    with open_queries() as queries:
        found = queries.task_view(task)
    if found.candidates:
        from orchestrator.entrypoints.actions.rulings import Rulings

        with open_parts() as parts:
            found = Rulings(parts).shown(task)
    if as_json:
        print_json(found)
    else:
        _print(found)


@app.command()
def choose(
    task: TaskId,
    by: ByDecider,
    record: Annotated[
        list[int] | None,
        typer.Option(
            "--record", metavar="N", min=1, help="This candidate; repeatable."
        ),
    ] = None,
    *,
    none: Annotated[
        bool, typer.Option("--none", help="None of the candidates is the person.")
    ] = False,
) -> None:
    """Say which candidates are the person."""
    if bool(record) == none:
        raise SetUpError("Write either --record N for each candidate, or --none.")
    from orchestrator.entrypoints.actions.rulings import Rulings

    with open_parts() as parts:
        Rulings(parts).choose(task, record or [], by)
    say("The choice is stored; the task goes on.")


@app.command()
def retry(task: TaskId, by: ByOperator = SOMEBODY) -> None:
    """Try a stuck or waiting task again now."""
    from orchestrator.entrypoints.actions.rulings import Rulings

    with open_parts() as parts:
        Rulings(parts).retry(task, by)
    say("The task is tried again.")


@app.command()
def close(
    task: TaskId,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="CODE",
            help="erased_by_hand, told_by_hand, not_begun, not_our_processor,"
            " not_reachable or superseded.",
        ),
    ],
    by: ByDecider = SOMEBODY,
) -> None:
    """End a task by a person's word; the receipt prints the reason."""
    from orchestrator.core.decide import CLOSE_REASONS
    from orchestrator.entrypoints.actions.rulings import Rulings

    if reason not in CLOSE_REASONS:
        known = ", ".join(sorted(CLOSE_REASONS))
        raise SetUpError(f"There is no reason {reason}; write one of {known}.")
    with open_parts() as parts:
        Rulings(parts).close(task, reason, by)
    say("The task is closed.")


@app.command()
def returned(
    task: TaskId,
    by: ByDecider,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="CODE",
            help="returning_customer leaves them alone; restored, imported_again and"
            " never_erased erase again.",
        ),
    ],
) -> None:
    """Say why a read-back found somebody again; nobody is erased again without it."""
    from orchestrator.core.holds import ReturnReason
    from orchestrator.entrypoints.actions.rulings import Rulings

    code = word_of(ReturnReason, reason, "reason")
    with open_parts() as parts:
        Rulings(parts).returned(task, code, by)
    stays = code is ReturnReason.RETURNING_CUSTOMER
    say("They are left alone." if stays else "They are erased again.")


@app.command("open-gate")
def open_gate(
    task: TaskId,
    by: ByDecider,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="CODE",
            help="not_reachable, deadline_near or done_elsewhere.",
        ),
    ],
) -> None:
    """Let a task past a gate of order, once it may be opened; the receipt prints it."""
    from orchestrator.core.holds import OpeningReason
    from orchestrator.entrypoints.actions.rulings import Rulings

    code = word_of(OpeningReason, reason, "reason")
    with open_parts() as parts:
        Rulings(parts).open_gate(task, code, by)
    say("The gate is open.")


def _what_a_person_may(found: TaskView) -> str:
    """Say what a person can do at a gate, once its moment has come."""
    from orchestrator.core.ruling.reviewing import OPENABLE

    opens = found.gate in {one.value for one in OPENABLE}
    return "a person may open it" if opens else "look at it from"


def _print(found: TaskView) -> None:
    """Print a task for people."""
    print_facts(
        [
            ("task", found.id),
            ("case", found.case),
            ("status", found.status),
            ("next step", found.step),
            ("why", found.reason),
            ("hint", found.hint),
            ("waits for", found.gate),
            (_what_a_person_may(found), found.gate_opens_at),
            ("outcome", found.outcome),
            ("how", found.how),
            ("items", found.item_states),
            ("kept by", found.kept),
            ("calls", str(found.calls)),
            ("failed in a row", found.attempts or None),
            ("answers lost", found.answers_lost or None),
            *_of_others(found),
            ("next moment", found.wake_at),
            ("wanted before", found.dispatch_by),
            ("settled", found.settled_at),
        ]
    )
    if found.candidates:
        say()
        print_rows(
            found.candidates,
            [
                ("record", lambda row: row.record),
                ("holds", lambda row: row.kinds),
                ("from", lambda row: row.oldest_on),
                ("to", lambda row: row.newest_on),
                ("label", lambda row: row.label),
                ("identifiers", lambda row: row.learned),
            ],
            as_json=False,
            nothing="",
        )


def _of_others(found: TaskView) -> list[tuple[str, object]]:
    """Return what a processor's jobs and a person's work are expected to bring."""
    return [
        ("open jobs", found.open_calls or None),
        ("expected by", found.expected_by),
        ("late", found.is_late),
        ("assigned to", found.assignee),
        ("due", found.due_at),
        ("reminded", found.reminders or None),
        ("escalated", found.escalations or None),
        ("silent since", found.silent_since),
        *((f"escalated: {one.rung}", one.at) for one in found.rungs),
        ("write to", found.write_to),
        ("attested by", found.attested_by),
        ("evidence", found.evidence_sha256),
    ]
