"""Airbyte's official Pipedrive source against this connector: streams, columns, and types.

The facts about it are in `official.yaml`, those about this connector in its manifest and schemas.
"""

# ruff: noqa: INP001 - a script in a folder of texts, not a package
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from source_pipedrive.protocol.manifest import MANIFEST, packaged_schema, packaged_streams

_FACTS = Path(__file__).with_name("official.yaml")
# official column -> ours, where the same value has another name
_RENAMED_FIELD = {"key": "field_code", "name": "field_name", "edit_flag": "is_custom_field"}
_RENAMED: Mapping[str, Mapping[str, str]] = {
    "deal_flow": {"item_id": "deal_id", "user_id": "actor_user_id", "log_time": "time"},
    **{
        f"{entity}_fields": _RENAMED_FIELD
        for entity in ("deal", "person", "organization", "product", "activity")
    },
}


@dataclass(frozen=True)
class OfficialStream:
    """A stream of the official connector; `ours` is the stream with the same records."""

    name: str
    key: Sequence[str]
    columns: Mapping[str, str]
    ours: str
    state: str = ""

    def __iter__(self) -> Iterator["Column"]:
        """Yield its columns, each with ours that has its values, if there is one."""
        renamed, types = _RENAMED.get(self.name, {}), our_types(self.ours)
        for name, kind in self.columns.items():
            ours = renamed.get(name, name)
            yield Column(name, kind, ours, types.get(ours, ""))

    @property
    def lacking(self) -> Sequence[str]:
        """Its columns that this connector does not have."""
        return [one.name for one in self if not one.our_type]


class Column(NamedTuple):
    """A column of the official connector, and ours: `our_type` is empty if there is none."""

    name: str
    type: str
    ours: str
    our_type: str


@cache
def official_streams() -> Sequence[OfficialStream]:
    """Return all streams of the official connector."""
    facts = yaml.safe_load(_FACTS.read_text("utf-8"))["streams"]
    return [OfficialStream(name, **{"ours": name, **one}) for name, one in facts.items()]


@cache
def our_types(stream: str) -> Mapping[str, str]:
    """Return the types of a stream's columns in the words of `official.yaml`."""
    properties = packaged_schema(stream)["properties"]
    return {name: _type(one) for name, one in properties.items()}


def _type(declared: Mapping[str, Any]) -> str:
    if "$ref" in declared:
        shared = MANIFEST.parent / "schemas" / "shared" / declared["$ref"]
        return _type(json.loads(shared.read_text("utf-8")))
    if declared.get("format") == "date-time":
        return "timestamptz"
    kind = next(one for one in declared["type"] if one != "null")
    return str(declared.get("format") or {"string": "text"}.get(kind, kind))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def official_to_ours() -> str:
    """Each stream of the official connector with ours, and what becomes of its state."""
    return _table(
        ["Official stream", "Our stream", "Primary key", "Its state"],
        [
            [
                _code([one.name]),
                _code([one.ours]) + (" (archived)" if one.name == "deals_archived" else ""),
                _keys(one),
                _state(one),
            ]
            for one in official_streams()
        ],
    )


def _keys(one: OfficialStream) -> str:
    ours = packaged_streams()[one.ours].primary_key
    return _code(ours) if list(ours) == list(one.key) else f"{_code(one.key)} → {_code(ours)}"


def _state(one: OfficialStream) -> str:
    if not one.state:
        return "has none" + (", ours keeps one" if packaged_streams()[one.ours].incremental else "")
    return "begins anew" if one.name == "deal_flow" else "continued"


def renamed_columns() -> str:
    """The columns that have another name here, or that this connector does not have."""
    rows: dict[tuple[str, str], list[str]] = {}
    for one in official_streams():
        pairs = [f"`{each.name}` → `{each.ours}`" for each in one if each.name != each.ours]
        if pairs or one.lacking:
            rows.setdefault((", ".join(pairs), _code(one.lacking)), []).append(one.name)
    return _table(
        ["Official stream", "Renamed", "Not delivered"],
        [[_code(streams), *columns] for columns, streams in rows.items()],
    )


def changed_types() -> str:
    """The columns that have another type here, by the pair of types."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for stream in official_streams():
        for one in stream:
            if one.our_type and one.type != one.our_type:
                columns = found.setdefault((one.type, one.our_type), {})
                columns.setdefault(stream.name, []).append(one.name)
    return _table(
        ["Official type", "Our type", "Columns"],
        [
            [
                official.replace("|", " or "),
                ours,
                "; ".join(f"`{stream}`: {_code(names)}" for stream, names in columns.items()),
            ]
            for (official, ours), columns in sorted(found.items())
        ],
    )


def our_further_streams() -> str:
    """The streams that only this connector has."""
    theirs = {one.ours for one in official_streams()}
    return _code(name for name in packaged_streams() if name not in theirs) + "."
