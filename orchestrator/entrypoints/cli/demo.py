"""`erasure demo`: the whole thing on this machine."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    *,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Every connector: fifteen systems instead of four."),
    ] = False,
) -> None:
    """Run everything once against fakes of the processors: no Kafka, no Docker."""
    from orchestrator.entrypoints.demo import run_demo  # noqa: PLC0415 (slow)

    raise typer.Exit(
        run_demo(everything=everything, patience=300 if everything else 180)
    )
