"""What the manifest declares, so that a new stream is tested by existing."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from airbyte_cdk.sources.declarative.parsers.manifest_reference_resolver import (
    ManifestReferenceResolver,
)
from jinja2 import Template

import source_pipedrive

PACKAGE = Path(source_pipedrive.__file__).parent
MANIFEST: dict[str, Any] = yaml.safe_load((PACKAGE / "manifest.yaml").read_text())
STREAMS: dict[str, Any] = MANIFEST["definitions"]["streams"]

# the streams that a configuration with nothing but a key has
ALWAYS = [name.rpartition("/")[2] for name in MANIFEST["streams"] if isinstance(name, str)]
RESOLVED = ManifestReferenceResolver().preprocess_manifest(MANIFEST)
_LIVE_AND_ARCHIVED = "#/definitions/live_and_archived"


def members(*families: str) -> list[str]:
    """The streams read in the way of these families, from one list or from live and archived ones.

    Streams put together from other lists (mail folders, kinds of goals) have tests of their own.
    """
    refs = {f"#/definitions/{family}" for family in families}
    return [
        name
        for name, stream in STREAMS.items()
        if stream["$ref"] in refs
        and stream.get("retriever", {}).get("partition_router") in {None, _LIVE_AND_ARCHIVED}
    ]


def archivable() -> list[str]:
    """The streams that read a list of live rows and one of archived rows."""
    return [
        name
        for name, stream in STREAMS.items()
        if stream.get("retriever", {}).get("partition_router") == _LIVE_AND_ARCHIVED
    ]


def resolved(stream: str) -> dict[str, Any]:
    """The definition of a stream with every reference followed."""
    definition: dict[str, Any] = RESOLVED["definitions"]["streams"][stream]
    return definition


def path(stream: str, *, archived: bool = False) -> str:
    """The path below the host of one of the lists of a stream."""
    written: str = resolved(stream)["$parameters"]["path"]
    template = Template(written.partition("?")[0])
    return str(template.render(stream_partition={"list": "archived" if archived else "live"}))


def is_v2(stream: str) -> bool:
    """Tell whether a stream comes from API v2, and not from v1."""
    return path(stream).startswith("api/v2/")


def primary_key(stream: str) -> list[str]:
    """The columns whose values name a row."""
    key = resolved(stream)["primary_key"]
    return [key] if isinstance(key, str) else key


def cursor_field(stream: str) -> str | None:
    """The column that the state of a stream follows; None: the stream keeps no state."""
    sync = resolved(stream).get("incremental_sync")
    return str(sync["cursor_field"]) if sync else None


@cache
def schema(stream: str) -> dict[str, Any]:
    """The JSON schema of a stream's rows."""
    document: dict[str, Any] = json.loads((PACKAGE / "schemas" / f"{stream}.json").read_text())
    return document


def configured(stream: str) -> dict[str, Any]:
    """A stream as the user selects it, also one that the manifest does not have."""
    known = stream in STREAMS
    mode = "incremental" if known and cursor_field(stream) else "full_refresh"
    return {
        "stream": {"name": stream, "json_schema": {}, "supported_sync_modes": [mode]},
        "sync_mode": mode,
        "destination_sync_mode": "append",
    }
