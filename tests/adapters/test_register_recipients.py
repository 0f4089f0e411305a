"""Recipients of a register: former ones, such as nobody tells, and what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.register import plan_from_json, plan_to_json
from schemas.connecting import Evidence
from tests.adapters.register_builders import (
    REGISTER,
    a_register,
    sentences_of,
    with_line,
)

OLD = """
[recipients.old-mail]
legal_name = "Old Mail Ltd"
role = "processor"
active_from = 2019-01-01
active_to = 2024-06-30
data_categories = ["contact details"]
told = "not_told"
not_told_because = "left_and_confirmed_deletion"
"""
OTHER = """
[controllers.other]
legal_name = "Other SAS"
country = "FR"
time_zone = "Europe/Paris"
dpo_contact = "dpo@other.example"
"""


def test_recipient_without_account_is_part_of_the_plan(tmp_path: Path) -> None:
    """A case pins it with its register version, and it comes back from the store."""
    plan = a_register(tmp_path, REGISTER + OLD).plan_for("maison")

    assert plan is not None
    assert {*plan.recipients} == {"crm-vendor", "old-mail", "shop-vendor"}
    old = plan.recipients["old-mail"]
    assert old.not_told_because == "left_and_confirmed_deletion"
    assert plan_from_json(plan_to_json(plan)) == plan


def test_recipient_belongs_to_the_controllers_that_it_names(tmp_path: Path) -> None:
    """Without a name and an account it is everybody's: rather one too many."""
    alone = OLD + 'controllers = ["other"]\n'

    everybodys = a_register(tmp_path, REGISTER + OTHER + OLD)
    others = a_register(tmp_path, REGISTER + OTHER + alone)

    found = {
        (kind, name): "old-mail" in (plan.recipients if plan else {})
        for kind, register in (("all", everybodys), ("named", others))
        for name in ("maison", "other")
        for plan in (register.plan_for(name),)
    }
    assert found == {
        ("all", "maison"): True,
        ("all", "other"): True,
        ("named", "maison"): False,
        ("named", "other"): True,
    }


def test_removing_a_recipient_is_another_version(tmp_path: Path) -> None:
    """So a case that is open keeps naming it."""
    with_it = a_register(tmp_path, REGISTER + OLD)
    without = a_register(tmp_path, REGISTER)

    assert with_it.version != without.version


def test_demanded_grade_reaches_the_plan(tmp_path: Path) -> None:
    """The core compares what a line reached with it."""
    register = a_register(tmp_path, with_line("accounts.crm", 'min_evidence = "E4"'))

    plan = register.plan_for("maison")

    assert plan is not None
    grades = {one.id: one.min_evidence for one in plan.accounts}
    assert grades == {"crm": Evidence.E4, "shop": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            REGISTER + '[recipients.lone]\nlegal_name = "Lone"\nrole = "processor"\n',
            "recipients.lone.told: no account reaches it, so nobody would tell it; add "
            'an account, or write told = "not_told" and not_told_because.',
            id="nobody tells it",
        ),
        pytest.param(
            REGISTER
            + '[recipients.lone]\nlegal_name = "L"\nrole="joint"\ntold = "not_told"\n',
            "recipients.lone.not_told_because: the reason is missing; there are "
            "ceased_to_exist, disproportionate, impossible, "
            "left_and_confirmed_deletion, told_by_joint_controller, told_by_processor.",
            id="no reason",
        ),
        pytest.param(
            REGISTER + OLD.replace("left_and_confirmed_deletion", "disproportionate"),
            "recipients.old-mail.explanation: disproportionate needs an explanation; "
            "write the name of yours.",
            id="no explanation",
        ),
        pytest.param(
            with_line("recipients.crm-vendor", 'not_told_because = "ceased_to_exist"'),
            "recipients.crm-vendor.not_told_because: it is told by account; write "
            'told = "not_told".',
            id="reason of one that is told",
        ),
        pytest.param(
            REGISTER + OLD.replace("2024-06-30", "2018-06-30"),
            "recipients.old-mail.active_to: the day is before active_from; write a day "
            "after 2019-01-01.",
            id="days",
        ),
        pytest.param(
            REGISTER + OLD + 'controllers = ["maisson"]\n',
            'recipients.old-mail.controllers: "maisson" is not a controller; '
            "there are maison.",
            id="controller",
        ),
    ],
)
def test_mistake_is_told(tmp_path: Path, text: str, expected: str) -> None:
    """With what to write instead."""
    assert expected in "\n".join(sentences_of(tmp_path, text))


def test_recipient_with_an_account_cannot_stay_untold(tmp_path: Path) -> None:
    """An account is there to tell it."""
    text = with_line("recipients.crm-vendor", 'told = "not_told"')

    sentences = "\n".join(sentences_of(tmp_path, text))

    assert "recipients.crm-vendor.told: an account reaches it" in sentences
