"""The table of what a tombstone cannot know, for `docs/real-time.md`."""

# ruff: noqa: INP001 - a script in a folder of texts, not a package

from source_pipedrive.inbox.unreported_columns import REPORTED, unreported_columns
from source_pipedrive.protocol.manifest import packaged_streams


def tombstones() -> str:
    """Return a table of the streams with tombstones, and of the columns that these lack."""
    lines = ["| Stream | Columns that a tombstone lacks |", "| --- | --- |"]
    for spec in packaged_streams().values():
        if kind := spec.event_object or spec.deleted_object:
            columns = ", ".join(f"`{column}`" for column in unreported_columns(kind))
            known = columns or "none" if kind in REPORTED else "*not published by Pipedrive*"
            lines.append(f"| {spec.name} | {known} |")
    return "\n".join(lines)
