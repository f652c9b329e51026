"""The values of custom fields as columns, with labels in place of the ids of options.

`deals.custom_fields["dcf558aac1ae4e8c4f849ba5e668430d8df9be12"]`, 37, is also
`deals.custom_contract_type`, "Renewal", and `deals.custom_contract_type_id`, 37. The columns are
made from field definitions, which are rows of API v2's `*Fields` lists. Nothing here sends a
request.

https://pipedrive.readme.io/docs/core-api-concepts-custom-fields
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from source_pipedrive.conformance.conformer import nulled
from source_pipedrive.custom_fields.field_definition import FieldDefinition
from source_pipedrive.custom_fields.fields import CustomField, Target, fitted
from source_pipedrive.custom_fields.naming import FIELD_CODE_LENGTH, RAW_COLUMN, name_columns
from source_pipedrive.custom_fields.options import Labels, labels_by_id, labels_finder
from source_pipedrive.custom_fields.schema_changes import describe_schema_changes
from source_pipedrive.custom_fields.types import TEXTS

Row = dict[str, Any]

_LABELS_SCHEMA = {
    **TEXTS.schema,
    "description": "Names of the labels in `label_ids`, in their order.",
}


class Columns:
    """The columns of one entity: `schema` for the catalog, `filled` for the rows.

    One instance serves all threads: only `unknown` changes.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        targets: Mapping[str, Target],
        labels_of: Callable[[Any], Any] | None,
        known_codes: frozenset[str],
    ) -> None:
        self.schema = schema
        """Column -> JSON schema, sorted by column."""
        self._targets = targets
        self._labels_of = labels_of
        self._known_codes = known_codes
        self._keys_without_column: set[str] = set()

    @property
    def unknown(self) -> set[str]:
        """Codes of fields that rows have values for, but that have no field definition."""
        return {key[:FIELD_CODE_LENGTH] for key in self._keys_without_column} - self._known_codes

    def filled(self, rows: Sequence[Row]) -> Iterator[Row]:  # noqa: C901 - see below
        """Yield the rows with the columns of every value that is set; null where it does not fit.

        A field without a value adds no column: an absent column is NULL in the warehouse. The raw
        values stay in the row, so a value that does not fit its column is not lost.
        """
        # Every value of every row passes here. To call a function for each row or for each value
        # that fits would cost more than the work itself, so both API versions share this one loop.
        targets, labels_of, unknown = self._targets, self._labels_of, self._keys_without_column
        for row in rows:
            misfits: dict[str, str] = {}
            if labels_of and type(label_ids := row.get("label_ids")) is list:
                row["labels"] = labels_of(label_ids)
            values = row.get(RAW_COLUMN)
            if type(values) is dict:
                for key, value in values.items():
                    if value is None:
                        continue
                    try:
                        target = targets[key]
                    except KeyError:
                        unknown.add(key)
                        continue
                    if target.subfields:
                        parts = value if type(value) is dict else {"value": value}
                        for subfield in target.subfields:
                            part = parts.get(subfield.source)
                            if part is not None:
                                fits = type(part) is subfield.accepts
                                stored = part if fits else fitted(subfield, part, misfits)
                                row[subfield.column] = stored
                    else:
                        fits = type(value) is target.accepts
                        stored = value if fits else fitted(target, value, misfits)
                        row[target.column] = stored
                        if target.label_of:
                            row[target.label_column] = target.label_of(stored)
            yield nulled(row, misfits) if misfits else row

    def changes(self, properties: Mapping[str, Any]) -> list[str]:
        """Describe how these columns differ from a configured catalog's `properties`."""
        return describe_schema_changes(self.schema, configured=properties)


def columns_of(
    field_definitions: Iterable[FieldDefinition],
    api_version: Literal["v2", "v1"],
    labels: Labels | None = None,
) -> Columns:
    """Compile the columns of an entity from its field definitions.

    All rows have the values in `custom_fields`. Those of API v1, which are leads with the custom
    fields of deals, have a key there for each part of a value. `labels` names the ids in
    `label_ids` of leads; for other entities, the options of the field `label_ids` do.
    """
    by_code = {
        str(field["field_code"]): field for field in field_definitions if field.get("field_code")
    }
    has_flat_values = api_version == "v1"
    fields = [
        CustomField(field, is_flat=has_flat_values)
        for field in by_code.values()
        if field.get("is_custom_field")
    ]
    names = name_columns(field.name for field in fields)
    schema: dict[str, Any] = {}
    targets: dict[str, Target] = {}
    for field in fields:
        columns = names[field.code]
        schema |= field.schema(columns)
        targets |= field.flat_targets(columns) if has_flat_values else field.targets(columns)
    if labels is None and not has_flat_values and "label_ids" in by_code:
        labels = labels_by_id(by_code["label_ids"])
    if labels is not None:
        schema["labels"] = _LABELS_SCHEMA
    return Columns(
        schema=dict(sorted(schema.items())),
        targets=targets,
        labels_of=None if labels is None else labels_finder(labels),
        known_codes=frozenset(field.code for field in fields),
    )
