"""The portal sends more identifiers, or says what reached the person."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.adapters.sql import tables as t
from orchestrator.bootstrap.parts import sealing_to
from orchestrator.core.answer.dossier import ALL_IDENTIFIERS, load_identifiers
from orchestrator.core.events import CaseExtended, ExportSealed
from orchestrator.core.words import CaseId, ExtensionReason
from orchestrator.engine import Step
from schemas.connecting import NothingFound
from schemas.sealed_members import seal_members
from tests.schemas.submissions import a_verification
from tests.support.installation import AnInstallation
from tests.support.lately import VERIFIED
from tests.support.people import Human, a_submission
from tests.support.site_register import ACCOUNTS
from tests.support.words import a_collection, an_amendment, an_informing

ADA = Human(1)
TRACKED = [("mixpanel.distinct_id", ADA.distinct_id)]


def told(installation: AnInstallation, type_: str) -> list[Mapping[str, Any]]:
    """Return the data of each event of this type that the portal is sent."""
    query = select(t.outbox.c.data).where(t.outbox.c.type == f"privacy.{type_}.v1")
    with installation.parts.database.reading() as connection:
        return [json.loads(data) for data in connection.execute(query).scalars()]


def shown(installation: AnInstallation, case: str) -> Mapping[str, Any]:
    """Return what people see of a case."""
    view: Mapping[str, Any] = installation("case", "show", case, "--json").data
    return view


def known_of(installation: AnInstallation, case: CaseId) -> set[str]:
    """Return every identifier that the vault holds for a case."""
    vault = installation.parts.vault.open([case], "identity", [ALL_IDENTIFIERS])
    values = vault.named(case, ALL_IDENTIFIERS).values()
    return {one.value for one in load_identifiers(values)}


def nothing_anywhere(installation: AnInstallation, but: str = "") -> None:
    """Let every account *but* one say that it does not know the person."""
    for account in ACCOUNTS:
        if account != but:
            installation.hear_any(account, NothingFound())


def status_of(view: Mapping[str, Any], account: str, action: str) -> str:
    """Return where a task stands."""
    (status,) = (
        task["status"]
        for task in view["tasks"]
        if (task["account"], task["action"]) == (account, action)
    )
    return str(status)


# --- more identifiers -------------------------------------------------------------


def test_identifier_that_comes_later_is_searched_for(
    installation: AnInstallation,
) -> None:
    """It is sealed at once, and the account that accepts its type is asked again."""
    case = installation.a_case(ADA, "erasure")
    installation.hear_any("mixpanel", NothingFound())
    before = status_of(shown(installation, case), "mixpanel", "locate")

    installation.publish(an_amendment(ADA.request_id, TRACKED))
    installation.ingest()

    view = shown(installation, case)
    assert (before, status_of(view, "mixpanel", "locate")) == ("settled", "ready")
    assert known_of(installation, case) >= {ADA.email, ADA.distinct_id}
    (event,) = told(installation, "case.amended")
    assert event["identifier_types"] == ["mixpanel.distinct_id"]
    assert event["accounts"] == ["mixpanel"]
    (line,) = view["amendments"]
    assert line["types"] == ["mixpanel.distinct_id"]


def test_no_value_of_an_amendment_stands_in_clear(
    installation: AnInstallation,
) -> None:
    """Case, history and messages know its types and nothing else."""
    installation.a_case(ADA, "erasure")
    installation.publish(an_amendment(ADA.request_id, TRACKED))
    installation.ingest()

    with installation.parts.database.reading() as connection:
        for table in (t.cases, t.history, t.outbox, t.tasks, t.requests, t.vault):
            rows = connection.execute(select(table)).all()
            assert ADA.distinct_id not in repr(rows)


def test_amendment_that_comes_twice_is_applied_once(
    installation: AnInstallation,
) -> None:
    """The portal repeats its event; the case has one amendment."""
    case = installation.a_case(ADA, "erasure")

    for _ in range(2):
        installation.publish(an_amendment(ADA.request_id, TRACKED, event_id="e-1"))
        installation.ingest()

    assert len(shown(installation, case)["amendments"]) == 1
    assert len(told(installation, "case.amended")) == 1
    assert not told(installation, "request.rejected")


def test_identifier_that_is_known_asks_nobody(installation: AnInstallation) -> None:
    """The portal hears that nothing of it was new."""
    case = installation.a_case(ADA, "erasure")

    installation.publish(an_amendment(ADA.request_id, [("email", ADA.email.upper())]))
    installation.ingest()

    (event,) = told(installation, "case.amended")
    assert (event["identifier_types"], event["accounts"]) == ([], [])
    assert known_of(installation, case) == {ADA.email, ADA.phone, ADA.customer_id}


def test_request_and_amendment_of_one_batch_are_taken_in_order(
    installation: AnInstallation,
) -> None:
    """A key that was made a moment ago seals what comes right after."""
    installation.publish(
        a_submission(ADA, "erasure"), an_amendment(ADA.request_id, TRACKED)
    )
    installation.ingest()

    (case,) = installation("case", "list", "--json").data
    view = shown(installation, case["id"])
    assert status_of(view, "mixpanel", "locate") == "ready"
    assert ADA.distinct_id in known_of(installation, CaseId(case["id"]))


def test_sealed_identifiers_are_taken_like_others(
    installation: AnInstallation,
) -> None:
    """What is sealed to our key stands in clear on no topic, and is searched for."""
    case = installation.a_case(ADA, "erasure")
    message = an_amendment(ADA.request_id, TRACKED)
    key = b64encode(installation.parts.receiving.public).decode()
    sealed = seal_members(message.value or b"", sealing_to(key))
    assert ADA.distinct_id.encode() not in sealed

    installation.publish(replace(message, value=sealed))
    installation.ingest()

    (event,) = told(installation, "case.amended")
    assert event["accounts"] == ["mixpanel"]
    assert ADA.distinct_id in known_of(installation, case)


def test_what_an_amendment_brought_is_forgotten_with_the_rest(
    installation: AnInstallation,
) -> None:
    """It lies under the case's identity key, which is destroyed after the answer."""
    case = installation.a_case(ADA, "erasure")
    installation.publish(an_amendment(ADA.request_id, TRACKED))
    installation.ingest()
    nothing_anywhere(installation)

    installation.parts.seal(_nobody).turn()
    installation.parts.forget().turn()

    with installation.parts.database.reading() as connection:
        assert connection.execute(select(t.vault)).all() == []
    installation.publish(an_amendment(ADA.request_id, TRACKED))
    installation.ingest()
    (event,) = told(installation, "request.rejected")
    assert event["code"] == "not_open"
    assert shown(installation, case)["status"] == "closed"


