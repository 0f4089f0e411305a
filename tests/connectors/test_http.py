"""What the shell lets leave, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.serving import serve
from connectors.http import (
    AnswerLost,
    Api,
    ContractChanged,
    CredentialsRefused,
    EgressRefused,
    LeaseLost,
    ProcessorError,
    Refused,
    TryLater,
)
from connectors.testing import FreeGate
from schemas.connecting import Effect, Mode, Rate
from tests.connectors.echo import BIG, OAUTH, Echo, Shell, Thing


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Echo, str]]:
    """Serve one echo for all tests of the module."""
    fake = Echo()
    with serve(fake) as url:
        yield fake, url


@pytest.fixture
def shell(served: tuple[Echo, str]) -> Shell:
    """Lend an API at a fresh echo."""
    served[0].reset()
    return Shell(*served)


@pytest.fixture
def oauth(shell: Shell) -> Shell:
    """Lend an API that signs in with OAuth client credentials."""
    shell.auth = OAUTH
    return shell


async def get(api: Api, name: str = "1") -> Thing:
    """Read one thing."""
    return (await api.call("get", path={"id": name})).parse(Thing)


async def put(api: Api) -> int:
    """Write one thing."""
    return (await api.call("put", json={"name": "x"})).status


async def downloaded(api: Api, url: str) -> bytes:
    """Download a file whole."""
    return b"".join([piece async for piece in api.download("file", url)])


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
    shell.timeout = timedelta(seconds=0.2)
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


# --- credentials -----------------------------------------------------------------


def test_rotated_secret_is_found_after_one_401(shell: Shell) -> None:
    """A secret that was changed in the vault needs no restart."""
    shell.secrets = type(shell.secrets)({"token": "old"})

    assert shell.run(put) == 204
    assert shell.secrets.refreshed == 1
    assert shell.fake.data["kept"] == [{"name": "x"}]


def test_missing_secret_stops_the_account(shell: Shell) -> None:
    """An unknown reference is the account's trouble, told without its value."""
    shell.secrets = type(shell.secrets)({})

    with pytest.raises(CredentialsRefused, match="secret_missing"):
        shell.run(get)


def test_one_token_serves_many_callers(oauth: Shell) -> None:
    """Callers at once share one token request, also after it was refused."""

    async def step(api: Api) -> None:
        await asyncio.gather(*(get(api) for _ in range(5)))
        oauth.fake.data["good_from"] = 2
        await asyncio.gather(*(get(api) for _ in range(5)))

    oauth.run(step)

    assert oauth.fake.data["tokens"] == 2


def test_token_is_renewed_before_it_ends(oauth: Shell) -> None:
    """A token is used for nine tenths of the time its endpoint named."""

    async def step(api: Api) -> list[int]:
        tokens = []
        for now in (0, 89, 91):
            oauth.now = now
            await get(api)
            tokens.append(oauth.fake.data["tokens"])
        return tokens

    assert oauth.run(step) == [1, 1, 2]


def test_token_request_passes_the_gate_and_a_dry_run(oauth: Shell) -> None:
    """Asking for a token counts as a send, and changes nothing at the processor."""
    oauth.mode = Mode.DRY_RUN

    oauth.run(get)

    assert oauth.gate.sends == [Effect.READ, Effect.READ]


def test_wrong_client_credentials_stop_the_account(oauth: Shell) -> None:
    """RFC 6749 answers 400 to a wrong client: that is no fault of the request."""
    oauth.secrets = type(oauth.secrets)({"client_id": "id", "client_secret": "no"})

    with pytest.raises(CredentialsRefused, match="token_refused"):
        oauth.run(get)


# --- downloads -------------------------------------------------------------------


def test_download_carries_no_credentials(shell: Shell) -> None:
    """A file at another host is fetched whole and without the account's token."""
    body = shell.run(lambda api: downloaded(api, f"{shell.url}/files/1"))

    assert body == b"line\n" * 2_000
    assert "authorization" not in shell.fake.headers[0]
    assert shell.gate.sends == [Effect.READ]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (FaultKind.REDIRECT, ContractChanged),
        (FaultKind.FAIL, TryLater),
        (FaultKind.TRUNCATE, TryLater),
        (FaultKind.LOSE_ANSWER, TryLater),
        (FaultKind.FORBIDDEN, Refused),
    ],
)
def test_failed_download_is_told(
    fault: FaultKind, error: type[ProcessorError], shell: Shell
) -> None:
    """Half a file is never taken for a whole one."""
    shell.fake.faults.add(Fault(kind=fault))

    with pytest.raises(error):
        shell.run(lambda api: downloaded(api, f"{shell.url}/files/1"))


def test_download_is_capped(shell: Shell) -> None:
    """A file larger than allowed stops the download."""
    shell.max_download_bytes = 5_000

    with pytest.raises(ContractChanged, match="download_too_large"):
        shell.run(lambda api: downloaded(api, f"{shell.url}/files/1"))


def test_download_needs_tls_and_a_declared_read(shell: Shell) -> None:
    """The URL comes from a processor's answer, so it passes the same rules."""
    shell.allow_http = False
    with pytest.raises(EgressRefused, match="https_only"):
        shell.run(lambda api: downloaded(api, f"{shell.url}/files/1"))

    async def write(api: Api) -> list[bytes]:
        return [piece async for piece in api.download("put", "https://a.example/")]

    with pytest.raises(EgressRefused, match="download_is_not_a_read"):
        shell.run(write)
