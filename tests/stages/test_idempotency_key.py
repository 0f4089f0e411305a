"""How a processor knows a call: the same name each time, and nothing else in it."""

from __future__ import annotations

from uuid import UUID

import pytest

from orchestrator.core.words import CallId
from orchestrator.stages.work.claiming import idempotency_key

CALLS = [CallId(f"k-{number}") for number in range(50)]


@pytest.mark.parametrize("call", CALLS)
def test_key_is_a_lower_case_uuid_of_version_4(call: CallId) -> None:
    """OpenDSR takes nothing else for a request's own id (2.0, section 8.1)."""
    key = idempotency_key(call)

    assert key == key.lower() == str(UUID(key))
    assert (UUID(key).version, UUID(key).variant) == (4, "specified in RFC 4122")


def test_key_is_the_call_s_for_ever() -> None:
    """Open jobs of an older version are still known by it."""
    assert idempotency_key(CallId("k-1")) == "7c35c5a1-785d-4070-8e44-d5de4beb81c1"
    assert len({idempotency_key(call) for call in CALLS}) == len(CALLS)
