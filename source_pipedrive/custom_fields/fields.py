"""One custom field: the schema of its columns, and which value of a row goes into which column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_pipedrive.conformance.conversions import Conversion, MisfitError, to_integer
from source_pipedrive.custom_fields.conversions import no_conversion, to_integers
from source_pipedrive.custom_fields.field_definition import FieldDefinition, listed_objects
from source_pipedrive.custom_fields.naming import FieldName, suffix_of_subfield
from source_pipedrive.custom_fields.options import labels_by_id, labels_finder
from source_pipedrive.custom_fields.types import (
    JSON,
    SIMPLE_TYPES,
    ZONE_NAME,
    FieldColumn,
    columns_of_type,
)


@dataclass(frozen=True, slots=True)
class Target:
    """The column for a value, and the column for its label if the value is an option.

    Values of the type `accepts` go into the column as they are, others are converted. If there
    are `subfields`, only their columns are filled.
    """

    accepts: type | None
    column: str
    convert: Conversion
    label_column: str = ""
    label_of: Callable[[Any], Any] | None = None
    subfields: "Sequence[SubfieldTarget]" = ()


@dataclass(frozen=True, slots=True)
class SubfieldTarget:
    """The column for one subfield of a value."""

    source: str
    accepts: type | None
    column: str
    convert: Conversion

    @property
    def alone(self) -> Target:
        """The same column, for a value that has no other subfields."""
        return Target(self.accepts, self.column, self.convert)


def fitted(target: Target | SubfieldTarget, value: Any, misfits: dict[str, str]) -> Any:
    """Convert a value to the type of its column; add to `misfits` what was where it is null now."""
    try:
        return target.convert(value)
    except MisfitError as error:
        misfits |= {f"{target.column}{path}": kind for path, kind in error.parts.items()}
        return error.rest


class CustomField:
    """A custom field with its columns, by the suffix of the column's name.

    `is_flat` means that its values come as in API v1, with a key for each part.
    """

    def __init__(self, field: FieldDefinition, *, is_flat: bool = False) -> None:
        self.code = str(field["field_code"])
        self._name = str(field.get("field_name") or "")
        self._type = str(field.get("field_type"))
        self._description = str(field.get("description") or "").strip()
        self._labels = labels_by_id(field)
        self._columns = columns_of_type(self._type)
        self._subfield_names: dict[str, str] = {}
        known = {source for column in self._columns.values() for source in column.sources}
        for subfield in listed_objects(field, "subfields"):
            source = str(subfield.get("field_code") or "")
            suffix = suffix_of_subfield(source)
            self._subfield_names[source] = str(subfield.get("field_name") or "")
            if suffix and source not in known:
                type_ = SIMPLE_TYPES.get(str(subfield.get("field_type")), JSON)
                self._columns.setdefault(suffix, FieldColumn(type_, (source,)))
        # so that a column has the same name in leads as in deals
        self._suffixes = tuple(self._columns)
        if is_flat:
            self._columns.pop(ZONE_NAME, None)

    @property
    def name(self) -> FieldName:
        """What its columns are named after."""
        return FieldName(self.code, self._name, self._suffixes)

    def schema(self, names: Mapping[str, str]) -> dict[str, Any]:
        """Return column -> JSON schema, given suffix -> column."""
        return {
            names[suffix]: {
                **column.type.schema,
                "title": self._title(suffix, column),
                "description": self._column_description(column, names),
            }
            for suffix, column in self._columns.items()
        }

    def _title(self, suffix: str, column: FieldColumn) -> str:
        sources = reversed(column.sources) if suffix else []
        titles = [self._subfield_names.get(source) for source in sources]
        return next(filter(None, titles), self._name) or self.code

    def _column_description(self, column: FieldColumn, names: Mapping[str, str]) -> str:
        """Return the user's description, what the column holds, and which field it comes from."""
        by_user = self._description
        if by_user and by_user[-1] not in ".!?":
            by_user += "."
        by_type = column.description.format(names[""], **names)
        origin = f"Custom field `{self.code}` of type `{self._type}`."
        return " ".join(filter(None, [by_user, by_type, origin]))

    def targets(self, names: Mapping[str, str]) -> dict[str, Target]:
        """Return field code -> target, for rows with an object `custom_fields` (API v2)."""
        target = self._option_target(names)
        if target is None:
            targets = self._subfield_targets(names)
            if len(targets) == 1:
                target = targets[0].alone
            else:
                target = Target(None, "", no_conversion, subfields=targets)
        return {self.code: target}

    def flat_targets(self, names: Mapping[str, str]) -> dict[str, Target]:
        """Return key -> target, for the values of API v1 (leads).

        There, each subfield has a key of its own: the field code, `_`, and the subfield's code.
        """
        if option_target := self._option_target(names):
            return {self.code: option_target}
        return {
            self.code if target.source == "value" else f"{self.code}_{target.source}": target.alone
            for target in self._subfield_targets(names)
        }

    def _option_target(self, names: Mapping[str, str]) -> Target | None:
        """Return the target of a field with options: ids in one column, labels in another."""
        if self._type == "enum":
            return Target(None, names["id"], to_integer, names[""], self._labels.get)
        if self._type == "set":
            return Target(None, names["ids"], to_integers, names[""], labels_finder(self._labels))
        return None

    def _subfield_targets(self, names: Mapping[str, str]) -> list[SubfieldTarget]:
        return [
            SubfieldTarget(source, column.type.accepts, names[suffix], column.type.convert)
            for suffix, column in self._columns.items()
            for source in column.sources
        ]
