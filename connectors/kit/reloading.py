"""Run a command again whenever a file of its folder changes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from watchfiles import PythonFilter, watch

_LOOK = 200  # milliseconds
_PATIENCE = 5.0


def run_and_reload(
    command: Sequence[str], folder: Path, say: Callable[[str], None]
) -> int:
    """
    Run *command* until it ends well by itself, and anew after each change.

    One that ends badly is run again once a file changes, because that is how a mistake
    is mended.  Returns the last exit code.
    """
    while True:
        child = subprocess.Popen(command)  # noqa: S603 (our own command line)
        try:
            changed = _changed(child, folder)
        except KeyboardInterrupt:
            changed = ()
        finally:
            _end(child)
        if not changed:
            return child.returncode
        say(f"--- {', '.join(changed)} changed ---")


def _changed(child: subprocess.Popen[bytes], folder: Path) -> Sequence[str]:
    """Wait for a change and name the files; nothing where the child ended well."""
    looks = watch(
        folder,
        watch_filter=PythonFilter(),
        debounce=_LOOK,
        rust_timeout=_LOOK,
        yield_on_timeout=True,
    )
    for changes in looks:
        if changes:
            return sorted({Path(path).name for _, path in changes})
        if child.poll() == 0:
            break
    return ()


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child, if it has not ended."""
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
