"""A signal while calls are in flight: they may finish, but not for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from signal import SIGTERM

import pytest

from connectors.fakes.every import Street, every_fake
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.serving import serve
from tests.support.finished import has_said, running, until
from tests.support.installation import AnInstallation
from tests.support.patience import PATIENCE
from tests.support.people import Human, settle_in
from tests.support.site_register import RegisterText

ADA = Human(1)
ASKED = "search_profiles"


@pytest.fixture
def fakes() -> Mapping[str, FakeProcessor]:
    """Know one person; Klaviyo's first answer does not come until it is released."""
    made = every_fake()
    settle_in(made, [ADA])
    made["klaviyo"].faults.add(Fault(kind=FaultKind.STALL_AFTER, operation=ASKED))
    return made


@pytest.fixture
def installation(
    tmp_path: Path, fakes: Mapping[str, FakeProcessor]
) -> Iterator[AnInstallation]:
    """Lend an installation that waits long for an answer."""
    with serve(Street(fakes)) as url:
        made = AnInstallation(tmp_path, url=url, register=RegisterText(timeout="60s"))
        yield made
        made.close()


def _search(installation: AnInstallation, case: str) -> str:
    """Return where the search at Klaviyo stands."""
    task = installation("task", "show", f"{case}.klaviyo.locate", "--json").data
    return str(task["status"])


def test_call_in_flight_may_finish(
    installation: AnInstallation, fakes: Mapping[str, FakeProcessor]
) -> None:
    """What it says after the signal is stored before the process ends."""
    case = installation.a_case(ADA)

    with running(installation) as process:
        until(lambda: fakes["klaviyo"].requests(ASKED) > 0, installation, process)
        process.send_signal(SIGTERM)
        until(lambda: has_said(installation, "process_stopping"), installation, process)
        before = _search(installation, case)
        fakes["klaviyo"].release()
        code = process.wait(PATIENCE)

    assert (before, code) == ("called", 0)
    assert _search(installation, case) == "settled"


def test_call_that_does_not_end_is_left_after_the_grace(
    installation: AnInstallation, fakes: Mapping[str, FakeProcessor]
) -> None:
    """The process ends all the same, and the next one goes on with the task."""
    installation.env["ERASURE_GRACE"] = "1s"
    case = installation.a_case(ADA)

    with running(installation) as process:
        until(lambda: fakes["klaviyo"].requests(ASKED) > 0, installation, process)
        process.send_signal(SIGTERM)
        code = process.wait(PATIENCE)
    fakes["klaviyo"].release()
    with running(installation) as process:
        until(lambda: _search(installation, case) == "settled", installation, process)

    assert code == 0


def test_second_signal_ends_the_process_at_once(
    installation: AnInstallation, fakes: Mapping[str, FakeProcessor]
) -> None:
    """Whoever insists is obeyed: exit 1, and nothing is lost."""
    installation.a_case(ADA)

    with running(installation) as process:
        until(lambda: fakes["klaviyo"].requests(ASKED) > 0, installation, process)
        process.send_signal(SIGTERM)
        until(lambda: has_said(installation, "process_stopping"), installation, process)
        process.send_signal(SIGTERM)
        code = process.wait(PATIENCE)

    assert code == 1
