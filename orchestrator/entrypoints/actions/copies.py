"""Hand a copy out: decrypt a case's package to a file, and note who took it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from orchestrator.adapters.reading.queries import Queries
from orchestrator.adapters.vault.sealed_chunks import open_chunks
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.cases import Case, ExportStatus
from orchestrator.core.events import ExportDownloaded
from orchestrator.engine import Step
from orchestrator.errors import CannotStore, NotPossible, SetUpError
from orchestrator.ports import Artifact


def download_copy(
    installation: Installation, case_id: str, directory: Path, by: str
) -> Path:
    """
    Write the package of a case into *directory*, mode 0600, whole or not at all.

    The file's name is made of the case's id.  The copy stays in the vault until its
    time is over; that it was taken, when and by whom stands in the case's history.
    """
    case = Queries(installation.database).case_now(case_id)
    package = _package(installation, case)
    target = directory / f"{case.id}.zip"
    with unfinished(target, "--to") as file:
        digest = _decrypt(installation, case, package, file)
        if digest != case.export_sha256:
            raise NotPossible(
                "The package is not the one that was sealed, and nothing was written;"
                " restore the database's backup."
            )
    event = ExportDownloaded(installation.clock.now(), by)
    installation.engine.apply([Step(case.id, event)])
    return target


def _package(installation: Installation, case: Case) -> Artifact:
    """Return the sealed package of a case; says why there is none."""
    match case.export:
        case ExportStatus.NOT_ASKED:
            raise NotPossible(
                "This case asks for no copy; its rights do not call for one."
            )
        case ExportStatus.GATHERING:
            raise NotPossible(
                "The copy is not complete: accounts are still being asked;"
                f" see `erasure case show {case.id}`."
            )
        case ExportStatus.DROPPED:
            raise NotPossible("The request was withdrawn before the copy was sealed.")
        case ExportStatus.SHREDDED:
            raise NotPossible("The copy's time is over and it was shredded.")
        case ExportStatus.SEALED:
            pass
    for package in installation.artifacts.complete(case.id, "package"):
        if package.sha256 == case.export_sha256:
            return package
    raise NotPossible(
        "The database lacks the sealed package of this case; restore its backup."
    )


def _decrypt(
    installation: Installation, case: Case, package: Artifact, file: BinaryIO
) -> str:
    """Write the plain package to *file*; returns its hex SHA-256."""
    key = installation.vault.open([case.id], "export", []).keys.get(case.id)
    if key is None:
        raise NotPossible("The copy's time is over and it was shredded.")
    digest = sha256()
    for plain in open_chunks(key, package.id, installation.artifacts.get(package.id)):
        digest.update(plain)
        file.write(plain)
    return digest.hexdigest()


@contextmanager
def unfinished(target: Path, option: str) -> Iterator[BinaryIO]:
    """Lend a file only its owner can read; it gets its name when all went well."""
    part = target.with_name(f".{target.name}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        descriptor = os.open(part, flags, 0o600)
    except OSError as error:
        raise SetUpError(
            f"{target.parent} cannot be written to ({error.strerror}); name another"
            f" directory with {option}."
        ) from None
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise CannotStore(
            f"{target} cannot be written ({error.strerror}); make room and try again."
        ) from None
    finally:
        part.unlink(missing_ok=True)