@pytest.mark.parametrize(
    ("message", "code", "pointer"),
    [
        pytest.param(
            an_amendment(ADA.request_id, TRACKED, rights=["access"]),
            *("unknown_field", ""),
            id="wider right",
        ),
        pytest.param(
            an_amendment(ADA.request_id, []),
            *("invalid_value", "/identifiers"),
            id="nothing",
        ),
        pytest.param(
            an_amendment(ADA.request_id, [("phone", "0199")]),
            *("invalid_identifier", "/identifiers/0/value"),
            id="no number",
        ),
        pytest.param(
            an_amendment(ADA.request_id, TRACKED, event_id=ADA.distinct_id),
            *("identifying_name", ""),
            id="telling name",
        ),
        pytest.param(
            an_amendment(
                ADA.request_id,
                TRACKED,
                verification=a_verification(
                    level="low", verified_at=VERIFIED.isoformat()
                ),
            ),
            *("verification_too_low", "/verification/level"),
            id="hardly verified",
        ),
        pytest.param(
            an_amendment(ADA.request_id, TRACKED, source="/shop"),
            *("other_source", "/request_id"),
            id="somebody else",
        ),
        pytest.param(
            an_amendment("8d0d4f6e-25a5-4b39-9c26-6f6f3f1b7a11", TRACKED),
            *("unknown_request", "/request_id"),
            id="stranger",
        ),
    ],
)
def test_amendment_that_cannot_be_taken_is_kept_and_told(
    message: Any,  # noqa: ANN401 (a message of the portal)
    code: str,
    pointer: str,
    installation: AnInstallation,
) -> None:
    """The case goes on as it was; the event waits in quarantine for a person."""
    case = installation.a_case(ADA, "erasure")

    installation.publish(message)
    installation.ingest()

    (event,) = told(installation, "request.rejected")
    (kept,) = installation("quarantine", "list", "--json").data
    assert (event["code"], event["pointer"], kept["code"]) == (code, pointer, code)
    assert ADA.distinct_id not in json.dumps(event)
    assert shown(installation, case)["amendments"] == []


