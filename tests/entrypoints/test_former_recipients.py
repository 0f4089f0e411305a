"""A recipient that is taken out of the register is missed, and open cases keep it."""

from __future__ import annotations

from tests.support.installation import AnInstallation
from tests.support.people import Human

FORMER = """
[recipients.old-mail]
legal_name = "Old Mail Ltd"
role = "processor"
active_to = 2024-06-30
told = "not_told"
not_told_because = "left_and_confirmed_deletion"
"""


def test_recipient_that_was_taken_out_is_told(installation: AnInstallation) -> None:
    """Later receipts would be silent about whoever had the data."""
    text = installation.register.read_text(encoding="utf-8")
    installation.register.write_text(text + FORMER, encoding="utf-8")
    before = installation("register", "check").sentences
    case = installation.a_case(Human(1), "erasure")

    installation.register.write_text(text, encoding="utf-8")
    after = installation("register", "check")

    (said,) = [one for one in after.sentences if one not in before]
    assert said.startswith("recipients.old-mail: cases were opened under it")
    assert after.code == 1
    with installation.parts.store.transaction() as transaction:
        (opened,) = transaction.load_cases([case]).values()
    assert "old-mail" in opened.plan.recipients


def test_database_that_is_not_there_yet_is_no_mistake(
    installation: AnInstallation,
) -> None:
    """The register is checked before anything is set up."""
    nowhere = f"sqlite:///{installation.folder / 'none.db'}"

    here = installation("register", "check")
    ran = installation("register", "check", ERASURE_DATABASE_URL=nowhere)

    assert (ran.code, ran.err) == (here.code, here.err)
    assert not (installation.folder / "none.db").exists()
