"""Reads the streams of the manifest."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from airbyte_cdk.sources.declarative.interpolation import InterpolatedBoolean

from source_pipedrive.streams.stream_spec import StreamSpec

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
    resolved_manifest: Mapping[str, Any], config: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    for one in resolved_manifest["streams"]:
        if one["type"] != "ConditionalStreams":
            yield one
        elif InterpolatedBoolean(condition=one["condition"], parameters={}).eval(config):
            yield from one["streams"]
