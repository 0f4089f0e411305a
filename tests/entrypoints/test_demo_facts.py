"""The claims of the whole demo are false where a line or a file speaks against them."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from orchestrator.entrypoints.demo.folder import Folder, make_folder
from orchestrator.entrypoints.demo.proving_others import attested, graded
from schemas.connecting import Action, Evidence
from schemas.receipts import Line, RecipientNamed

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
BROUGHT = b"delivery: erase, 1 found\n"


def _line(account: str, evidence: Evidence, file: bytes | None = None) -> Line:
    """Describe an erasure of *account* that somebody or something bears out."""
    return Line(
        recipient=RecipientNamed(legal_name="Exemple SAS", role="processor"),
        account=account,
        connector="any",
        connector_version="1",
        action=Action.ERASE,
        identifier_types=("email",),
        outcome="done",
        evidence=evidence,
        evidence_sha256=sha256(file).hexdigest() if file else None,
        settled_at=AT,
        attempts=1,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A demo's folder with one file that somebody brought."""
    made = make_folder(tmp_path / "demo-out")
    made.evidence.mkdir()
    (made.evidence / "t.txt").write_bytes(BROUGHT)
    return made


@pytest.mark.parametrize(
    ("lines", "against"),
    [
        pytest.param(
            [_line("hubspot", Evidence.E4), _line("mixpanel", Evidence.E2)],
            [],
            id="as-well-as-each-can",
        ),
        pytest.param(
            [_line("hubspot", Evidence.E2), _line("mixpanel", Evidence.E2)],
            ["HubSpot: E2, not E4"],
            id="worse",
        ),
        pytest.param(
            [_line("hubspot", Evidence.E4), _line("mixpanel", Evidence.E4)],
            ["Mixpanel: E4, not E2"],
            id="better",
        ),
        pytest.param(
            [_line("hubspot", Evidence.E4)], ["Mixpanel: nothing was done"], id="never"
        ),
    ],
)
def test_every_system_is_proven_as_well_as_it_allows(
    lines: list[Line], against: list[str]
) -> None:
    """A proof that was lost, made up or never given is named with its system."""
    fact = graded(["hubspot", "mixpanel"], lines)

    assert list(fact.against) == against


@pytest.mark.parametrize(
    ("lines", "is_true"),
    [
        pytest.param([_line("delivery", Evidence.M, BROUGHT)], True, id="borne-out"),
        pytest.param([_line("delivery", Evidence.M, b"x")], False, id="another-file"),
        pytest.param([_line("delivery", Evidence.M)], False, id="no-file"),
        pytest.param([], False, id="file-without-a-line"),
    ],
)
def test_work_by_hand_is_borne_out_by_a_file(
    folder: Folder, lines: list[Line], *, is_true: bool
) -> None:
    """A person's word counts with the file whose digest the receipt carries."""
    vendor = _line("hubspot", Evidence.E4)

    assert attested(folder, [*lines, vendor]).is_true is is_true
