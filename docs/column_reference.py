"""The column reference in `docs/columns.md`, and the diagram in `docs/streams.md`."""

# ruff: noqa: INP001 - a script in a folder of texts, not a package
import re

from docs.stream import STREAMS, Column, Stream, code, table
from source_pipedrive.protocol.manifest import packaged_streams

#: The streams of the diagram; with all of them, nobody could read it. A line goes from a stream to
#: an earlier one, so that no pair has two: deals also name their next and last activity.
CORE = (
    "pipelines",
    "stages",
    "organizations",
    "persons",
    "deals",
    "leads",
    "products",
    "deal_products",
    "activities",
    "notes",
)

# at the width of a page, mermaid's own size of 16 pixels is too small to read
_DIAGRAM_SETTINGS = "%%{init: {'themeVariables': {'fontSize': '20px'}}}%%"
_TYPES = {"string": "text", "array": "list"}
_FORMATS = {"date-time": "timestamp", "date": "date", "time": "time"}
_PLURALS = {"text": "texts"}
_WITH_CUSTOM_FIELDS = {name for name, spec in packaged_streams().items() if spec.fields_of}


def columns() -> str:
    """Every stream with its columns."""
    return "\n\n".join(_section(stream) for stream in STREAMS.values())


def _section(stream: Stream) -> str:
    facts = [f"Primary key: {stream.key}."]
    if stream.cursor:
        facts.append(f"Cursor: `{stream.cursor}`.")
    if stream.page:
        facts.append(f"[Pipedrive's reference]({stream.page}).")
    if stream.name in _WITH_CUSTOM_FIELDS:
        facts.append("[Custom fields](custom-fields.md) add columns.")
    rows = [
        [code(column.name), type_of(column), _linked(stream.name, column.description)]
        for column in stream.columns
    ]
    return "\n\n".join(
        [
            f"## `{stream.name}`",
            stream.schema["description"],
            " ".join(facts),
            table(["Column", "Type", "Description"], rows),
        ]
    )


def type_of(column: Column) -> str:
    """Return the type in the words of warehouses: `timestamp`, `list of integers`."""
    kind = _kind(column)
    if kind != "list":
        return kind
    inner = _kind(Column("", column.part["items"]))
    return f"list of {_PLURALS.get(inner, f'{inner}s')}"


def _kind(column: Column) -> str:
    (kind,) = column.types
    return _FORMATS.get(column.part.get("format", ""), _TYPES.get(kind, kind))


def _linked(name: str, description: str) -> str:
    """Link each column of another stream to that stream."""

    def link(found: re.Match[str]) -> str:
        stream, _column = found.groups()
        known = stream in STREAMS and stream != name
        return f"[{found[0]}](#{stream})" if known else found[0]

    return re.sub(r"`(\w+)\.(\w+)`", link, description)


def diagram() -> str:
    """The core streams, their keys, and their joins as a Mermaid ER diagram."""
    boxes, lines = [], []
    for position, name in enumerate(CORE):
        stream = STREAMS[name]
        joins = [
            join for join in stream.joins if join.other in CORE[:position] and not join.several
        ]
        types = {column.name: " ".join(column.types) for column in stream.columns}
        keys = dict.fromkeys(stream.spec.primary_key, "PK")
        keys |= {join.column: "FK" for join in joins}
        boxes += [f"    {name} {{"]
        boxes += [f"        {types[column]} {column} {kind}" for column, kind in keys.items()]
        boxes += ["    }"]
        lines += [f'    {name} }}o--o| {join.other} : " "' for join in joins]
    return "\n".join(["```mermaid", _DIAGRAM_SETTINGS, "erDiagram", *boxes, *lines, "```"])
