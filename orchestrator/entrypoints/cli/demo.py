"""`erasure demo`: the whole thing on this machine."""

from __future__ import annotations

import typer


def demo() -> None:
    """Run everything once against fakes of the processors: no Kafka, no Docker."""
    from orchestrator.entrypoints.demo import run_demo  # noqa: PLC0415 (slow)

    raise typer.Exit(run_demo())
