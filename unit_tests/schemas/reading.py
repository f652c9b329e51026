"""The schemas of the streams as the connector reads them."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from airbyte_cdk.sources.declarative.schema import JsonFileSchemaLoader

import source_pipedrive

SCHEMAS = Path(source_pipedrive.__file__).parent / "schemas"
STREAMS = sorted(path.stem for path in SCHEMAS.glob("*.json"))


@cache
def schema_of(stream: str) -> Mapping[str, Any]:
    """Return the schema as the manifest's loader reads it, shared shapes resolved."""
    file_path = f"./source_pipedrive/schemas/{stream}.json"
    return JsonFileSchemaLoader(config={}, parameters={}, file_path=file_path).get_json_schema()


def every_property(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every property at every depth with its dotted path; lists add no step."""
    for name, prop in schema.get("properties", {}).items():
        yield f"{path}.{name}", prop
        yield from every_property(prop, f"{path}.{name}")
        yield from every_property(prop.get("items", {}), f"{path}.{name}")


def properties_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of an object, or of the objects in a list."""
    properties: Mapping[str, Any] = schema.get("items", schema).get("properties", {})
    return properties
