"""Converts rows, or parts of rows, from the format of webhooks v2 to the format of the API.

The stream's schema decides about types and the form of times. Only what a schema does not say,
such as a different name, is declared here.
https://pipedrive.readme.io/docs/webhooks-v2-migration-guide
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from source_pipedrive.conformance.conformer import type_of
from source_pipedrive.conformance.conversions import (
    Conversion,
    MisfitError,
    to_moment,
    to_text,
    to_time_of_day,
    unchanged,
)

# a row's time is Pipedrive's, a deletion's may be that of this machine's clock
_TOLERATED_SKEW = 60 * 60 * 1000

Row = dict[str, Any]
Values = Mapping[str, Any]

STREAMS: Mapping[str, str] = {
    "activity": "activities",
    "board": "project_boards",
    "deal": "deals",
    "deal_installment": "deal_installments",
    "deal_product": "deal_products",
    "lead": "leads",
    "note": "notes",
    "organization": "organizations",
    "person": "persons",
    "phase": "project_phases",
    "pipeline": "pipelines",
    "product": "products",
    "project": "projects",
    "stage": "stages",
    "task": "tasks",
    "user": "users",
}
"""For each kind of object in webhooks v2, the stream that has its rows."""

# Fields with another name in the API; None if the API does not have the field.
_NAMES: Mapping[str, Mapping[str, str | None]] = {
    "activity": {"busy_flag": "busy", "update_user_id": None},
    "organization": {"country_code": None, "picture_id": None},
    "pipeline": {"deal_probability": "is_deal_probability_enabled", "url_title": None},
    "product": {"selectable": "is_linkable"},
    "stage": {"rotten_flag": "is_deal_rot_enabled", "rotten_days": "days_to_rotten"},
    # the API has the id of the language, the webhook has its code
    "user": {"lang": None},
}


def to_api(kind: str, values: Values) -> Row:
    """Convert `data` or `previous` of an event to the format of the API.

    `kind` is the kind of object, such as `deal`. Values that do not fit the schema stay unchanged.
    """
    schema = _schema(kind)
    row: Row = {}
    for name, value in _renamed(kind, values, schema):
        if name == "custom_fields":
            row.update(_custom_fields(kind, value))
        else:
            row[name] = _converted(value, _conversions(kind).get(name, unchanged))
    return row


def tombstone(kind: str, object_id: str, last: Values, deleted_at: int, merged_into: Any) -> Row:
    """Return the last record of a deleted row: its last values, marked as deleted.

    `update_time` is the time of deletion, but never earlier than the row's own, so that the
    tombstone is the newest version of the row. After a merge, `merged_into_id` is the id of the
    row that remains. Raises `MisfitError` if `object_id` is not the id of any row.
    """
    schema = _schema(kind)
    row = to_api(kind, last)
    row["id"] = row_id(kind, object_id)
    row["is_deleted"] = True
    if "merged_into_id" in schema:
        row["merged_into_id"] = _converted(merged_into, _conversions(kind)["id"])
    if "active_flag" in schema:
        row["active_flag"] = False
    if "update_time" in schema:
        row["update_time"] = _time_of_change(row, deleted_at)
    if "parent_update_time" in schema:
        row["parent_update_time"] = _time_of_change({}, deleted_at)
    return row


def row_id(kind: str, object_id: str) -> Any:
    """Return the id of an event as its rows have it. Raises `MisfitError` if no row can have it."""
    return _conversions(kind)["id"](object_id)


def moment(value: Any) -> str | None:
    """Return a value as a moment in the form that records have; None if it is not a moment."""
    try:
        return to_moment(value)
    except MisfitError:
        return None


def changes(kind: str, data: Values | None, previous: Values | None) -> dict[str, dict[str, Any]]:
    """Return what an event changed, in the format of the API: `{field: {"old": …, "new": …}}`.

    A creation has only new values, a deletion only old ones. Custom fields appear under their key,
    and fields that the API does not have as webhooks name them.
    """
    old, new = (
        _with_flat_custom_fields(to_api(kind, values or {}) | _without_column(kind, values or {}))
        for values in (previous, data)
    )
    names = {**old, **new} if data is None or previous is None else old
    pairs = {name: {"old": old.get(name), "new": new.get(name)} for name in names}
    return {name: pair for name, pair in pairs.items() if pair["old"] != pair["new"]}


def columns_of(kind: str) -> Collection[str]:
    """Return the columns of the stream that has the rows of a kind of object."""
    return _schema(kind).keys()


@cache
def _schema(kind: str) -> Mapping[str, Values]:
    """Return the schema properties of the stream; only `id` for an object without a stream."""
    if kind not in STREAMS:
        return {"id": {}}
    path = files("source_pipedrive") / "schemas" / f"{STREAMS[kind]}.json"
    properties: Mapping[str, Values] = orjson.loads(path.read_bytes())["properties"]
    return properties


@cache
def _conversions(kind: str) -> Mapping[str, Conversion]:
    return {name: type_of(one, name).convert for name, one in _schema(kind).items()}


def _without_column(kind: str, values: Values) -> Row:
    """Return the values that the API does not have, or has in another form: a user's `lang`."""
    names = _NAMES.get(kind, {})
    return {name: value for name, value in values.items() if names.get(name, name) is None}


