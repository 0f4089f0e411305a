"""What the shell lets leave, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from datetime import timedelta

import pytest

from connectors.fakes.faults import Fault, FaultKind
from connectors.testing import FreeGate
from connectors.transport.egress import READS_ONLY
from connectors.transport.http import (
    AnswerLost,
    Api,
    ContractChanged,
    EgressRefused,
    LeaseLost,
    Refused,
    TryLater,
)
from schemas.connecting import Effect, Mode, Rate
from tests.connectors.echo import BIG, Shell, Thing, get, put

# --- the request -----------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["a/b", "a+b@c.example", "a?b=1&c=2", "50%", "%2F", "#ü ", "a;b:c", "..a"]
)
def test_values_reach_the_processor_as_they_are(value: str, shell: Shell) -> None:
    """No character of an identifier changes the path or the query it stands in."""

    async def step(api: Api) -> Thing:
        answer = await api.call("get", path={"id": value}, query=[("q", value)] * 2)
        return answer.parse(Thing)

    assert shell.run(step) == Thing(id=value, query=[("q", value)] * 2)


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_path_value_that_names_another_resource_is_refused(
    value: str, shell: Shell
) -> None:
    """An empty id would name the collection and dots its parent: nothing leaves."""
    with pytest.raises(EgressRefused, match="path_value_refused"):
        shell.run(lambda api: api.call("delete", path={"id": value}))

    assert shell.fake.log == []


@pytest.mark.parametrize("path", [{}, {"name": "1"}, {"id": "1", "name": "1"}])
def test_path_values_must_fit_the_template(path: dict[str, str], shell: Shell) -> None:
    """A missing or an unknown path value is a mistake of ours: nothing leaves."""
    with pytest.raises(EgressRefused, match="path_values_do_not_fit"):
        shell.run(lambda api: api.call("get", path=path))


def test_undeclared_operation_is_refused(shell: Shell) -> None:
    """Only what the spec declares may leave."""
    with pytest.raises(EgressRefused, match="operation_not_declared"):
        shell.run(lambda api: api.call("purge_everything"))


@pytest.mark.parametrize(
    ("base", "told"),
    [
        pytest.param("http://127.0.0.1:1", "https_only", id="no TLS"),
        pytest.param("ftp://files.example", "https_only", id="another scheme"),
        pytest.param("https://me:pw@api.example", "url_not_plain", id="a password"),
        pytest.param("https://", "url_not_plain", id="no host"),
    ],
)
def test_base_url_must_be_plain_https(base: str, told: str, shell: Shell) -> None:
    """Without the register's word nothing leaves unencrypted or with a password."""
    shell.allow_http, shell.base = False, base

    with pytest.raises(EgressRefused, match=told):
        shell.run(get)

    assert shell.gate.sends == []


def test_missing_base_url_is_refused(shell: Shell) -> None:
    """An operation at another host needs that host in the account's options."""
    with pytest.raises(EgressRefused, match="base_url_not_set"):
        shell.run(lambda api: api.call("elsewhere"))


def test_write_of_a_dry_run_leaves_no_live_account_either(shell: Shell) -> None:
    """One request may be a dry run where the account is not: its writes stop."""

    async def both(api: Api) -> None:
        READS_ONLY.set(True)
        await get(api)
        with pytest.raises(EgressRefused, match="dry_run"):
            await put(api)

    shell.run(both)

    assert shell.gate.sends == [Effect.READ]


@pytest.mark.parametrize(
    ("mode", "told"), [(Mode.DRY_RUN, "dry_run"), (Mode.OFF, "account_is_off")]
)
def test_writes_leave_only_a_live_account(mode: Mode, told: str, shell: Shell) -> None:
    """A dry run reads and refuses to write; an account that is off does neither."""
    shell.mode = mode

    with pytest.raises(EgressRefused, match=told):
        shell.run(put)

    assert shell.fake.log == []


def test_connector_cannot_replace_the_credentials(shell: Shell) -> None:
    """A header of the connector's own never stands in for the account's."""
    shell.run(
        lambda api: api.call(
            "get", path={"id": "1"}, headers={"Authorization": "Bearer other", "X": "1"}
        )
    )

    assert shell.fake.headers[0]["authorization"] == "Bearer fresh"
    assert shell.fake.headers[0]["x"] == "1"


def test_no_cookie_is_kept_between_requests(shell: Shell) -> None:
    """What a processor stores with one person's request is not sent with another's."""

    async def step(api: Api) -> None:
        await get(api)
        await get(api)

    shell.run(step)

    assert not any("cookie" in it for it in shell.fake.headers)


