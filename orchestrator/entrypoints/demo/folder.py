"""
The demo's own folder: made anew on each run, and never anybody else's.

It holds all that a run leaves: database, keys, register, log, receipts, copies.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.errors import SetUpError

DEFAULT: Final = Path("demo-out")
_MARK: Final = ".made-by-erasure-demo"


@dataclass(frozen=True, slots=True)
class Folder:
    """Where what lies; `root` as the caller named it, so that it reads well."""

    root: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "erasure.db"

    @property
    def register(self) -> Path:
        """The register."""
        return self.root / "register.toml"

    @property
    def keys(self) -> Path:
        """The key directory."""
        return self.root / "keys"

    @property
    def secrets(self) -> Path:
        """The fakes' credentials, one file each."""
        return self.root / "secrets"

    @property
    def log(self) -> Path:
        """The process's log lines."""
        return self.root / "erasure.log"

    @property
    def receipts(self) -> Path:
        """The receipts and their parts."""
        return self.root / "receipts"

    @property
    def copies(self) -> Path:
        """The people's copies, decrypted."""
        return self.root / "copies"

    @property
    def evidence(self) -> Path:
        """What people brought who worked by hand."""
        return self.root / "evidence"

    @property
    def notices(self) -> Path:
        """What people are told who are refused."""
        return self.root / "notices"

    @property
    def stranger_key(self) -> Path:
        """A key of nobody whom the register knows; forged requests bear it."""
        return self.secrets / "stranger.pem"

    @property
    def public_key(self) -> Path:
        """What verifies the receipts."""
        return self.root / "public.pem"

    @property
    def portal_key(self) -> Path:
        """The key with which the portal signs its requests."""
        return self.secrets / "portal.pem"

    @property
    def environment(self) -> Path:
        """The settings with which other commands look at this run."""
        return self.root / "env.sh"


def make_folder(root: Path | None) -> Folder:
    """
    Empty the folder of an earlier run, or make a new one.

    Raises `SetUpError` if it is there and no demo made it, or cannot be made.
    """
    chosen = root or DEFAULT
    try:
        if chosen.exists():
            _clear(chosen)
        # Others keep out: the copies in it are people's data, if invented ones.
        chosen.mkdir(mode=0o700, parents=True)
        (chosen / _MARK).touch()
        made = Folder(chosen)
        for inner in (made.secrets, made.copies, made.notices):
            inner.mkdir(mode=0o700)
    except OSError as error:
        raise SetUpError(
            f"The demo cannot make its folder {chosen} ({error.strerror}); run it where"
            " you may write."
        ) from None
    return Folder(chosen)


def _clear(chosen: Path) -> None:
    """Delete what an earlier run left; refuse whatever else stands there."""
    is_ours = chosen.is_dir() and not chosen.is_symlink()
    if not is_ours or (any(chosen.iterdir()) and not (chosen / _MARK).is_file()):
        raise SetUpError(
            f"{chosen} is there and no demo made it, so nothing was changed; move it"
            " away, or run the demo in another folder."
        )
    shutil.rmtree(chosen)
