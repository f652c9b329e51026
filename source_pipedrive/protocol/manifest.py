"""Reads the streams of the manifest."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from airbyte_cdk.sources.declarative.interpolation import InterpolatedBoolean
from airbyte_cdk.sources.declarative.parsers.manifest_component_transformer import (
    ManifestComponentTransformer,
)
from airbyte_cdk.sources.declarative.parsers.manifest_reference_resolver import (
    ManifestReferenceResolver,
)

from source_pipedrive.streams.stream_spec import StreamSpec

SUGGESTED_STREAMS = (
    "deals",
    "persons",
    "organizations",
    "activities",
    "products",
    "leads",
    "notes",
    "files",
    "deal_products",
    "pipelines",
    "stages",
    "users",
    "currencies",
    "activity_types",
    "lead_labels",
    "deal_fields",
    "person_fields",
    "organization_fields",
    "product_fields",
    "activity_fields",
)
"""The streams that analysts usually need, as `suggestedStreams` of metadata.yaml says."""

MANIFEST = Path(__file__).parent.parent / "manifest.yaml"


def stream_specs(
    resolved_manifest: Mapping[str, Any], config: Mapping[str, Any]
) -> Mapping[str, StreamSpec]:
    """Return the streams that a configuration has, parents before their children.

    Raises `ManifestError` for a key that nothing reads.
    """
    specs = map(StreamSpec.parse, _definitions(resolved_manifest, config))
    return {spec.name: spec for spec in specs}


def _definitions(
    resolved_manifest: Mapping[str, Any], config: Mapping[str, Any] | None = None
) -> Iterator[Mapping[str, Any]]:
    for one in resolved_manifest["streams"]:
        if one["type"] != "ConditionalStreams":
            yield one
        elif config is None or InterpolatedBoolean(one["condition"], parameters={}).eval(config):
            yield from one["streams"]


@cache
def packaged_streams() -> Mapping[str, StreamSpec]:
    """Return all streams of the packaged manifest, also those that need a setting."""
    resolved = ManifestReferenceResolver().preprocess_manifest(packaged_manifest())
    propagated = ManifestComponentTransformer().propagate_types_and_parameters("", resolved, {})
    return {spec.name: spec for spec in map(StreamSpec.parse, _definitions(propagated))}


@cache
def packaged_manifest() -> Mapping[str, Any]:
    """Return the packaged manifest as it is written."""
    manifest: dict[str, Any] = yaml.load(MANIFEST.read_bytes(), yaml.CSafeLoader)
    return manifest


@cache
def packaged_schema(stream: str) -> Mapping[str, Any]:
    """Return the JSON schema of a stream's rows, without the account's custom fields."""
    written = (MANIFEST.parent / "schemas" / f"{stream}.json").read_bytes()
    schema: dict[str, Any] = json.loads(written)
    return schema