def test_proxy_of_the_environment_is_ignored(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of the machine does not send personal data through another host."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert shell.run(get).id == "1"


# --- the gate --------------------------------------------------------------------


class ClosingGate(FreeGate):
    """Loses the lease after some sends."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    async def before_send(self, rates: Sequence[Rate], effect: Effect) -> None:
        """Let the first sends pass."""
        if len(self.sends) == self._after:
            raise LeaseLost("lease_lost")
        await super().before_send(rates, effect)


def test_gate_is_passed_before_each_send(shell: Shell) -> None:
    """Every try is a send of its own, for the rate windows and for the lease."""
    shell.fake.faults.add(Fault(kind=FaultKind.FAIL, times=2))

    shell.run(get)

    assert shell.gate.sends == [Effect.READ] * 3
    assert shell.fake.requests("get") == 3


class WatchingGate(FreeGate):
    """Notes how many requests the processor had seen when each send passed."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.seen: list[int] = []

    async def before_send(self, rates: Sequence[Rate], effect: Effect) -> None:
        """Note it and let the send pass."""
        await super().before_send(rates, effect)
        self.seen.append(len(self._shell.fake.log))


def test_no_request_waits_for_a_connection_behind_the_gate(shell: Shell) -> None:
    """A send that passed lease and windows leaves at once."""
    shell.concurrency = 1
    shell.gate = gate = WatchingGate(shell)

    async def step(api: Api) -> None:
        await asyncio.gather(get(api), get(api), get(api))

    shell.run(step)

    assert gate.seen == [0, 1, 2]


@pytest.mark.parametrize("sends", [0, 1])
def test_nothing_leaves_after_the_lease(sends: int, shell: Shell) -> None:
    """A try that comes after the lease's end is not sent."""
    shell.gate = ClosingGate(sends)
    shell.fake.faults.add(Fault(kind=FaultKind.THROTTLE, times=None))

    with pytest.raises(LeaseLost):
        shell.run(put)

    assert shell.fake.requests("put") == sends


# --- the answer ------------------------------------------------------------------


def test_lost_delete_on_a_kept_connection_is_sent_once(shell: Shell) -> None:
    """The HTTP library may not repeat a write behind our back (aiohttp would)."""

    async def step(api: Api) -> None:
        await api.call("delete", path={"id": "1"})
        await api.call("delete", path={"id": "2"})

    shell.fake.faults.add(Fault(kind=FaultKind.LOSE_ANSWER, skip=1))

    with pytest.raises(AnswerLost, match="connection_lost"):
        shell.run(step)

    assert shell.fake.data["kept"] == ["1", "2"]
    assert shell.fake.requests("delete") == 2


def test_failed_connect_is_tried_again_and_then_later(shell: Shell) -> None:
    """A write that could not even connect has done nothing."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        shell.base = f"http://127.0.0.1:{closed.getsockname()[1]}"

    with pytest.raises(TryLater, match="connect_failed"):
        shell.run(put)

    assert len(shell.gate.sends) == 3
    assert shell.waited == [0.25, 0.5]


def test_stalled_write_is_lost_and_not_repeated(shell: Shell) -> None:
    """A write without an answer in time may have been done."""
    shell.timeout = timedelta(seconds=1)  # it is done by then, also on a slow machine
    shell.fake.faults.add(Fault(kind=FaultKind.STALL_AFTER))

    with pytest.raises(AnswerLost, match="timeout"):
        shell.run(put)

    assert shell.fake.data["kept"] == [{"name": "x"}]


def test_answer_that_drips_for_ever_ends_in_time(shell: Shell) -> None:
    """The time-out is for the whole answer, not for each byte of it."""
    shell.timeout = timedelta(seconds=0.2)

    with pytest.raises(TryLater, match="timeout"):
        shell.run(lambda api: api.call("drip"))


@pytest.mark.parametrize("operation", ["big", "bomb"])
def test_answer_larger_than_allowed_is_not_read(operation: str, shell: Shell) -> None:
    """Size is capped while reading, after decompression."""
    shell.max_answer_bytes = BIG - 1

    with pytest.raises(ContractChanged, match="answer_too_large"):
        shell.run(lambda api: api.call(operation))


def test_accepted_status_is_returned(shell: Shell) -> None:
    """A status that the connector knows what to do with is no error."""
    shell.fake.faults.add(Fault(kind=FaultKind.FAIL))

    answer = shell.run(lambda api: api.call("put", json={}, accept=(500,)))

    assert answer.status == 500


def test_other_refusals_carry_their_status(shell: Shell) -> None:
    """A 4xx is final, and only its number is told."""
    with pytest.raises(Refused) as caught:
        shell.run(lambda api: api.call("put"))

    assert caught.value.status == 400


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.REDIRECT])
def test_error_carries_nothing_of_the_answer(kind: FaultKind, shell: Shell) -> None:
    """No exception stands behind ours that might quote a body or a URL."""
    shell.fake.faults.add(Fault(kind=kind))

    with pytest.raises(ContractChanged) as caught:
        shell.run(get)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_nothing_of_a_request_is_logged(
    shell: Shell, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even at DEBUG does a library under us print a URL."""
    caplog.set_level(logging.DEBUG)

    shell.run(lambda api: get(api, "canary@birds.example"))
    logging.getLogger("httpx").warning("canary")

    assert "canary" not in caplog.text
    assert "127.0.0.1" not in caplog.text
