"""The options of fields: their labels by id, and the rows of the stream `field_options`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from source_pipedrive.conformance.conversions import MisfitError, to_integer, to_text
from source_pipedrive.custom_fields.field_definition import FieldDefinition, listed_objects

Labels = Mapping[Any, str | None]
"""The label of each option, by its id."""


def field_options_rows(
    entity: str, field_definitions: Iterable[FieldDefinition]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the stream `field_options`, built-in fields included.

    `entity` is the kind of record, e.g. `deal`. Field definitions of API v1 work as well.
    """
    for field in field_definitions:
        for option in listed_objects(field, "options"):
            if isinstance(option.get("id"), int | float | str):
                yield {
                    "entity": entity,
                    "field_code": field.get("field_code") or field.get("key"),
                    "field_name": field.get("field_name") or field.get("name"),
                    "option_id": to_text(option["id"]),
                    "label": option.get("label"),
                    "color": option.get("color"),
                }


def labels_by_id(field: FieldDefinition) -> Labels:
    """Return the labels of a field's options. The ids of custom fields are integers."""
    return {
        _as_in_rows(option["id"]): option.get("label")
        for option in listed_objects(field, "options")
        if isinstance(option.get("id"), int | float | str)
    }


def _as_in_rows(option_id: Any) -> Any:
    try:
        return to_integer(option_id)
    except MisfitError:
        return to_text(option_id)


def labels_finder(labels: Labels) -> Callable[[Any], Any]:
    """Return a function that turns a list of ids into a list of labels, None for an unknown id."""
    label_of = labels.get

    def labels_of(ids: Any) -> Any:
        try:
            return ids and list(map(label_of, ids))
        except TypeError:
            # one of the ids is a list or an object, which cannot be a key
            return [label_of(id_) if type(id_) in {int, str} else None for id_ in ids]

    return labels_of
