"""Contract over the manifest: what holds for every stream, so that none has to be remembered."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from unit_tests import catalog
from unit_tests.contract.operations import of_stream

BYTES_PER_STREAM = 650  # with everything that they share
SCHEMAS = catalog.PACKAGE / "schemas"

# read whole whatever `start_date` says; every other stream is a document
REFERENCE = {
    "activity_fields",
    "activity_types",
    "currencies",
    "deal_fields",
    "events",
    "field_options",
    "filters",
    "goals",
    "lead_fields",
    "lead_labels",
    "lead_sources",
    "legacy_teams",
    "note_fields",
    "organization_fields",
    "permission_set_assignments",
    "permission_sets",
    "person_fields",
    "pipelines",
    "product_fields",
    "project_boards",
    "project_fields",
    "project_phases",
    "project_templates",
    "role_assignments",
    "roles",
    "stages",
    "user_settings",
    "users",
    "webhooks",
}

each_stream = pytest.mark.parametrize("stream", catalog.STREAMS)


def test_a_stream_takes_six_lines_at_most() -> None:
    text = (catalog.PACKAGE / "manifest.yaml").read_text()
    entries = text.partition("\n  streams:\n")[2].partition("\nstreams:\n")[0]
    lines = {
        entry.partition(":")[0]: len(entry.strip().splitlines())
        for entry in re.split(r"^    (?=\w)", entries, flags=re.MULTILINE)[1:]
    }

    assert lines.keys() == catalog.STREAMS.keys()
    assert {name: count for name, count in lines.items() if count > 6} == {}


def test_each_definition_is_listed_and_has_a_schema() -> None:
    listed = re.findall(r"#/definitions/streams/(\w+)", yaml.safe_dump(catalog.MANIFEST["streams"]))

    assert sorted(listed) == sorted(catalog.STREAMS)
    assert sorted(listed) == sorted(file.stem for file in SCHEMAS.glob("*.json"))


@each_stream
def test_a_stream_is_called_by_one_name(stream: str) -> None:
    assert catalog.STREAMS[stream]["$parameters"]["name"] == stream


@each_stream
def test_primary_key_and_cursor_are_columns(stream: str) -> None:
    columns = catalog.schema(stream)["properties"].keys()
    cursor = catalog.cursor_field(stream)

    assert set(catalog.primary_key(stream)) <= columns
    assert cursor is None or cursor in columns


@each_stream
def test_exactly_the_documents_know_the_start_date(stream: str) -> None:
    start = catalog.resolved(stream).get("incremental_sync", {}).get("start_datetime", "")

    assert ("start_date" in start) == (stream not in REFERENCE)


def test_the_key_is_nowhere_but_in_the_authenticator() -> None:
    outside = {**catalog.MANIFEST, "spec": None}
    outside["definitions"] = {**outside["definitions"], "authenticator": None}

    assert "api_key" not in yaml.safe_dump(outside)
    assert "x-api-token" not in yaml.safe_dump(outside)


def parts_of(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        yield from parts_of(list(node.values()))
    if isinstance(node, list):
        for value in node:
            yield from parts_of(value)


def test_every_request_is_signed_timed_and_judged_in_the_same_way() -> None:
    parts = parts_of(catalog.RESOLVED)
    requesters = [part for part in parts if part.get("type") == "HttpRequester"]

    assert requesters
    for requester in requesters:
        assert requester["authenticator"]["class_name"].endswith("ReadOnlyApiKey")
        assert requester["error_handler"]["class_name"].endswith("AnswerTable")
        assert requester["connect_timeout_in_seconds"] > 0
        assert requester["read_timeout_in_seconds"] > 0
        assert "http_method" not in requester
        # a path from $parameters is interpolated; one written out here, once too few
        assert "path" not in requester


@each_stream
def test_no_parameter_lands_in_a_component_that_does_not_expect_it(stream: str) -> None:
    # the CDK copies each parameter into every component below that has no such field
    parameters = catalog.STREAMS[stream]["$parameters"].keys()

    assert not parameters & {"type", "limit", "field_path", "primary_key", "cursor_field"}


def test_the_manifest_stays_within_its_budget() -> None:
    size = (catalog.PACKAGE / "manifest.yaml").stat().st_size

    assert size <= BYTES_PER_STREAM * len(catalog.STREAMS)


def test_each_request_costs_what_pipedrives_contract_says() -> None:
    operations = [operation for stream in catalog.STREAMS for operation in of_stream(stream)]

    assert {operation.path: price_of(operation.path) for operation in operations} == {
        operation.path: operation.cost for operation in operations
    }


def price_of(path: str) -> int:
    concrete = path.removeprefix("/").replace("{id}", "7")
    prices = catalog.MANIFEST["definitions"]["prices"].items()
    price: int = next(tokens for pattern, tokens in prices if re.match(pattern, concrete))
    return price
