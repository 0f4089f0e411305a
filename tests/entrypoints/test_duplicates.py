"""A person asks for the same twice: one is carried out, and both are answered."""

from __future__ import annotations

import uuid

import pytest

from orchestrator.core.events import RequestWithdrawn
from orchestrator.core.words import CaseId
from schemas.withdrawals import WithdrawalReason
from tests.entrypoints.test_later_words import (
    apply,
    nothing_anywhere,
    shown,
    told,
)
from tests.entrypoints.test_withdrawn_event import a_withdrawal
from tests.support.installation import AnInstallation
from tests.support.lately import EARLIER
from tests.support.people import Human, a_submission
from tests.support.words import an_amendment

ADA = Human(1)
EARLY = EARLIER.isoformat()


def again(installation: AnInstallation, *rights: str, **changes: object) -> CaseId:
    """Let Ada ask once more, under another name; returns the new case."""
    name = str(uuid.uuid4())
    message = a_submission(
        ADA, *rights, event_id=f"event-{name}", request_id=name, **changes
    )
    installation.publish(message)
    installation.ingest()
    with installation.parts.store.transaction() as transaction:
        (known,) = transaction.known_requests({name}, [])
    return known.case_id


def results(installation: AnInstallation) -> dict[str, str]:
    """Return how each answered case ended, as the portal hears it."""
    events = told(installation, "case.answered")
    return {str(one["case_id"]): str(one["result"]) for one in events}


def answer(installation: AnInstallation) -> None:
    """Let every account know nobody, and the stages do what follows."""
    nothing_anywhere(installation)
    installation.parts.seal(_nobody).turn()
    installation.parts.forget().turn()
    installation.parts.forget().turn()


def test_same_request_again_is_attached(installation: AnInstallation) -> None:
    """It has a case, a date and no task; its portal hears who answers it."""
    first = installation.a_case(ADA, "erasure")

    second = again(installation, "erasure")

    view = shown(installation, second)
    assert (view["status"], view["led_by"], view["tasks"]) == ("attached", first, [])
    assert shown(installation, first)["leads"] == [second]
    opened = told(installation, "case.opened")[-1]
    (attached,) = told(installation, "case.attached")
    assert opened["case_id"] == attached["case_id"] == second
    assert attached["due_at"] == opened["due_at"]
    assert attached["to_case"] == first
    assert "that case answers it" in installation("case", "show", second).out


def test_both_are_answered_with_the_same_receipt(
    installation: AnInstallation,
) -> None:
    """Each portal hears the number and the digest under its own request."""
    first = installation.a_case(ADA, "erasure")
    second = again(installation, "erasure")

    answer(installation)

    issued = {one["case_id"]: one for one in told(installation, "receipt.issued")}
    answered = {
        one["case_id"]: one["result"] for one in told(installation, "case.answered")
    }
    assert issued[first]["sha256"] == issued[second]["sha256"]
    assert answered == {first: "complete", second: "complete"}
    view = shown(installation, second)
    assert (view["status"], view["answered_with"]) == ("closed", f"{first}-1")
    assert not view["identity_held"]


def test_receipt_of_either_case_is_the_same(installation: AnInstallation) -> None:
    """Whoever asks for the second case's receipt gets the one that answered it."""
    first = installation.a_case(ADA, "erasure")
    second = again(installation, "erasure")
    answer(installation)

    receipts = [installation("receipt", "show", one).out for one in (first, second)]

    assert receipts[0] == receipts[1]


def test_copy_for_both_is_made_once(installation: AnInstallation) -> None:
    """The second portal hears its digest; no key for a copy of its own is left."""
    installation.a_case(ADA, "access")
    second = again(installation, "access")

    answer(installation)

    (one, other) = told(installation, "export.ready")
    assert one["sha256"] == other["sha256"]
    assert shown(installation, second)["status"] == "closed"


