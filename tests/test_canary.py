"""The search for the canary finds it, planted once in each place and each disguise."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.ports.event_log import Message
from schemas.topics import CASE_EVENTS, RECEIPTS, REQUESTS
from tests.support.canary import CANARY, found_below, found_in
from tests.support.canary_places import (
    found_at,
    found_in_process,
    found_in_rows,
    found_in_topics,
)
from tests.support.people import a_submission
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite

EMAIL = CANARY.email
LONG = f"{'a' * 4000} {EMAIL} {'a' * 4000}"


def _zipped(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("rows.json", text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(EMAIL.encode(), id="in-clear"),
        pytest.param(EMAIL.upper().encode(), id="in-capitals"),
        pytest.param(EMAIL.replace("@", "%40").encode(), id="in-a-url"),
        pytest.param(base64.b64encode(EMAIL.encode()), id="in-base64"),
        pytest.param(base64.b64encode(f"x{EMAIL}x".encode()), id="within-base64"),
        pytest.param(EMAIL.encode("utf-16-le"), id="in-utf-16"),
        pytest.param(EMAIL.encode().hex().upper().encode(), id="in-hex"),
        pytest.param(hashlib.sha256(EMAIL.encode()).digest(), id="as-a-hash"),
        pytest.param(hashlib.md5(EMAIL.encode()).hexdigest().encode(), id="as-md5"),  # noqa: S324
        pytest.param(gzip.compress(EMAIL.encode()), id="in-gzip"),
        pytest.param(_zipped(EMAIL), id="in-a-zip"),
    ],
)
def test_canary_is_found_in_every_disguise(planted: bytes) -> None:
    """What a reader could undo without a key is no protection."""
    assert found_in(planted) == ["email"]
    assert found_in(b"\0" * 99) == []


@pytest.mark.parametrize("trait", CANARY.traits)
def test_every_trait_of_the_canary_is_searched_for(trait: str) -> None:
    """Not the address alone: ids and the name as well."""
    assert trait in found_in(CANARY.traits[trait].encode())


def _in_the_log(site: Site) -> None:
    site.log.write_text(f'{{"event": "task_settled", "reason": "{EMAIL}"}}\n')


def _in_a_temporary_file(site: Site) -> None:
    (site.folder / "tmp").mkdir()
    (site.folder / "tmp" / "upload-1").write_bytes(_zipped(EMAIL))


def _in_the_name_of_a_file(site: Site) -> None:
    (site.folder / f"{EMAIL}.csv").touch()


def _in_a_row(site: Site) -> None:
    site.execute("CREATE TABLE planted (said TEXT)")
    site.execute("INSERT INTO planted VALUES (:said)", said=LONG)


def _in_a_row_that_was_deleted(site: Site) -> None:
    _in_a_row(site)
    site.execute("DELETE FROM planted")


def _in_an_event(site: Site) -> None:
    site.publish(Message(CASE_EVENTS, b"key", (("ce_id", b"1"),), EMAIL.encode()))


def _in_a_header(site: Site) -> None:
    site.publish(Message(CASE_EVENTS, b"key", (("ce_id", EMAIL.encode()),), b"{}"))


def _inside_an_envelope(site: Site) -> None:
    payload = base64.b64encode(_zipped(EMAIL)).decode()
    value = f'{{"payload": "{payload}"}}'.encode()
    site.publish(Message(RECEIPTS, b"key", (("ce_id", b"1"),), value))


@pytest.mark.parametrize(
    ("plant", "place"),
    [
        pytest.param(_in_the_log, "files", id="log"),
        pytest.param(_in_a_temporary_file, "files", id="temporary-file"),
        pytest.param(_in_the_name_of_a_file, "files", id="file-name"),
        pytest.param(_in_a_row, "rows", id="row"),
        pytest.param(_in_a_row_that_was_deleted, "files", id="write-ahead-log"),
        pytest.param(_in_an_event, "said", id="event"),
        pytest.param(_in_a_header, "said", id="header"),
        pytest.param(_inside_an_envelope, "said", id="receipt"),
    ],
)
def test_canary_is_found_in_every_place(
    plant: Callable[[Site], None],
    place: str,
    embedded: Backend,
    new_site: NewSite,
) -> None:
    """A place that is not searched would stay silent for ever."""
    site = new_site(embedded)
    assert found_at(site) == {}

    plant(site)

    assert place in found_at(site)


@pytest.mark.postgres
@pytest.mark.kafka
def test_canary_is_found_where_postgresql_and_kafka_keep_it(
    distributed: Backend, new_site: NewSite
) -> None:
    """A long value is compressed in PostgreSQL's files: its rows are read as well."""
    site = new_site(distributed)

    _in_a_row(site)
    site.publish(a_submission(CANARY))  # not in a topic of ours, which others search

    assert found_in_rows(site.database) == {"planted": ["email"]}
    assert "email" in found_in_topics(site, [REQUESTS])
    site.execute("DROP TABLE planted")


@pytest.mark.parametrize("is_argument", [True, False], ids=["argument", "environment"])
def test_canary_is_found_in_what_others_see_of_a_process(*, is_argument: bool) -> None:
    """`ps` shows both."""
    command = [sys.executable, "-c", "print(flush=True); input()"]
    extra = {} if is_argument else {"WHO": EMAIL}
    with subprocess.Popen(
        [*command, *[EMAIL] * is_argument],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.defpath, **extra},
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        found = found_in_process(running.pid)
        running.communicate(b"\n")

    assert found == ["email"]


def test_canary_is_found_below_a_folder(tmp_path: Path) -> None:
    """By the path from there, so that a reader finds it too."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one").write_text(EMAIL)

    assert found_below(tmp_path) == {"deep/one": ["email"]}
