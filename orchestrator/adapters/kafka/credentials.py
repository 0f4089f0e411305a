"""What opens Kafka's door, read again whenever a connection is made."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from orchestrator.adapters.kafka.settings import KafkaSettings
from orchestrator.errors import SetUpError

_Stamp = tuple[int, int, int]


class FreshCredentials:
    """
    The password and the certificates of one client, as they are now.

    What replaces them in their files opens the next connection, without a restart.
    Files that do not fit, as in the middle of their exchange, change nothing.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._stamps = _stamps(settings)
        self._options: Mapping[str, object] = settings.credentials()

    def __call__(self) -> Mapping[str, object]:
        """Return kafka-python's options for a connection that begins now."""
        stamps = _stamps(self._settings)
        if self._settings.sasl_password is not None or stamps != self._stamps:
            try:
                self._options = self._read(stamps)
            except SetUpError:
                return self._options
        return self._options

    def _read(self, stamps: tuple[_Stamp | None, ...]) -> Mapping[str, object]:
        """Read it all anew, but for certificates that are as they were."""
        context = self._options.get("ssl_context")
        if stamps == self._stamps and isinstance(context, ssl.SSLContext):
            return self._settings.credentials(context)
        read = self._settings.credentials()
        self._stamps = stamps
        return read


def _stamps(settings: KafkaSettings) -> tuple[_Stamp | None, ...]:
    """Return what changes when one of the files is replaced."""
    names = (settings.ssl_cafile, settings.ssl_certfile, settings.ssl_keyfile)
    return tuple(_stamp(Path(name)) for name in names if name)


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
