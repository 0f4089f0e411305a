"""The checked-in schemas are what the code says, and they are true of the code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.examples import example_file
from schemas.generate import GENERATED, differing, documents, main, write
from schemas.intake import RequestFile, read_request_file
from schemas.requests import SUPPORTED_RIGHTS, Right
from schemas.topics import EVERY_TOPIC
from tests.schemas.rows import BAD, GOOD
from tests.schemas.submissions import a_request

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "requests").glob("*.json"))
SCHEMAS = sorted(set(documents()) - {"asyncapi.json"})
REQUEST = "privacy.request.submitted.v1.json"


def schema(path: str) -> dict[str, Any]:
    """Load a checked-in schema."""
    loaded: dict[str, Any] = json.loads((GENERATED / path).read_text("utf-8"))
    return loaded


def accepts(path: str, data: object) -> bool:
    """Whether the checked-in schema at *path* takes *data*."""
    return Draft202012Validator(schema(path)).is_valid(data)


def test_the_files_equal_the_code() -> None:
    """Run `make schemas` after a change of a model."""
    assert differing(GENERATED) == []
    assert main(["--check"]) == 0


def test_a_changed_an_absent_and_a_stale_file_are_named(tmp_path: Path) -> None:
    """The check sees every way in which the folder can be out of date."""
    write(tmp_path)
    (tmp_path / "asyncapi.json").write_text("{}", "utf-8")
    (tmp_path / f"producer/{REQUEST}").unlink()
    (tmp_path / "old.json").write_text("{}", "utf-8")

    assert differing(tmp_path) == ["asyncapi.json", "old.json", f"producer/{REQUEST}"]

    write(tmp_path)
    assert differing(tmp_path) == []


def test_wrong_use_of_the_generator_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An unknown option writes nothing and says how it is used."""
    assert main(["--chek"]) == 2
    assert "Usage" in capsys.readouterr().err


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_schema_is_json_schema_2020_12(path: str) -> None:
    """Each file keeps the metaschema that it names."""
    loaded = schema(path)

    assert loaded["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(loaded)


@pytest.mark.parametrize("path", [p for p in SCHEMAS if p.startswith("producer/")])
def test_a_producers_schema_is_closed(path: str) -> None:
    """No object of a producer's schema takes members that it does not name."""
    objects = [part for part in _parts(schema(path)) if "properties" in part]

    assert objects
    assert all(part["additionalProperties"] is False for part in objects)


@pytest.mark.parametrize("path", [p for p in SCHEMAS if p.startswith("consumer/")])
def test_a_consumers_schema_is_open_but_for_the_scope(path: str) -> None:
    """Later members break no reader; a limit that is not understood does."""
    for part in _parts(schema(path)):
        if "properties" in part:
            assert ("additionalProperties" in part) is (part["title"] == "Scope")


@pytest.mark.parametrize("data", GOOD)
def test_the_schema_takes_what_the_reader_takes(data: object) -> None:
    """A producer that validates first is never stopped wrongly."""
    assert accepts(f"producer/{REQUEST}", data)
    assert accepts(f"consumer/{REQUEST}", data)


# What no schema can say: calendars, spellings by type, names that tell, line ends
# (Python's `$`, which jsonschema uses, also stands before the last one).
BEYOND_SCHEMA = {
    "request id is the customer id",
    "request id is in the address",
    "request id holds the customer id",
    "request id is the telephone number",
    "line end",
    "2026-02-30T10:58:12Z",
    "2026-11-16T10:58:60Z",
    "2026-11-16T10:58:12+25:00",
    "2026-11-16T10:58:12Z\n",
    "nobody",
    "none",
    "blank customer id",
}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(row.values[0], id=str(row.id))
        for row in BAD
        if row.id not in BEYOND_SCHEMA and "invalid_identifier" not in row.values
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(data: object) -> None:
    """A portal sees most mistakes before it sends anything."""
    assert not accepts(f"producer/{REQUEST}", data)


def test_a_members_typing_error_is_seen_by_the_producer_only() -> None:
    """The closed schema catches it, the open one lets later members pass."""
    data = a_request(jurisdicton="FR")

    assert not accepts(f"producer/{REQUEST}", data)
    assert accepts(f"consumer/{REQUEST}", data)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_good_request(path: Path) -> None:
    """Examples keep the contract, and are published under their request id."""
    content = path.read_bytes()

    read = read_request_file(content)

    assert accepts("producer/request-file.v1.json", json.loads(content))
    assert isinstance(read, RequestFile)
    assert read.message.key == read.submitted.request.request_id.encode()
    assert b"@example.com" in read.message.value


def test_the_examples_name_different_requests() -> None:
    """No example is taken for a repeat of another, and all rights are shown."""
    files = [read_request_file(path.read_bytes()) for path in EXAMPLES]
    requests = [read.submitted for read in files if isinstance(read, RequestFile)]

    assert len({read.request.request_id for read in requests}) == len(EXAMPLES) >= 5
    assert len({read.event_id for read in requests}) == len(EXAMPLES)
    assert {right for read in requests for right in read.request.rights} == {
        "erasure",
        "access",
        "portability",
    }


@pytest.mark.parametrize("right", sorted(SUPPORTED_RIGHTS))
def test_an_example_can_be_made_for_each_right(right: Right) -> None:
    """What `erasure request example` prints can be published as it is."""
    at = datetime(2026, 11, 16, 10, 58, 12, tzinfo=UTC)

    content = example_file({right}, request_id="r-1", event_id="e-1", at=at)

    read = read_request_file(content)
    assert isinstance(read, RequestFile)
    assert read.submitted.request.rights == (right,)
    assert read.submitted.request.received_at == at


def test_asyncapi_describes_every_topic_and_type() -> None:
    """Each topic is a channel, each message leads to a schema that exists."""
    document = schema("asyncapi.json")

    assert document["asyncapi"] == "3.1.0"
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {topic.name for topic in EVERY_TOPIC}
    for message in document["components"]["messages"].values():
        assert (GENERATED / message["payload"]["schema"]["$ref"]).is_file()


def test_asyncapi_has_no_dangling_reference() -> None:
    """Every reference inside the document leads somewhere."""
    document = schema("asyncapi.json")
    references = [part["$ref"] for part in _parts(document) if "$ref" in part]

    for reference in references:
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            if reference.startswith("#/"):
                node = node[step]
        assert node


def _parts(node: object) -> list[dict[str, Any]]:
    """List every object inside *node*."""
    match node:
        case dict():
            return [node, *(p for inner in node.values() for p in _parts(inner))]
        case list():
            return [part for inner in node for part in _parts(inner)]
        case _:
            return []
