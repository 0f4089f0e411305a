"""A read-only check of the real system, here against an imitation of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from socket import socket
from types import MappingProxyType
from typing import ClassVar

import pytest

from connectors.base import Connector, ConnectorSpec, Installation, Options
from connectors.errors import NotSetUp
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.serving import serve
from connectors.kit.checking import NOBODY, Asked, Checkable, Checked, check
from connectors.testing import CANARY, MappingSecrets
from connectors.transport.http import Target
from examples.connector import fake_acme_mail
from examples.connector.acme_mail import AcmeMail
from examples.connector.fake_acme_mail import FakeAcmeMail
from schemas.connecting import Mode

FAKE = FakeAcmeMail()


class _Scoped(AcmeMail):
    """Declares what its token must be allowed."""

    spec: ClassVar[ConnectorSpec] = replace(
        AcmeMail.spec,
        operations=MappingProxyType(
            {
                **AcmeMail.spec.operations,
                "search": replace(
                    AcmeMail.spec.operations["search"],
                    scopes=frozenset({"contacts.search"}),
                ),
            }
        ),
    )


class _Deleting(AcmeMail):
    """Deletes somebody when it is asked for its name."""

    async def ping(self) -> Installation:
        await self._api.call("delete", path={"id": CANARY.reference})
        return Installation("acme-1")


class _NotSetUp(AcmeMail):
    """Finds that the register does not fit, as a database does."""

    async def ping(self) -> Installation:
        raise NotSetUp("shop: there is no table orders")


@pytest.fixture
def url() -> Iterator[str]:
    """Serve a fresh account with somebody in it."""
    FAKE.reset()
    FAKE.seed([{"id": CANARY.reference, "email": CANARY.email, "name": CANARY.name}])
    with serve(FAKE) as url:
        yield url


def checked(
    url: str,
    connector: type[Connector] = AcmeMail,
    installation: str | None = fake_acme_mail.ACCOUNT,
    mode: Mode = Mode.LIVE,
    token: str = fake_acme_mail.TOKEN,
) -> Checked:
    """Check an account at the fake."""
    spec = connector.spec
    target = Target(
        spec=spec,
        bases={"base_url": url},
        mode=mode,
        allow_http=True,
        allow_hosts=("127.0.0.1",),
    )
    account = Checkable(
        connector=connector,
        options=Options(),
        target=target,
        secrets=MappingSecrets({"token": token}),
        accepts=spec.accepts,
        installation=installation,
    )
    return asyncio.run(check(account))


@pytest.mark.parametrize("mode", Mode)
def test_good_account_is_good_in_every_mode(url: str, mode: Mode) -> None:
    """What was asked is told as templates; an account that is off may be checked."""
    found = checked(url, mode=mode)

    assert found.is_good
    assert found.installation == fake_acme_mail.ACCOUNT
    assert found.asked == (
        Asked("account", "GET /v3/account", "200"),
        Asked("search", "POST /v3/contacts/search", "200"),
    )
    assert found.search == "nothing found, where somebody looked"


def test_nothing_that_writes_leaves(url: str) -> None:
    """A ping that would delete somebody does not, though the account is live."""
    found = checked(url, _Deleting)

    assert not found.is_good
    assert FAKE.requests("delete") == 0
    assert CANARY.reference in FAKE.data["contacts"]


@pytest.mark.parametrize(
    ("installation", "words"),
    [("acme-2", "the register expects acme-2"), (None, 'installation = "acme-1"')],
    ids=["another", "none"],
)
def test_name_that_does_not_match_is_a_problem(
    url: str, installation: str | None, words: str
) -> None:
    """Nothing is written to an account under another name, so it must be mended."""
    found = checked(url, installation=installation)

    assert [words in one for one in found.problems] == [True]


def test_missing_scope_is_named(url: str) -> None:
    """What the vendor calls the right that the credential lacks."""
    FAKE.faults.add(Fault(kind=FaultKind.FORBIDDEN, operation="search", times=None))

    found = checked(url, _Scoped)

    assert found.installation == fake_acme_mail.ACCOUNT
    assert found.missing == ("contacts.search",)
    assert "The credential lacks contacts.search." in found.problems


def test_request_stands_for_a_scope_that_is_not_declared(url: str) -> None:
    """Without a declared scope the refused request is named itself."""
    FAKE.faults.add(Fault(kind=FaultKind.FORBIDDEN, operation="search", times=None))

    assert checked(url).missing == ("POST /v3/contacts/search",)


def test_wrong_secret_is_told_and_not_quoted(url: str) -> None:
    """The sentence says what the error means, never the secret."""
    found = checked(url, token="wrong-secret")

    assert found.problems[0].startswith("It does not say its name: The processor ref")
    assert "wrong-secret" not in repr(found)


def test_table_that_is_not_there_is_told_with_its_meaning(url: str) -> None:
    """What does not fit the register is a sentence, and so is what that means."""
    found = checked(url, connector=_NotSetUp)

    assert found.problems[0] == (
        "It does not say its name: The register's account does not fit what is there:"
        " the account pauses. (shop: there is no table orders)"
    )


def test_address_where_nobody_is_names_what_to_correct() -> None:
    """Whoever mistyped an address reads which key of the register holds it."""
    with socket() as closed:
        closed.bind(("127.0.0.1", 0))
        _, port = closed.getsockname()
        found = checked(f"http://127.0.0.1:{port}")

    assert found.problems[0] == (
        "It does not say its name: no connection could be made; correct base_url, or"
        " the way there (connect_failed)"
    )


def test_search_that_answers_too_much_is_a_problem(url: str) -> None:
    """Whoever finds somebody for an address of nobody would erase a stranger."""
    FAKE.seed([{"id": "1", "email": NOBODY.value, "name": "Nobody"}])

    found = checked(url)

    assert [one for one in found.problems if "nobody can have finds somebody" in one]
