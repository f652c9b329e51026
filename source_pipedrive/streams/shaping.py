"""The named steps that give rows what Pipedrive's answer does not hold; most streams need none."""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import orjson

from source_pipedrive.custom_fields.naming import FIELD_CODE_LENGTH, RAW_COLUMN
from source_pipedrive.streams.slices import ListSlice, ParentGroup, RequestSlice, SingleRow

Row = dict[str, Any]
Step = Callable[[list[Row]], list[Row]]
KeyOf = Callable[[Row], Any]
StepSpec = str | Mapping[str, Mapping[str, Any]]
"""A step's name, or its name with its argument: `distinct`, `{constants: {id: 1}}`."""


class Shaping:
    """The steps of a stream, in their order. Raises `KeyError` for a step that does not exist."""

    def __init__(self, steps: Sequence[StepSpec], key_of: KeyOf) -> None:
        given = [step if isinstance(step, Mapping) else {step: None} for step in steps]
        self._makers = [
            _STEPS[name](argument, key_of) for step in given for name, argument in step.items()
        ]

    def for_slice(self, part: RequestSlice) -> Step:
        """Return what to do with each page of a slice."""
        steps = [make(part) for make in self._makers]

        def shape(rows: list[Row]) -> list[Row]:
            for step in steps:
                rows = step(rows)
            return rows

        return shape


def unknown_steps(steps: Sequence[StepSpec]) -> set[str]:
    """Return the names of steps that do not exist."""
    names = {name for step in steps for name in ([step] if isinstance(step, str) else step)}
    return names - _STEPS.keys()


Maker = Callable[[RequestSlice], Step]
"""Makes the step for one slice."""


def _archived_flag(_argument: Any, _key_of: KeyOf) -> Maker:
    """Add `is_archived`, where the two lists do not say which they are."""

    def tell_by_time(rows: list[Row]) -> list[Row]:
        for row in rows:
            row["is_archived"] = row.get("archive_time") is not None
        return rows

    def make(part: RequestSlice) -> Step:
        if isinstance(part, SingleRow):
            return tell_by_time
        return _set_all({"is_archived": cast("ListSlice", part).source.name == "archived"})

    return make


def _custom_fields(_argument: Any, _key_of: KeyOf) -> Maker:
    """Gather the raw values of custom fields, which API v1 has at the root of a row."""

    def gather(rows: list[Row]) -> list[Row]:
        columns, keys = tuple[str, ...](), list[str]()
        for row in rows:
            # the rows of a page have the same columns, as far as is known
            if (own := tuple(row)) != columns:
                columns, keys = own, [key for key in own if len(key) >= FIELD_CODE_LENGTH]
            row[RAW_COLUMN] = {key: row.pop(key) for key in keys} or None
        return rows

    return lambda _part: gather


def _constants(argument: Mapping[str, Any], _key_of: KeyOf) -> Maker:
    """Set columns to one value."""
    return lambda _part: _set_all(argument)


def _set_all(columns: Mapping[str, Any]) -> Step:
    def set_columns(rows: list[Row]) -> list[Row]:
        for row in rows:
            row.update(columns)
        return rows

    return set_columns


def _hashed_id(_argument: Any, _key_of: KeyOf) -> Maker:
    """Make an `id` of parent and content; equal rows are numbered, so that none is lost."""

    def make(part: RequestSlice) -> Step:
        equal_rows: Counter[bytes] = Counter()

        def hash_ids(rows: list[Row]) -> list[Row]:
            for row in rows:
                content = orjson.dumps([dict(part.partition), row], option=orjson.OPT_SORT_KEYS)
                number = equal_rows[content]
                row["id"] = hashlib.sha256(b"%d %b" % (number, content)).hexdigest()
                equal_rows[content] += 1
            return rows

        return hash_ids

    return make


def _parent_id(argument: Mapping[str, Any] | None, _key_of: KeyOf) -> Maker:
    """Set the id of the parent that was asked for, where the row does not have it.

    With `{overwrites: true}`, it is set in every row: where a row can belong to several parents, it
    may name another one.
    """
    overwrites = bool(argument and argument["overwrites"])

    def make(part: RequestSlice) -> Step:
        group = cast("ParentGroup", part)

        def set_parent(rows: list[Row]) -> list[Row]:
            for row in rows:
                if overwrites or row.get(group.parent_key) is None:
                    row[group.parent_key] = group.parent_of(row)
            return rows

        return set_parent

    return make


def _parent_update_time(_argument: Any, _key_of: KeyOf) -> Maker:
    """Set when the parent last changed: the cursor field of child streams."""

    def make(part: RequestSlice) -> Step:
        group = cast("ParentGroup", part)

        def set_time(rows: list[Row]) -> list[Row]:
            for row in rows:
                row["parent_update_time"] = group.parents.get(group.parent_of(row))
            return rows

        return set_time

    return make


def _distinct(_argument: Any, key_of: KeyOf) -> Maker:
    """Leave out rows that another slice of the stream has brought already."""
    emitted: set[Any] = set()
    lock = threading.Lock()

    def leave_out(rows: list[Row]) -> list[Row]:
        with lock:
            new = [row for row in rows if key_of(row) not in emitted]
            emitted.update(map(key_of, new))
        return new

    return lambda _part: leave_out


_ROLES = {"parent": "daughter", "daughter": "parent"}


def _seen_from_first_organization(_argument: Any, _key_of: KeyOf) -> Maker:
    """Describe the other end of a relationship as its first organization sees it.

    Both organizations list the relationship, each with the other one as the other end. Without
    this step, the row would depend on which of them was read first.
    """

    def turn(row: Row) -> Row:
        first, second = row.get("rel_owner_org_id"), row.get("rel_linked_org_id")
        if not (isinstance(first, Mapping) and isinstance(second, Mapping)):
            return row
        other = row.get("calculated_related_org_id")
        if other is not None and other == first.get("value") != second.get("value"):
            kind: Any = row.get("calculated_type")
            row["calculated_type"] = _ROLES.get(kind, kind)
            row["calculated_related_org_id"] = second.get("value")
            row["related_organization_name"] = second.get("name")
        return row

    return lambda _part: lambda rows: [*map(turn, rows)]


_STEPS: Mapping[str, Callable[[Any, KeyOf], Maker]] = {
    "archived_flag": _archived_flag,
    "constants": _constants,
    "custom_fields": _custom_fields,
    "distinct": _distinct,
    "hashed_id": _hashed_id,
    "parent_id": _parent_id,
    "parent_update_time": _parent_update_time,
    "seen_from_first_organization": _seen_from_first_organization,
}
