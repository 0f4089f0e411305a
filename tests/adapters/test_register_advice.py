"""What `erasure register check` warns of in a register that is not wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.adapters.register import check
from tests.adapters.register_builders import (
    REGISTER,
    STATS,
    a_register,
    with_line,
    without_line,
)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every secret of the small register resolves."""
    secret = tmp_path / "shop-secret"
    secret.write_text("shh", encoding="utf-8")
    secret.chmod(0o600)
    monkeypatch.setenv("CRM_TOKEN", "shh")
    monkeypatch.setenv("SHOP_CLIENT_ID", "shh")


def warnings_of(directory: Path, text: str) -> list[str]:
    """Return the warnings about a register whose secrets are there."""
    text = text.replace("file:/run/secrets/shop", f"file:{directory}/shop-secret")
    return [str(warning) for warning in check(a_register(directory, text))]


def without_shop() -> str:
    """Return the register without the shop's account, and without its recipient."""
    before, _, after = REGISTER.partition("[recipients.shop-vendor]")
    crm = after[after.index("[accounts.crm]") : after.index("[accounts.shop]")]
    return before + crm + after[after.index("[[retention]]") :]


def test_sound_register_raises_no_warning(tmp_path: Path) -> None:
    """A register without a doubt is silent."""
    assert warnings_of(tmp_path, REGISTER) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            with_line("accounts.crm.limits", 'rates = [{ limit = 4, per = "1s" }]'),
            [
                "accounts.crm.limits.rates: faster than Crm allows, which is 3 in 1s.",
                "accounts.crm.limits.rates: faster than Crm allows, which is 60 in 1m.",
            ],
            id="faster than the vendor",
        ),
        pytest.param(
            with_line("accounts.crm.limits", 'rates = [{ limit = 1, per = "1s" }]'),
            [],
            id="one slower window keeps both",
        ),
        pytest.param(
            with_line(
                "accounts.crm.limits", 'rates = [{ limit = 4, per = "1s" }]'
            ).replace('environment = "live"', 'environment = "sandbox"'),
            [],
            id="sandbox may be fast",
        ),
        pytest.param(
            without_line("accounts.crm", "installation"),
            [
                (
                    "accounts.crm.installation: nothing is written to a live account "
                    "before its own name is known; "
                    "write what `erasure account ping` shows."
                )
            ],
            id="installation unknown",
        ),
        pytest.param(
            with_line("accounts.crm.secrets", 'token = "env:NOT_THERE"'),
            [
                (
                    "accounts.crm.secrets.token: the environment variable NOT_THERE is "
                    "not set; set it."
                )
            ],
            id="secret away",
        ),
        pytest.param(
            with_line("accounts.crm.waits", 'settle_for = "1h"'),
            [
                (
                    "accounts.crm.waits.settle_for: shorter than Crm takes to settle "
                    "(1d), so an empty look may prove too little."
                )
            ],
            id="hasty proof",
        ),
        pytest.param(
            with_line("accounts.crm", "controllers = []"),
            [
                (
                    "accounts.crm.controllers: no controller uses this account, so no "
                    "case will reach it; name one or set mode to off."
                )
            ],
            id="nobody's account",
        ),
        pytest.param(
            with_line("accounts.crm", "allow_http = true"),
            [
                (
                    "accounts.crm.allow_http: requests may leave unencrypted; "
                    "only a fake may need that."
                )
            ],
            id="http",
        ),
        pytest.param(
            REGISTER + STATS,
            [
                (
                    "accounts.stats.accepts: it is searched by stats.device_id, which "
                    "no other account yields; people are found there only if the "
                    "portal sends it, or options.yields names a field that holds it."
                )
            ],
            id="unreachable",
        ),
        pytest.param(
            with_line("accounts.crm.options", 'yields = { d = "stats.device_id" }')
            + STATS,
            [],
            id="reachable by a mapped field",
        ),
        pytest.param(
            REGISTER + STATS.replace('mode = "live"', 'mode = "off"'),
            [],
            id="off is not judged",
        ),
        pytest.param(
            without_shop(),
            [
                (
                    "retention.de-invoices.record_class: no account of this register "
                    'holds "invoice", so the rule keeps nothing.'
                )
            ],
            id="idle rule",
        ),
    ],
)
def test_doubt_is_one_sentence(tmp_path: Path, text: str, expected: list[str]) -> None:
    """Each doubt is one sentence about one key, and nothing else is told."""
    assert warnings_of(tmp_path, text) == expected


def test_same_installation_twice_is_told(tmp_path: Path) -> None:
    """Two accounts of one installation would erase the same records twice."""
    again = REGISTER[
        REGISTER.index("[accounts.crm]") : REGISTER.index("[accounts.shop]")
    ]
    text = REGISTER + again.replace("accounts.crm", "accounts.crm-again").replace(
        "identity_root = true", ""
    )

    assert warnings_of(tmp_path, text) == [
        (
            "accounts.crm-again.installation: crm is the same installation; "
            "keep one of them."
        )
    ]


def test_secret_that_everybody_may_read_is_told(tmp_path: Path) -> None:
    """A file of mode 600 is not doubtful, one of mode 644 is."""
    path = tmp_path / "crm-token"
    path.write_text("a-secret", encoding="utf-8")
    text = REGISTER.replace("env:CRM_TOKEN", f"file:{path}")

    path.chmod(0o600)
    closed = warnings_of(tmp_path, text)
    path.chmod(0o644)
    opened = warnings_of(tmp_path, text)

    assert closed == []
    (told,) = opened
    assert told == (
        "accounts.crm.secrets.token: everybody on this machine may read the file; "
        "give it to the user of the processes alone (chmod 600, or a defaultMode of "
        "0400)."
    )


def test_controller_without_an_officers_key_is_warned_of(tmp_path: Path) -> None:
    """Its stuck cases would keep what identifies the person for ever."""
    text = re.sub(r'dpo_key = ".*"\n', "", REGISTER)

    (told,) = warnings_of(tmp_path, text)

    assert told.startswith("controllers.maison.dpo_key: without it")
