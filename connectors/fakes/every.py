"""Every fake of the tree, and one application that holds them all."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.fakes import (
    amplitude,
    commercetools,
    hubspot,
    iterable,
    klaviyo,
    mixpanel,
    notify,
    opendsr,
    participant,
    vtex,
    webhook,
    zendesk,
)
from connectors.fakes.frame import FakeProcessor


def every_fake() -> Mapping[str, FakeProcessor]:
    """Return a fresh account at each processor, by its name."""
    fakes = (
        hubspot.app(),
        klaviyo.app(),
        mixpanel.app(),
        commercetools.app(),
        zendesk.app(),
        iterable.app(),
        vtex.app(),
        amplitude.app(),
        webhook.app(),
        notify.app(),
        participant.app(),
        opendsr.app(),
    )
    return {fake.name: fake for fake in fakes}


class Street:
    """Fakes side by side on one port, each below `/<name>`."""

    def __init__(self, fakes: Mapping[str, FakeProcessor]) -> None:
        self.fakes = fakes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the fake that its first path segment names."""
        if scope["type"] != "http":
            return
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        name, _, rest = raw.lstrip(b"/").partition(b"/")
        fake = self.fakes.get(name.decode("latin-1"))
        if fake is None:
            await Response(status_code=404)(scope, receive, send)
            return
        await fake({**scope, **_below(scope, name, rest)}, receive, send)

    def release(self) -> None:
        """Let every stalled request go on."""
        for fake in self.fakes.values():
            fake.release()


def _below(scope: Scope, name: bytes, rest: bytes) -> Scope:
    """Return what changes in a scope; the fake's own URLs keep the prefix."""
    return {
        "raw_path": b"/" + rest,
        "root_path": f"{scope.get('root_path', '')}/{name.decode('latin-1')}",
    }
