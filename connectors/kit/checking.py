"""
Ask the real system whether an account is set up well; nothing is changed there.

It is asked for the account's own name and for somebody whom nobody can be.  Two locks
keep writes back: the account is in a dry run, and the gate lets no write pass.
"""

from __future__ import annotations

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, replace

from connectors.base import Connector, Options
from connectors.errors import AccessRefused, EgressRefused, ProcessorError
from connectors.kit.results import meaning_of, told
from connectors.transport.http import Answer, Api, Query, Secrets, Target
from schemas.connecting import (
    EMAIL,
    Ambiguous,
    ConnectorSpec,
    Effect,
    Failed,
    Finding,
    Identifier,
    IdentifierType,
    Installation,
    Located,
    Mode,
    NeedsHuman,
    Person,
    Rate,
    Retry,
    TaskId,
)

# RFC 2606 section 2 keeps `.invalid`: nobody has this address.
NOBODY = Identifier(EMAIL, "nobody@erasure-check.invalid")

_TASK = TaskId("check")
_NOT_CONNECTED = "connect_failed"


@dataclass(frozen=True, slots=True)
class Checkable:
    """One account of the register, as far as a check needs it."""

    connector: type[Connector]
    options: Options
    target: Target
    secrets: Secrets
    accepts: frozenset[IdentifierType]
    installation: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that left, as its template, and what came of it."""

    operation: str
    request: str
    answer: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check learned of one account; `problems` are sentences."""

    installation: str | None
    asked: Sequence[Asked]
    search: str
    missing: Sequence[str]  # scopes, or the requests that were not allowed
    problems: Sequence[str]

    @property
    def is_good(self) -> bool:
        """Whether nothing has to be mended."""
        return not self.problems


async def check(account: Checkable) -> Checked:
    """Ask for the name, then for nobody; raises nothing that a processor causes."""
    target = replace(account.target, mode=Mode.DRY_RUN)
    search: Stepped | None = None
    async with _ListeningApi(target, account.secrets) as api:
        connector = account.connector(api, account.options)
        named = await _step(connector.ping)
        if EMAIL in account.accepts:
            search = await _step(lambda: _search(connector))
    missing = tuple(_missing(target.spec, api.refused))
    problems = [*_named(account, named), *_searched(search)]
    problems += [f"The credential lacks {one}." for one in missing]
    return Checked(
        installation=named.name if isinstance(named, Installation) else None,
        asked=tuple(api.asked),
        search=_said(search),
        missing=missing,
        problems=tuple(problems),
    )


class _ReadingGate:
    """Lets reads pass and no write, whatever the mode says."""

    async def before_send(
        self,
        rates: Sequence[Rate],  # noqa: ARG002 (a handful of requests)
        effect: Effect,
    ) -> None:
        """Refuse what would change something."""
        if effect is not Effect.READ:
            raise EgressRefused("read_only")

    def wait_for(self, rates: Sequence[Rate]) -> float:  # noqa: ARG002 (as above)
        """Have room."""
        return 0.0

    def hold_until_after(self, seconds: float) -> None:
        """Ask no more often than this anyway."""


class _ListeningApi(Api):
    """An account's API that remembers what was asked, never with what."""

    def __init__(self, target: Target, secrets: Secrets) -> None:
        super().__init__(target, secrets, _ReadingGate())
        self._operations = target.spec.operations
        self.asked: list[Asked] = []
        self.refused: list[str] = []

    async def call(
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> Answer:
        """Send a request and note how it was answered."""
        told = "no answer"
        try:
            answer = await super().call(
                operation,
                path=path,
                query=query,
                json=json,
                headers=headers,
                accept=accept,
            )
            told = str(answer.status)
        except ProcessorError as error:
            told = str(error)
            if isinstance(error, AccessRefused):
                self.refused.append(operation)
            raise
        finally:
            declared = self._operations.get(operation)
            request = f"{declared.method} {declared.path}" if declared else "undeclared"
            self.asked.append(Asked(operation, request, told))
        return answer


Stepped = Installation | Finding | ProcessorError


async def _step(step: Callable[[], Awaitable[Stepped]]) -> Stepped:
    try:
        return await step()
    except ProcessorError as error:
        return error


async def _search(connector: Connector) -> Finding:
    found = await connector.locate([Person(_TASK, (NOBODY,))])
    return found.get(_TASK, Retry("no_answer"))


def _named(account: Checkable, named: Stepped) -> Iterator[str]:
    """Say what is wrong with the account's name."""
    if isinstance(named, ProcessorError):
        yield f"It does not say its name: {_why(named)}"
    elif isinstance(named, Installation):
        wanted = account.installation
        if wanted is None:
            yield (
                f'The register does not say what it is called; write installation = "'
                f'{named.name}".'
            )
        elif wanted != named.name:
            yield (
                f"It is called {named.name}, and the register expects {wanted}: correct"
                " the address, the credentials or the register."
            )


def _searched(search: Stepped | None) -> Iterator[str]:
    """Say what is wrong with a search for nobody."""
    match search:
        case ProcessorError():
            yield f"A search fails: {_why(search)}"
        case Located(items=items) if any(item.proven for item in items):
            yield (
                "A search for an address that nobody can have finds somebody: the"
                " vendor answers more than was asked, so compare each match again."
            )
        case Ambiguous() | Failed() | NeedsHuman() | Retry():
            yield f"A search for nobody ends as {type(search).__name__}."
        case _:
            pass


def _missing(spec: ConnectorSpec, refused: Sequence[str]) -> Iterator[str]:
    """Name the scopes of what was not allowed, or the requests themselves."""
    for name in dict.fromkeys(refused):
        operation = spec.operations[name]
        yield from sorted(operation.scopes) or [f"{operation.method} {operation.path}"]


def _why(error: ProcessorError) -> str:
    """Say what an error means: what to mend where that is known, else its class."""
    if str(error) == _NOT_CONNECTED:
        return (
            f"no connection could be made; correct base_url, or the way there ({error})"
        )
    return f"{meaning_of(error)} ({error})"


def _said(search: Stepped | None) -> str:
    match search:
        case None:
            return "not tried: it is not searched by an address"
        case ProcessorError():
            return "failed"
        case _:
            return "; ".join(told(search))
