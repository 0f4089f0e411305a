"""A processor calls back: whatever dies in between, its word reaches the receipt."""

from __future__ import annotations

from signal import SIGKILL
from typing import Any

import httpx
import pytest

from connectors.fakes.opendsr import FakeOpenDsr
from connectors.fakes.opendsr_signing import self_signed
from schemas.connecting import Action
from tests.support.nursery import Child
from tests.support.patience import PATIENCE
from tests.support.people import Human, a_submission
from tests.support.processes import free_port, is_listening
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite
from tests.support.site_register import RegisterText

ADA = Human(1)
NEVER = 10**6  # questions until a request ends by itself


class Caller:
    """A site with one processor that calls back, and the person whom it knows."""

    def __init__(self, new_site: NewSite, backend: Backend) -> None:
        self.fake = FakeOpenDsr()
        register = RegisterText(accounts=("opendsr",), roots_pem=self.fake.roots_pem)
        self.site: Site = new_site(backend, register, {"opendsr": self.fake})
        self.port = free_port()
        self.fake.seed([{"identities": {"email": ADA.email}}])
        self.fake.command("steps", NEVER)
        self.site.publish(a_submission(ADA))

    def start(self, **extra: str) -> Child:
        """Start a process that listens for callbacks."""
        bind = f"127.0.0.1:{self.port}"
        child = self.site.start(ERASURE_CALLBACK_BIND=bind, **extra)
        self.site.wait(lambda: is_listening(self.port))
        return child

    def request_id(self) -> str:
        """Wait for the request to arrive, and return its id."""
        self.site.wait(lambda: bool(self.fake.data["requests"]))
        (id_,) = self.fake.data["requests"]
        return str(id_)

    def call_back(self, state: str = "completed", **forging: Any) -> int:  # noqa: ANN401
        """Call back once; 0 is a connection that broke."""
        headers, body = self.fake.callback(self.request_id(), state, **forging)
        url = f"http://127.0.0.1:{self.port}/callbacks/opendsr"
        try:
            return httpx.post(
                url, content=body, headers=headers, timeout=PATIENCE
            ).status_code
        except httpx.TransportError:
            return 0

    def evidence(self) -> str | None:
        """Return how well the receipt says that it is proven."""
        (receipt,) = self.site.receipts().values()
        (line,) = (one for one in receipt.lines if one.action is Action.ERASE)
        assert str(line.outcome) == "done"
        return line.evidence

    def states(self) -> list[str]:
        """Return how the letters stand."""
        query = "SELECT state FROM inbox ORDER BY received_at"
        return [row[0] for row in self.site.rows(query)]


@pytest.fixture
def caller(new_site: NewSite, embedded: Backend) -> Caller:
    """Lend a site whose processor calls back."""
    return Caller(new_site, embedded)


def test_signed_word_is_in_the_receipt(caller: Caller) -> None:
    """The poll says pending for ever; the callback ends the case with E3."""
    child = caller.start()

    assert caller.call_back("pending") == 202
    assert caller.call_back() == 202
    caller.site.wait_until_over(1)
    caller.site.wait(lambda: caller.states() == ["applied", "applied"])

    assert child.stop() == 0
    assert caller.evidence() == "E3"
    assert caller.site.count("SELECT count(*) FROM inbox WHERE sealed IS NOT NULL") == 0


def test_forged_word_ends_nothing(caller: Caller) -> None:
    """It is taken, refused, and pauses no account; the genuine one ends the case."""
    child = caller.start()
    assert caller.call_back(signer=self_signed()) == 202
    caller.site.wait(lambda: caller.states() == ["refused"])
    assert caller.site.count("SELECT count(*) FROM cases WHERE status='running'") == 1
    paused = "SELECT count(*) FROM accounts WHERE paused_reason IS NOT NULL"
    assert caller.site.count(paused) == 0

    assert caller.call_back() == 202
    caller.site.wait_until_over(1)

    assert child.stop() == 0
    assert caller.evidence() == "E3"


@pytest.mark.parametrize(
    ("moment", "is_repeated"),
    [
        pytest.param("before commit: INSERT INTO inbox #1", True, id="not_stored"),
        pytest.param("after commit: INSERT INTO inbox #1", True, id="not_answered"),
        pytest.param("before commit: UPDATE inbox SET #1", False, id="not_applied"),
        pytest.param("after commit: UPDATE inbox SET #1", False, id="applied"),
    ],
)
def test_kill_at_any_step_of_a_callback_loses_nothing(
    caller: Caller, moment: str, *, is_repeated: bool
) -> None:
    """What was not answered is sent again; what was answered is durable."""
    child = caller.start(KILL_AT=moment)

    answered = caller.call_back()
    assert child.wait() == -SIGKILL
    caller.start()
    if is_repeated:
        assert answered == 0
        assert caller.call_back() == 202
    else:
        assert answered in {0, 202}
    caller.site.wait_until_over(1)

    assert caller.evidence() == "E3"
    # A repeat may still be on its way; it ends without an effect.
    caller.site.wait(lambda: set(caller.states()) == {"applied"})
