"""The rows of Pipedrive's `*Fields` lists, such as `/api/v2/dealFields`: one for each field."""

from collections.abc import Mapping
from typing import Any, Literal

FieldDefinition = Mapping[str, Any]


def listed_objects(
    field: FieldDefinition, part: Literal["options", "subfields"]
) -> list[dict[str, Any]]:
    """Return the options or subfields of a field, which are null for most types of fields."""
    listed = field.get(part)
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