def test_two_requests_of_one_batch_find_one_another(
    installation: AnInstallation,
) -> None:
    """Which of both is first decides the order on the topic."""
    name = str(uuid.uuid4())
    installation.publish(
        a_submission(ADA, "erasure"),
        a_submission(ADA, "erasure", event_id=f"event-{name}", request_id=name),
    )
    installation.ingest()

    cases = installation("case", "list", "--json").data
    assert sorted(case["status"] for case in cases) == ["attached", "running"]


@pytest.mark.parametrize(
    ("rights", "changes"),
    [
        pytest.param(["access"], {}, id="other right"),
        pytest.param(["erasure"], {"jurisdiction": "DE"}, id="other law"),
        pytest.param(
            ["erasure"],
            {
                "subject": {
                    "customer_id": ADA.customer_id,
                    "identifiers": [{"type": "email", "value": "new@example.com"}],
                }
            },
            id="another address",
        ),
        pytest.param(
            ["erasure"],
            {"subject": {"identifiers": [{"type": "email", "value": ADA.email}]}},
            id="nobody knows who",
        ),
    ],
)
def test_other_request_is_a_case_of_its_own(
    rights: list[str], changes: dict[str, object], installation: AnInstallation
) -> None:
    """Nothing that the person said is lost for being said twice."""
    installation.a_case(ADA, "erasure")

    second = again(installation, *rights, **changes)

    view = shown(installation, second)
    assert (view["status"], view["led_by"]) == ("running", None)


def test_request_after_the_answer_is_a_new_case(
    installation: AnInstallation,
) -> None:
    """New data may exist since."""
    installation.a_case(ADA, "erasure")
    answer(installation)

    assert shown(installation, again(installation, "erasure"))["status"] == "running"


def test_withdrawn_first_request_leaves_the_second_going(
    installation: AnInstallation,
) -> None:
    """It is carried out by itself from then on, and the third follows it."""
    first = installation.a_case(ADA, "erasure")
    second = again(installation, "erasure")
    third = again(installation, "erasure")

    installation.publish(a_withdrawal())
    installation.ingest()

    assert shown(installation, first)["withdrawn_at"]
    assert shown(installation, second)["status"] == "running"
    assert shown(installation, third)["led_by"] == second
    answer(installation)
    results = {
        one["case_id"]: one["result"] for one in told(installation, "case.answered")
    }
    assert results == {first: "withdrawn", second: "complete", third: "complete"}


def test_withdrawn_second_request_leaves_the_first_going(
    installation: AnInstallation,
) -> None:
    """It is answered at once, for nothing was begun for it."""
    first = installation.a_case(ADA, "erasure")
    second = again(installation, "erasure")
    now = installation.parts.clock.now()

    apply(
        installation, second, RequestWithdrawn(now, "dpo", WithdrawalReason.DUPLICATE)
    )

    (answered,) = told(installation, "case.answered")
    assert (answered["case_id"], answered["result"]) == (second, "withdrawn")
    assert shown(installation, first)["leads"] == []


def test_earlier_receipt_of_the_second_request_counts(
    installation: AnInstallation,
) -> None:
    """A letter that lay around is due first, so both are."""
    first = installation.a_case(ADA, "erasure")
    before = shown(installation, first)["due_at"]

    second = again(installation, "erasure", received_at=EARLY, channel="letter")

    due = shown(installation, second)["due_at"]
    assert shown(installation, first)["due_at"] == due < before


def test_identifiers_for_an_attached_request_are_a_new_request(
    installation: AnInstallation,
) -> None:
    """What would be searched for it is another case's search."""
    installation.a_case(ADA, "erasure")
    second = again(installation, "erasure")
    name = str(shown(installation, second)["request_id"])

    installation.publish(an_amendment(name, [("phone", "+33199000777")]))
    installation.ingest()

    (event,) = told(installation, "request.rejected")
    assert (event["code"], event["request_id"]) == ("not_open", name)


def _nobody() -> None:
    """Ring for nobody."""
