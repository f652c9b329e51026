"""How the columns of custom fields differ from those in the catalog of a connection."""

from collections.abc import Mapping
from typing import Any

from source_pipedrive.custom_fields.naming import is_custom

Properties = Mapping[str, Mapping[str, Any]]


def describe_schema_changes(current: Properties, configured: Properties) -> list[str]:
    """Return one phrase for each column that differs, such as "Size (`custom_size`) is gone".

    It starts with the field's name in Pipedrive. A renamed field is a new one and a missing one.
    """
    before = {column: schema for column, schema in configured.items() if is_custom(column)}
    now = {column: schema for column, schema in current.items() if is_custom(column)}
    changes = {
        **dict.fromkeys(before.keys() - now.keys(), "is gone"),
        **dict.fromkeys(now.keys() - before.keys(), "is new or not selected"),
        **{
            column: "has another type"
            for column in now.keys() & before.keys()
            if _type_of(now[column]) != _type_of(before[column])
        },
    }
    titles = {column: schema.get("title") for column, schema in {**before, **now}.items()}
    return [
        f"{titles[column]} (`{column}`) {change}" if titles[column] else f"`{column}` {change}"
        for column, change in sorted(changes.items())
    ]


def _type_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {word: schema[word] for word in ("type", "format", "items") if word in schema}
