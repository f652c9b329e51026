"""What the manifest declares, so that a new stream is tested by existing."""

from functools import cache
from typing import Any

from source_pipedrive.protocol.manifest import (
    MANIFEST as MANIFEST_FILE,
)
from source_pipedrive.protocol.manifest import (
    packaged_manifest,
    packaged_schema,
    packaged_streams,
)

PACKAGE = MANIFEST_FILE.parent
MANIFEST = packaged_manifest()
# the streams that a configuration with nothing but a key has
ALWAYS = [one["$parameters"]["name"] for one in MANIFEST["streams"] if "$parameters" in one]
STREAMS: dict[str, Any] = {
    stream["$parameters"]["name"]: stream
    for one in MANIFEST["streams"]
    for stream in one.get("streams", [one])
}
SPECS = packaged_streams()
_LIVE_AND_ARCHIVED = "#/definitions/live_and_archived"


def members(*families: str) -> list[str]:
    """The streams of these families, read from one list or from live and archived ones.

    Streams put together from other lists (mail folders, kinds of goals) have tests of their own.
    """
    refs = {f"#/definitions/{family}" for family in families}
    archived = archivable()
    return [
        name
        for name, stream in STREAMS.items()
        if stream["$ref"] in refs and (not SPECS[name].router or name in archived)
    ]


def archivable() -> list[str]:
    """The streams that read a list of live rows and one of archived rows."""
    return [
        name
        for name, spec in SPECS.items()
        if spec.router and spec.router["cursor_field"] == "list"
    ]


def path(stream: str, *, archived: bool = False) -> str:
    """The path of one of the lists of a stream; in place of a parent's id it has nothing."""
    partition = {"list": "archived" if archived else "live"}
    return SPECS[stream].path_for({}, partition).partition("?")[0]


def is_v2(stream: str) -> bool:
    """Tell whether a stream comes from API v2, and not from v1."""
    return path(stream).startswith("api/v2/")


def primary_key(stream: str) -> list[str]:
    """The columns whose values name a row."""
    return list(SPECS[stream].primary_key)


def cursor_field(stream: str) -> str | None:
    """The column that the state of a stream follows; None: the stream keeps no state."""
    incremental = SPECS[stream].incremental
    return incremental.cursor_field if incremental else None


@cache
def schema(stream: str) -> dict[str, Any]:
    """The JSON schema of a stream's rows."""
    return dict(packaged_schema(stream))
