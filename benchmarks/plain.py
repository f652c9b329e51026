# ruff: noqa: INP001 - a script
"""`plain_manifest.yaml`, run by the CDK's own source: needs nothing but airbyte-cdk."""

import sys
from pathlib import Path

from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.sources.declarative.yaml_declarative_source import YamlDeclarativeSource

given = sys.argv[1:]
paths = (
    AirbyteEntrypoint.extract_catalog(given),
    AirbyteEntrypoint.extract_config(given),
    AirbyteEntrypoint.extract_state(given),
)
readers = (
    YamlDeclarativeSource.read_catalog,
    YamlDeclarativeSource.read_config,
    YamlDeclarativeSource.read_state,
)
contents = [read(path) if path else None for read, path in zip(readers, paths, strict=True)]
manifest = str(Path(__file__).with_name("plain_manifest.yaml"))
launch(YamlDeclarativeSource(manifest, False, *contents), given)  # noqa: FBT003