def _renamed(kind: str, values: Values, schema: Values) -> Iterator[tuple[str, Any]]:
    names = _NAMES.get(kind, {})
    for name, value in values.items():
        new_name = names.get(name, name)
        if name == "active_flag" and name not in schema:
            yield "is_deleted", None if value is None else not value
        elif name == "label" and "label_ids" in schema:
            if "label_ids" not in values:
                yield "label_ids", [] if value is None else [value]
        elif new_name is not None:
            yield new_name, value


def _with_flat_custom_fields(row: Row) -> Row:
    if isinstance(row.get("custom_fields"), dict):
        row |= row.pop("custom_fields")
    return row


def _converted(value: Any, convert: Conversion) -> Any:
    """Convert a value to the type in its schema, if it fits."""
    if convert in {to_text, to_time_of_day} and isinstance(value, Mapping) and "value" in value:
        # a time of day comes with its time zone; an empty text means no value
        value = value["value"] or None
    try:
        return None if value is None else convert(value)
    except MisfitError:
        return value


def _time_of_change(row: Row, deleted_at: int) -> str:
    own = moment(row.get("update_time")) or moment(row.get("add_time")) or ""
    precision = "milliseconds" if "." in own else "seconds"
    deletion, latest = (
        datetime.fromtimestamp(milliseconds / 1000, UTC)
        .isoformat(timespec=precision)
        .replace("+00:00", "Z")
        for milliseconds in (deleted_at, deleted_at + _TOLERATED_SKEW)
    )
    # a row that claims to be newer than its deletion would hide every later version
    return max(deletion, min(own, latest))


def _custom_fields(kind: str, values: Any) -> Row:
    if kind == "activity":
        # the webhook has an empty object, the API has no such field
        return {}
    if not isinstance(values, Mapping | None):
        return {"custom_fields": values}
    wrappers = (values or {}).items()
    if kind == "lead":
        # API v1 has a key for each part of a value
        pairs = (pair for key, wrapper in wrappers for pair in _flat_pairs(key, wrapper))
        return {"custom_fields": dict(pairs)}
    return {"custom_fields": {key: _unwrap(wrapper) for key, wrapper in wrappers}}


def _unwrap(wrapper: Any) -> Any:
    """Convert a custom value from its typed wrapper to the format of API v2."""
    if not isinstance(wrapper, Mapping) or not isinstance(wrapper.get("type"), str):
        return wrapper
    rest = {key: value for key, value in wrapper.items() if key != "type"}
    return _UNWRAP_BY_TYPE.get(wrapper["type"], _unwrap_value)(rest)


def _unwrap_value(rest: Row) -> Any:
    return rest["value"] if rest.keys() == {"value"} else rest


def _unwrap_range(rest: Row) -> Row:
    return {"value": rest.pop("from", None), **rest}


def _unwrap_options(rest: Row) -> Any:
    options = rest.get("values") or []
    if isinstance(options, list) and all(isinstance(option, Mapping) for option in options):
        return [option.get("id") for option in options]
    return options


_UNWRAP_BY_TYPE: Mapping[str, Callable[[Row], Any]] = {
    "daterange": _unwrap_range,
    "timerange": _unwrap_range,
    "enum": lambda rest: rest.get("id"),
    "org": lambda rest: rest.get("id"),
    "people": lambda rest: rest.get("id"),
    "user": lambda rest: rest.get("id"),
    "set": _unwrap_options,
}


def _flat_pairs(key: str, wrapper: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keys of API v1 for one value: `<key>`, `<key>_currency`, `<key>_until`."""
    value = _unwrap(wrapper)
    if isinstance(value, list):
        yield key, ",".join(str(option) for option in value) or None
    elif isinstance(value, Mapping):
        yield key, value.get("value")
        yield from ((f"{key}_{part}", value[part]) for part in value if part != "value")
    elif isinstance(wrapper, Mapping) and wrapper.get("type") == "enum":
        yield key, None if value is None else str(value)
    else:
        yield key, value
