"""`erasure request`: write, check and publish requests as the portal does."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts
from orchestrator.entrypoints.cli.options import HELP
from orchestrator.entrypoints.cli.showing import say, warn
from orchestrator.entrypoints.cli.telling import NO
from orchestrator.entrypoints.cli.trial import events, send
from orchestrator.errors import SetUpError, Unavailable

# ruff: noqa: PLC0415 (the schemas take a while to import, and --help needs none)

if TYPE_CHECKING:
    from schemas.intake import RequestFile

app = typer.Typer(
    name="request", help="Requests: CloudEvents in JSON, one person each.", **HELP
)
Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help="One CloudEvent in JSON each.")
]


@app.command()
def example(
    right: Annotated[
        list[str],
        typer.Option(
            "--right",
            metavar="RIGHT",
            help="erasure, access or portability; repeatable.",
        ),
    ],
) -> None:
    """Write a new request of an invented person to stdout."""
    from orchestrator.adapters.clock import SystemClock
    from schemas.examples import example_file
    from schemas.requests import Right

    known = {one.value: one for one in Right}
    wanted = {"erasure", "access", "portability"}
    for name in right:
        if name not in wanted:
            raise SetUpError(
                f"There is no example for the right {name}; write erasure, access or"
                " portability."
            )
    clock = SystemClock()
    content = example_file(
        [known[name] for name in right],
        request_id=clock.new_id("r"),
        event_id=clock.new_id("e"),
        at=clock.now(),
    )
    sys.stdout.write(content.decode())


@app.command()
def validate(files: Files) -> None:
    """Check files against the contract; exit 1 if one does not keep it."""
    if len(_read_all(files)) < len(files):
        raise typer.Exit(NO)


@app.command()
def publish(
    files: Files,
    *,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Search and count only, under new names; the files stay unused.",
        ),
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="PEM", help="Sign with it instead of ERASURE_REQUEST_KEY."
        ),
    ] = None,
) -> None:
    """
    Sign files as a publisher and publish them by request_id; all of them or none.

    Works beside a running process, on Kafka and on the embedded log.
    """
    from orchestrator.entrypoints.actions.publishing import publish as published

    read = _read_all(files, _rehearsed if dry_run else _as_it_is)
    if len(read) < len(files):
        warn("Nothing was published.")
        raise typer.Exit(NO)
    with open_parts() as parts:
        acknowledged = published(read, parts, key)
    for file, is_there in zip(read, acknowledged, strict=True):
        if is_there:
            how = "published as a dry run" if dry_run else "published"
            say(f"{file.submitted.request.request_id}: {how}")
    if not all(acknowledged):
        raise Unavailable(
            "Not every request was acknowledged; publish the files again, for a repeat"
            " opens no second case."
        )


@app.command()
def sign(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="One CloudEvent in JSON.")
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="PEM", help="The publisher's private key.")
    ],
    *,
    seal_to: Annotated[
        str | None,
        typer.Option(
            "--seal-to",
            metavar="KEY",
            help="Seal the person to this public key, as `erasure keys show` gives it.",
        ),
    ] = None,
) -> None:
    """
    Write the record's value for one file to stdout: a signed envelope, valid 7 days.

    Send it with content-type application/vnd.dsse+json and the request_id as key.
    """
    from orchestrator.adapters.clock import SystemClock
    from orchestrator.adapters.intake.signed_requests import RequestSigner
    from orchestrator.adapters.keys.files import read_signing_key
    from orchestrator.bootstrap.parts import sealing_to
    from orchestrator.entrypoints.actions.publishing import signed_file
    from orchestrator.settings import load_settings

    signer = RequestSigner(read_signing_key(key))
    seal = None if seal_to is None else sealing_to(seal_to)
    read = _read_all([file])
    if not read:
        raise typer.Exit(NO)
    audience, now = load_settings().audience, SystemClock().now()
    made = signed_file(read[0], signer, audience, now, seal)
    sys.stdout.write(made.value.decode("ascii") + "\n")


app.command()(send)
app.command()(events)


def _as_it_is(content: bytes) -> bytes:
    """Publish a file as it is."""
    return content


def _rehearsed(content: bytes) -> bytes:
    """
    Turn a file into a dry run of its own.

    Under new names: the same request_id always means the same content, so the request
    itself could not be published any more.
    """
    from orchestrator.adapters.clock import SystemClock

    try:
        event = json.loads(content)
        data = event["data"]
        clock = SystemClock()
        event["id"] = clock.new_id("e")
        data |= {"request_id": clock.new_id("r"), "dry_run": True}
    except (ValueError, TypeError, KeyError, RecursionError):
        return content  # the reader says what is wrong with it
    return json.dumps(event).encode()


def _read_all(
    files: Sequence[Path], changed: Callable[[bytes], bytes] = _as_it_is
) -> list[RequestFile]:
    """Read the files, saying of each whether it keeps the contract."""
    from schemas.intake import read_request_file
    from schemas.rejections import Rejection

    good = []
    for path in files:
        read = read_request_file(changed(_content(path)))
        if isinstance(read, Rejection):
            place = f" at {read.pointer}" if read.pointer else ""
            warn(f"{path}: {read.code.value}{place}: {read.rule} {read.hint}")
        else:
            warn(f"{path}: valid")
            good.append(read)
    return good


def _content(path: Path) -> bytes:
    """Read a file of bounded size."""
    from schemas.cloudevents import MAX_VALUE_BYTES

    try:
        with path.open("rb") as file:
            return file.read(2 * MAX_VALUE_BYTES)
    except OSError as error:
        raise SetUpError(
            f"{path} cannot be read ({error.strerror}); name a file with one CloudEvent"
            " in JSON."
        ) from None
