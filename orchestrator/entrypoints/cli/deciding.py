"""`erasure case`: what people decide of a whole case."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from orchestrator.entrypoints.cli.opening import open_parts, open_queries
from orchestrator.entrypoints.cli.options import ByDecider, CaseId, a_pseudonym, word_of
from orchestrator.entrypoints.cli.showing import say, warn
from orchestrator.errors import SetUpError

# ruff: noqa: PLC0415 (--help should answer at once)


def _an_owner(value: str | None) -> str | None:
    """Accept a pseudonymous name."""
    return None if value is None else a_pseudonym(value, "--owner")


HoldCode = Annotated[
    str,
    typer.Option(
        "--reason",
        metavar="CODE",
        help="legal_claims, identity_doubt, restriction_asked, authority or incident.",
    ),
]
Classes = Annotated[
    str,
    typer.Option(
        "--classes",
        metavar="CLASSES",
        help="What waits, with commas: irreversible, telling, changing, reading.",
    ),
]
ReviewOn = Annotated[
    datetime | None,
    typer.Option(
        "--review-on",
        metavar="DATE",
        formats=["%Y-%m-%d"],
        help="When somebody looks again; the register's default otherwise.",
    ),
]
Owner = Annotated[
    str | None,
    typer.Option(
        "--owner",
        metavar="WHO",
        callback=_an_owner,
        help="Who answers for it: a team or a role.",
    ),
]


def hold(
    case: CaseId,
    by: ByDecider,
    reason: HoldCode,
    classes: Classes = "irreversible,telling,changing",
    review_on: ReviewOn = None,
    owner: Owner = None,
) -> None:
    """
    Stop a case, or say when its hold is looked at again; it never ends by itself.

    What protects the person never stops, nor does the law's clock.
    """
    from orchestrator.core.holds import HoldReason
    from orchestrator.entrypoints.actions.deciding import Deciding
    from schemas.connecting import ActionClass

    named = [word_of(ActionClass, one, "class") for one in classes.split(",")]
    code = word_of(HoldReason, reason, "reason")
    with open_parts() as parts:
        look_at = None if review_on is None else review_on.replace(tzinfo=UTC)
        Deciding(parts).hold(case, named, code, by, owner=owner, review_at=look_at)
    say("The case is held; what is under call goes on to its end.")


def release(
    case: CaseId,
    by: ByDecider,
    reason: Annotated[
        str, typer.Option("--reason", metavar="CODE", help="The hold's own reason.")
    ],
) -> None:
    """End a hold that a person set."""
    from orchestrator.core.holds import HoldReason
    from orchestrator.entrypoints.actions.deciding import Deciding

    code = word_of(HoldReason, reason, "reason")
    with open_parts() as parts:
        Deciding(parts).release(case, code, by)
    say("The hold is over.")


def approve(case: CaseId, by: ByDecider) -> None:
    """Let a case under review go on; where the register says so, two people must."""
    from orchestrator.entrypoints.actions.deciding import Deciding

    with open_parts() as parts:
        goes_on = Deciding(parts).approve(case, by)
    say("The case goes on." if goes_on else _SECOND)


def refuse(
    case: CaseId,
    by: ByDecider,
    ground: Annotated[
        str,
        typer.Option(
            "--ground", metavar="CODE", help="Why; docs/law.md has the closed list."
        ),
    ],
    record_class: Annotated[
        list[str] | None,
        typer.Option(
            "--record-class",
            metavar="CLASS",
            help="Leave only these records alone; repeatable.",
        ),
    ] = None,
) -> None:
    """Refuse a request before anything is erased, in whole or by record class."""
    from orchestrator.core.grounds import Ground
    from orchestrator.entrypoints.actions.deciding import Deciding

    code = word_of(Ground, ground, "ground")
    with open_parts() as parts:
        stands = Deciding(parts).refuse(case, code, by, record_class or ())
    done = f"It is refused; `erasure case notice {case}` has the text for the person."
    say(done if stands else _SECOND)


def use_stopped(
    case: CaseId,
    by: ByDecider,
    means: Annotated[
        str,
        typer.Option(
            "--means",
            metavar="CODE",
            help="at_processor (marked or locked there) or by_separation.",
        ),
    ],
    account: Annotated[
        str | None,
        typer.Option(
            "--account", metavar="ID", help="Said of this one; left out, of all."
        ),
    ] = None,
) -> None:
    """Say that what is not erased is only stored and protected by now."""
    from orchestrator.core.holds import UseStopping
    from orchestrator.entrypoints.actions.deciding import Deciding

    code = word_of(UseStopping, means, "means")
    with open_parts() as parts:
        Deciding(parts).stop_use(case, code, by, account)
    say("Noted; every statement that is signed from now on says so.")


def notice(
    case: CaseId,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            metavar="CODE",
            help="de, en, es, fr, it, pt or zh; left out, the person's own.",
        ),
    ] = None,
) -> None:
    """Print what the person is told of a refusal, with their remedies."""
    from orchestrator.entrypoints.actions.notices import (
        FALLBACK,
        LANGUAGES,
        language_of,
        refusal_notice,
    )

    if language is not None and language not in LANGUAGES:
        raise SetUpError(
            f"There is no notice in {language}; write one of {', '.join(LANGUAGES)}."
        )
    with open_queries() as queries:
        found = queries.case_now(case)
    spoken = language or language_of(found.locale)
    try:
        say(refusal_notice(found, spoken or FALLBACK))
    except UnicodeEncodeError:
        raise SetUpError(
            "The output has no such characters here: set PYTHONUTF8=1, and send it to"
            " a file if the terminal cannot show them."
        ) from None
    if spoken is None:
        warn(
            f"There is no text in the person's language ({found.locale}): this one is"
            " in English. Have it translated before you send it."
        )


_SECOND = "Noted; the register wants a second, different person to say the same."
