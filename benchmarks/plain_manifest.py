# ruff: noqa: INP001 - a script
"""Runs `plain_manifest.yaml` with the CDK's own source; needs only airbyte-cdk."""

import sys
from pathlib import Path

from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.sources.declarative.yaml_declarative_source import YamlDeclarativeSource

arguments = sys.argv[1:]
paths = (
    AirbyteEntrypoint.extract_catalog(arguments),
    AirbyteEntrypoint.extract_config(arguments),
    AirbyteEntrypoint.extract_state(arguments),
)
readers = (
    YamlDeclarativeSource.read_catalog,
    YamlDeclarativeSource.read_config,
    YamlDeclarativeSource.read_state,
)
contents = [read(path) if path else None for read, path in zip(readers, paths, strict=True)]
manifest = str(Path(__file__).with_name("plain_manifest.yaml"))
launch(YamlDeclarativeSource(manifest, False, *contents), arguments)  # noqa: FBT003 - debug
