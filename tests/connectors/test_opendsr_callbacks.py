"""Only what the processor signed, for us, with a key somebody vouches for, is heard."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from connectors.base import Accepted, Done, Evidence, NeedsHuman
from connectors.errors import ContractChanged, NotGenuine, TryLater
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.opendsr import FakeOpenDsr
from connectors.fakes.opendsr_signing import (
    Authority,
    Signer,
    self_signed,
    the_authority,
)
from connectors.opendsr.signatures import store_of
from tests.connectors.opendsr_processor import (
    KEY,
    OpenDsrProcessor,
    Processor,
    options,
)

OTHER = "another.fake.example"


class TestGenuine(OpenDsrProcessor):
    """What is heard."""

    def test_signed_completion_is_the_best_evidence_there_is(
        self, processor: Processor
    ) -> None:
        """E3, about the call that has this key."""
        said = processor.hear(*processor.fake.callback(KEY, "completed"))

        assert (said.call, said.reply) == (KEY, Done("deleted", Evidence.E3))

    def test_old_names_of_the_headers_are_heard(self, processor: Processor) -> None:
        """Processors must honour both (section 10.1), and so do we."""
        came = processor.fake.callback(KEY, "completed", prefix="X-OpenGDPR")

        assert processor.hear(*came).call == KEY

    @pytest.mark.parametrize("state", ["pending", "in_progress", "cancelled"])
    def test_other_states_only_bring_the_poll_forward(
        self, processor: Processor, state: str
    ) -> None:
        """A poll, which is authenticated, says what came of it."""
        said = processor.hear(*processor.fake.callback(KEY, state))

        assert isinstance(said.reply, Accepted)

    def test_unknown_state_goes_to_a_person(self, processor: Processor) -> None:
        """The protocol has no failure."""
        said = processor.hear(*processor.fake.callback(KEY, "failed"))

        assert said.reply == NeedsHuman("unknown_job_state")

    def test_certificate_is_fetched_once(
        self, processor: Processor, fake: FakeOpenDsr
    ) -> None:
        """And without our credentials, which the fake would refuse there."""
        came = fake.callback(KEY, "completed")

        processor.hear_all(came, came, came)

        assert fake.requests("certificate") == 1

    def test_renewed_certificate_is_fetched_when_the_old_one_does_not_do(
        self, processor: Processor, fake: FakeOpenDsr
    ) -> None:
        """A processor that changed its key is heard at once."""
        renewed = the_authority().signer()

        async def hear(connector: object) -> list[str]:
            calls = []
            for signer in (fake.signer, renewed):
                fake.signer = signer
                headers, body = fake.callback(KEY, "completed")
                small = {k.lower(): v for k, v in headers.items()}
                said = await connector.on_callback(small, body)  # type: ignore[attr-defined]
                calls.append(said.call)
            return calls

        assert processor.run(hear) == [KEY, KEY]
        assert fake.requests("certificate") == 2


def _altered(body: bytes) -> bytes:
    """Change one byte, and nothing of the meaning."""
    return body.replace(b": ", b":  ", 1)


class TestForged(OpenDsrProcessor):
    """What is refused, and how it is called."""

    def _refused(
        self, processor: Processor, headers: dict[str, str], body: bytes
    ) -> str:
        with pytest.raises(NotGenuine) as caught:
            processor.hear(headers, body)
        return str(caught.value)

    def test_altered_byte_is_refused(self, processor: Processor) -> None:
        """Not the JSON is signed: the bytes are."""
        headers, body = processor.fake.callback(KEY, "completed")
        altered = _altered(body)
        assert json.loads(altered) == json.loads(body)

        assert self._refused(processor, headers, altered) == "bad_signature"

    @pytest.mark.parametrize(
        "signature",
        [
            pytest.param("", id="empty"),
            pytest.param("bm90IGEgc2lnbmF0dXJl", id="words"),
            pytest.param("%%%", id="no_base64"),
        ],
    )
    def test_signature_that_is_none_is_refused(
        self, processor: Processor, signature: str
    ) -> None:
        """Whatever stands in the header."""
        headers, body = processor.fake.callback(KEY, "completed")
        headers["X-OpenDSR-Signature"] = signature

        assert self._refused(processor, headers, body) in {
            "bad_signature",
            "not_signed",
        }

    def test_unsigned_callback_is_refused(self, processor: Processor) -> None:
        """Without headers nobody said it."""
        _, body = processor.fake.callback(KEY, "completed")

        assert self._refused(processor, {}, body) == "not_signed"
        assert processor.fake.requests("certificate") == 0

    def test_key_of_somebody_else_is_refused(self, processor: Processor) -> None:
        """A key that the same authority vouches for, but not the processor's."""
        stranger = the_authority().signer(OTHER)
        came = processor.fake.callback(KEY, "completed", signer=stranger)

        assert self._refused(processor, *came) == "bad_signature"

    def test_other_domain_is_refused(self, processor: Processor) -> None:
        """Who signs is the register's to say, not the header's."""
        came = processor.fake.callback(KEY, "completed", domain=OTHER)

        assert self._refused(processor, *came) == "wrong_domain"
        assert processor.fake.requests("discovery") == 0

    @pytest.mark.parametrize(
        "made",
        [
            pytest.param(lambda: the_authority().signer(OTHER), id="other_domain"),
            pytest.param(
                lambda: the_authority().signer(lasts=-timedelta(days=1)), id="expired"
            ),
            pytest.param(self_signed, id="self_signed"),
            pytest.param(lambda: Authority().signer(), id="other_authority"),
        ],
    )
    def test_certificate_that_nobody_vouches_for_is_refused(
        self, processor: Processor, made: object
    ) -> None:
        """The chain, the time and the domain are checked before the signature."""
        signer: Signer = made()  # type: ignore[operator]
        processor.fake.signer = signer
        came = processor.fake.callback(KEY, "completed")

        assert self._refused(processor, *came) == "certificate_refused"

    def test_certificate_from_elsewhere_is_not_fetched(
        self, processor: Processor
    ) -> None:
        """Only a host that the register names may hand it out."""
        processor.fake.command("certificate_host", "attacker.example")
        came = processor.fake.callback(KEY, "completed")

        assert self._refused(processor, *came) == "certificate_elsewhere"

    def test_redirect_to_a_certificate_is_not_followed(
        self, processor: Processor
    ) -> None:
        """Another host could answer there; the callback waits for the right one."""
        processor.fake.command("certificate_moved", body=True)
        came = processor.fake.callback(KEY, "completed")

        with pytest.raises(TryLater, match="certificate_away"):
            processor.hear(*came)

        assert processor.fake.requests("certificate_moved") == 0

    def test_word_for_another_address_is_refused(self, processor: Processor) -> None:
        """Signed, and meant for another controller: a replay across customers."""
        elsewhere = "https://other.example/callbacks/cdp"
        came = processor.fake.callback(KEY, "completed", status_callback_url=elsewhere)

        assert self._refused(processor, *came) == "not_for_us"

    def test_nobody_is_heard_where_no_callbacks_were_asked_for(
        self, processor: Processor
    ) -> None:
        """Without our own address in the register nothing can be meant for it."""
        processor.bench.options = options(callback_url=None)
        came = processor.fake.callback(KEY, "completed")

        assert self._refused(processor, *came) == "no_callbacks_asked_for"

    def test_genuine_words_that_mean_nothing_go_to_a_person(
        self, processor: Processor
    ) -> None:
        """Signed, and in no shape that anybody documents."""
        came = processor.fake.callback(KEY, "completed", subject_request_id=7)

        with pytest.raises(ContractChanged):
            processor.hear(*came)

    def test_forgeries_do_not_make_us_fetch_again_and_again(
        self, processor: Processor, fake: FakeOpenDsr
    ) -> None:
        """A hundred of them, and the certificate is fetched eight times."""
        forged = fake.callback(KEY, "completed", signer=self_signed())

        async def hear(connector: object) -> int:
            small = {k.lower(): v for k, v in forged[0].items()}
            refused = 0
            for _ in range(100):
                try:
                    await connector.on_callback(small, forged[1])  # type: ignore[attr-defined]
                except NotGenuine:
                    refused += 1
            return refused

        assert processor.run(hear) == 100
        assert fake.requests("certificate") == 8

    @pytest.mark.parametrize(
        ("operation", "kind"),
        [
            pytest.param("discovery", FaultKind.DIE, id="discovery_dies"),
            pytest.param("discovery", FaultKind.GARBAGE, id="discovery_is_garbled"),
            pytest.param("certificate", FaultKind.DIE, id="certificate_dies"),
        ],
    )
    def test_certificate_that_cannot_be_had_now_is_no_forgery(
        self,
        processor: Processor,
        fake: FakeOpenDsr,
        operation: str,
        kind: FaultKind,
    ) -> None:
        """The word waits until it can be verified."""
        fake.faults.add(Fault(kind=kind, operation=operation, times=None))

        with pytest.raises(TryLater):
            processor.hear(*fake.callback(KEY, "completed"))


def test_public_authorities_are_trusted_by_default() -> None:
    """Those that our TLS connections trust, each of them readable."""
    assert store_of(None) is store_of(None)
