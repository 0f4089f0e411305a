"""What an OpenDSR request says, in each dialect."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from connectors.base import Identifier
from connectors.fakes import opendsr
from connectors.testing import CANARY
from schemas.connecting import EMAIL
from tests.connectors.opendsr_processor import (
    KEY,
    OF_CANARY,
    OpenDsrProcessor,
    Processor,
    options,
)
from tests.connectors.vendor_specs import recording


class TestRequest(OpenDsrProcessor):
    """What a request says, in each dialect."""

    def _sent(self, processor: Processor, **changes: object) -> dict[str, Any]:
        """Send one erasure, and return its body as it arrived."""
        processor.bench.options = options(**changes)
        with recording(processor.fake) as exchanges:
            processor.accepted()
        (body,) = (it.body for it in exchanges if it.operation == "create")
        sent: dict[str, Any] = json.loads(body)
        return sent

    def test_request_carries_our_key_and_the_protocol_s_members(
        self, processor: Processor
    ) -> None:
        """The id is the call's key; the time is the processor's own."""
        body = self._sent(processor)

        assert body["subject_request_id"] == KEY
        assert body["subject_request_type"] == "erasure"
        assert (body["regulation"], body["api_version"]) == ("gdpr", "2.0")
        assert body["status_callback_urls"] == [opendsr.CALLBACK_URL]
        assert body["submitted_time"].endswith("Z")
        assert {
            (one["identity_type"], one["identity_value"], one["identity_format"])
            for one in body["subject_identities"]
        } == {
            ("controller_customer_id", CANARY.customer_id, "raw"),
            ("email", CANARY.email, "raw"),
        }

    def test_mparticle_takes_a_map(self, processor: Processor) -> None:
        """Identities by type, its own version, its extension."""
        processor.fake.command("dialect", "mparticle")
        wait = {"opendsr.mparticle.com": {"skip_waiting_period": True}}

        body = self._sent(processor, dialect="mparticle", differs={"extensions": wait})

        assert body["api_version"] == "3.0"
        assert body["extensions"] == wait
        assert body["subject_identities"] == {
            "controller_customer_id": {
                "value": CANARY.customer_id,
                "encoding": "raw",
            },
            "email": {"value": CANARY.email, "encoding": "raw"},
        }

    def test_appsflyer_has_other_routes_and_fields(self, processor: Processor) -> None:
        """The application's id stands beside the protocol's members."""
        processor.fake.command("dialect", "appsflyer")

        body = self._sent(
            processor,
            dialect="appsflyer",
            fields={"property_id": "com.example.app", "platform": "android"},
        )

        assert (body["property_id"], body["platform"]) == ("com.example.app", "android")
        (identity,) = body["subject_identities"]
        assert identity["identity_type"] == "customer_user_id"

    def test_hashed_address_is_trimmed_and_small_first(
        self, processor: Processor
    ) -> None:
        """Both sides must arrive at the same digest."""
        processor.bench.options = options(differs={"formats": {"email": "sha256"}})
        odd = [Identifier(EMAIL, f" {CANARY.email.upper()} ")]

        assert processor.bench.erase(processor.bench.find(odd))

        (request,) = processor.fake.data["requests"].values()
        digest = hashlib.sha256(CANARY.email.encode()).hexdigest()
        assert request["identities"] == [["email", digest, "sha256"]]

    def test_map_takes_one_identity_of_a_type(self, processor: Processor) -> None:
        """Two addresses are two requests, and neither is left out."""
        processor.bench.options = options(dialect="mparticle")
        two = [*OF_CANARY, Identifier(EMAIL, "second@birds.example")]

        assert len(processor.bench.find(two).items) == 2

    def test_type_that_the_dialect_does_not_know_is_left_out(
        self, processor: Processor
    ) -> None:
        """AppsFlyer knows no e-mail: without another id nothing is asked."""
        processor.bench.options = options(dialect="appsflyer")

        finding = processor.bench.locate([Identifier(EMAIL, CANARY.email)])

        assert (
            repr(finding)
            == "NotApplicable(reason='no_identifier', kind='not_applicable')"
        )