# --- what reached the person ------------------------------------------------------


def apply(installation: AnInstallation, case: CaseId, *events: Any) -> None:  # noqa: ANN401 (events)
    """Let something happen to a case."""
    steps = [Step(case, event) for event in events]
    assert all(installation.parts.engine.apply(steps))


def a_little_later(installation: AnInstallation) -> str:
    """Return a time of now as a portal writes it."""
    return str(installation.parts.clock.now().isoformat(timespec="seconds"))


def test_notice_that_reached_the_person_stands_in_the_record(
    installation: AnInstallation,
) -> None:
    """What, how and when; told twice it stands there once."""
    case = installation.a_case(ADA, "erasure")
    now = installation.parts.clock.now()
    apply(installation, case, CaseExtended(now, ExtensionReason.NUMBER, "dpo"))
    at = a_little_later(installation)

    for _ in range(2):
        word = an_informing(ADA.request_id, at, notice="extension")
        installation.publish(word)
        installation.ingest()

    view = shown(installation, case)
    (line,) = view["informed"]
    assert (line["what"], line["channel"]) == ("extension", "email")
    assert view["history"][-1]["event"] == "PersonInformed"
    assert not told(installation, "request.rejected")
    assert "extension" in installation("case", "show", case).out


def test_answer_reaches_the_person_of_a_closed_case(
    installation: AnInstallation,
) -> None:
    """The portal may be slow; the record of the case is still there."""
    case = installation.a_case(ADA, "erasure")
    nothing_anywhere(installation)
    installation.parts.seal(_nobody).turn()
    installation.parts.forget().turn()
    assert shown(installation, case)["status"] == "closed"

    at = a_little_later(installation)
    installation.publish(an_informing(ADA.request_id, at, statement=1))
    installation.ingest()

    view = shown(installation, case)
    assert (view["status"], view["informed"][0]["what"]) == ("closed", "statement 1")


def test_statement_that_was_never_signed_reaches_nobody(
    installation: AnInstallation,
) -> None:
    """A number without a statement is refused with a code of its own."""
    case = installation.a_case(ADA, "erasure")

    at = a_little_later(installation)
    installation.publish(an_informing(ADA.request_id, at, statement=1))
    installation.ingest()

    (event,) = told(installation, "request.rejected")
    assert (event["code"], event["pointer"]) == ("unknown_reference", "/statement")
    assert shown(installation, case)["informed"] == []


def test_collected_copy_stands_in_the_record(installation: AnInstallation) -> None:
    """The portal names the copy by its digest; another digest is refused."""
    case = installation.a_case(ADA, "access")
    nothing_anywhere(installation)
    now = installation.parts.clock.now()
    sealed = ExportSealed(now, "ab" * 32, now + timedelta(days=7))
    apply(installation, case, sealed)
    at = a_little_later(installation)

    installation.publish(a_collection(ADA.request_id, "cd" * 32, at))
    installation.ingest()
    assert shown(installation, case)["export_collected_at"] is None
    installation.publish(a_collection(ADA.request_id, "ab" * 32, at))
    installation.ingest()

    assert shown(installation, case)["export_collected_at"] is not None
    (event,) = told(installation, "request.rejected")
    assert (event["code"], event["pointer"]) == ("unknown_reference", "/sha256")


def _nobody() -> None:
    """Ring for nobody."""
