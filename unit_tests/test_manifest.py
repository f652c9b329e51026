"""Contract over the manifest: what holds for every stream, so that none has to be remembered."""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import yaml
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    get_declarative_component_schema,
    validate_manifest,
)

from docs.contract.operations import of_stream
from source_pipedrive.protocol.manifest import stream_specs
from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.streams.stream_spec import ManifestError
from unit_tests import catalog

BYTES_PER_STREAM = 400  # with everything that they share
MOST_BYTES = 24_000
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

RESOLVED = SourcePipedrive().resolved_manifest

each_stream = pytest.mark.parametrize("stream", catalog.STREAMS)


def test_each_stream_has_a_schema_and_each_schema_a_stream() -> None:
    assert sorted(catalog.STREAMS) == sorted(file.stem for file in SCHEMAS.glob("*.json"))


def test_parents_stand_before_their_children() -> None:
    order = list(catalog.STREAMS)
    pairs = [(spec.parents.parent, name) for name, spec in catalog.SPECS.items() if spec.parents]

    assert all(order.index(parent) < order.index(child) for parent, child in pairs)


def test_the_cdk_accepts_the_manifest() -> None:
    source = SourcePipedrive()

    validate_manifest(dict(source.resolved_manifest), get_declarative_component_schema())


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("stream", "primary_keys"),
        ("retriever", "pagng"),
        ("requester", "request_parameter"),
        ("incremental_sync", "lookback"),
        ("$parameters", "event_objekt"),
    ],
)
def test_a_misspelt_key_is_an_error_that_names_stream_and_key(place: str, key: str) -> None:
    manifest = deepcopy(dict(SourcePipedrive().resolved_manifest))
    deals = manifest["streams"][0]
    retriever, sync = deals["retriever"], deals["incremental_sync"]
    places = {
        "stream": deals,
        "retriever": retriever,
        "requester": retriever["requester"],
        "incremental_sync": sync,
    }
    # the CDK copies the keys of `$parameters` into every component
    for component in [places[place]] if place in places else places.values():
        component[key] = "x"

    with pytest.raises(ManifestError, match=f"Stream deals of the manifest .*`{key}`"):
        stream_specs(manifest, {})


@pytest.mark.parametrize("shape", [["archived"], [{"constant": {"id": 1}}]], ids=str)
def test_a_shaping_step_that_does_not_exist_is_an_error(shape: list[Any]) -> None:
    with pytest.raises(ManifestError, match=r"archived|constant"):
        replace(catalog.SPECS["deals"], shape=shape)


def test_each_class_that_the_manifest_names_exists() -> None:
    names = {part["class_name"] for part in parts_of(RESOLVED) if "class_name" in part}

    for module, _, name in (one.rpartition(".") for one in names):
        assert hasattr(import_module(module), name)


@each_stream
def test_primary_key_and_cursor_are_columns(stream: str) -> None:
    columns = catalog.schema(stream)["properties"].keys()
    cursor = catalog.cursor_field(stream)

    assert set(catalog.primary_key(stream)) <= columns
    assert cursor is None or cursor in columns


@each_stream
def test_exactly_the_documents_know_the_start_date(stream: str) -> None:
    incremental = catalog.SPECS[stream].incremental
    knows_start_date = bool(incremental and incremental.knows_start_date)

    assert knows_start_date == (stream not in REFERENCE)


def test_the_key_is_nowhere_but_in_the_authenticator() -> None:
    manifest = yaml.safe_dump(dict(catalog.MANIFEST))

    assert "api_key" not in manifest
    assert "x-api-token" not in manifest


def parts_of(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        yield from parts_of(list(node.values()))
    if isinstance(node, list):
        for value in node:
            yield from parts_of(value)


def test_every_request_is_signed_timed_and_judged_in_the_same_way() -> None:
    parts = parts_of(RESOLVED)
    requesters = [part for part in parts if part.get("type") == "HttpRequester"]

    assert requesters
    for requester in requesters:
        assert requester["authenticator"]["class_name"].endswith("ReadOnlyAuthenticator")
        assert requester["error_handler"]["class_name"].endswith("ErrorRules")
        assert requester["connect_timeout_in_seconds"] > 0
        assert requester["read_timeout_in_seconds"] > 0
        assert "http_method" not in requester


@each_stream
def test_no_parameter_lands_in_a_component_that_does_not_expect_it(stream: str) -> None:
    # the CDK copies each parameter into every component below that has no such field
    parameters = catalog.STREAMS[stream]["$parameters"].keys()

    assert not parameters & {"type", "limit", "field_path", "primary_key", "cursor_field"}


def test_the_manifest_stays_within_its_budget() -> None:
    size = (catalog.PACKAGE / "manifest.yaml").stat().st_size

    assert size <= min(MOST_BYTES, BYTES_PER_STREAM * len(catalog.STREAMS))


def test_each_request_costs_what_pipedrives_contract_says() -> None:
    operations = [operation for stream in catalog.STREAMS for operation in of_stream(stream)]

    assert {operation.path: price_of(operation.path) for operation in operations} == {
        operation.path: operation.cost for operation in operations
    }


def price_of(path: str) -> int:
    concrete = path.removeprefix("/").replace("{id}", "7")
    prices = catalog.MANIFEST["definitions"]["token_costs"].items()
    price: int = next(tokens for pattern, tokens in prices if re.match(pattern, concrete))
    return price
