"""From the shape of webhooks v2 to the shape of the API, for rows and for parts of rows.

The target is the stream's own schema: what it calls an integer becomes one, and times take its
form. Only what a schema cannot tell, such as another name, is written down here.
https://pipedrive.readme.io/docs/webhooks-v2-migration-guide
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

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
"""Objects of webhooks v2, and the streams that have their rows."""

# Names that differ; None has no counterpart in the API.
_NAMES: Mapping[str, Mapping[str, str | None]] = {
    "activity": {"busy_flag": "busy", "update_user_id": None},
    "organization": {"country_code": None, "picture_id": None},
    "pipeline": {"deal_probability": "is_deal_probability_enabled", "url_title": None},
    "product": {"selectable": "is_linkable"},
    "stage": {"rotten_flag": "is_deal_rot_enabled", "rotten_days": "days_to_rotten"},
    # the API has the id of the language, the webhook its code
    "user": {"lang": None},
}

_INTEGER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FRACTION = re.compile(r"\.\d+")
_NAIVE = re.compile(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$")


def to_api(kind: str, values: Values) -> Row:
    """Bring `data` or `previous` of an event to the API's shape.

    `kind` is the object, such as `deal`. Values that do not fit their schema stay as they are.
    """
    schema = _schema(kind)
    row: Row = {}
    for name, value in _renamed(kind, values, schema):
        if name == "custom_fields":
            row.update(_custom_fields(kind, value))
        else:
            row[name] = _typed(value, schema.get(name, {}))
    return row


def tombstone(kind: str, object_id: str, last: Values, deleted_at: int, merged_into: Any) -> Row:
    """Make the last record of a deleted row: as it was last, deleted, changed at that moment.

    `update_time` is never before the row's own, so that the tombstone is its newest version.
    `merged_into_id` tells which row took over, if one did.
    """
    schema = _schema(kind)
    row = to_api(kind, last)
    row["id"] = _typed(object_id, schema["id"])
    row["is_deleted"] = True
    if "merged_into_id" in schema:
        row["merged_into_id"] = _typed(merged_into, schema["id"])
    if "active_flag" in schema:
        row["active_flag"] = False
    if "update_time" in schema:
        row["update_time"] = _time_of_change(row, deleted_at, schema["update_time"])
    if "parent_update_time" in schema:
        row["parent_update_time"] = _time_of_change({}, deleted_at, schema["parent_update_time"])
    return row


def changes(kind: str, data: Values | None, previous: Values | None) -> dict[str, dict[str, Any]]:
    """Tell what an event changed: `{field: {"old": …, "new": …}}`, in the API's shape.

    A creation has only new values, a deletion only old ones. Custom fields are named by their key.
    """
    old = _flat(to_api(kind, previous or {}))
    new = _flat(to_api(kind, data or {}))
    names = {**old, **new} if data is None or previous is None else old
    pairs = {name: {"old": old.get(name), "new": new.get(name)} for name in names}
    return {name: pair for name, pair in pairs.items() if pair["old"] != pair["new"]}


@cache
def _schema(kind: str) -> Mapping[str, Values]:
    """Properties of the stream that has these rows; empty for an object without a stream."""
    if kind not in STREAMS:
        return {"id": {}}
    path = files("source_pipedrive") / "schemas" / f"{STREAMS[kind]}.json"
    properties: Mapping[str, Values] = orjson.loads(path.read_bytes())["properties"]
    return properties


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


def _flat(row: Row) -> Row:
    custom: Row = row.pop("custom_fields", {})
    return row | custom


def _typed(value: Any, schema: Values) -> Any:
    """Turn a value into what its schema says it is."""
    if schema.get("format") == "date-time":
        return _time(value, schema)
    if "array" in schema.get("type", ()) and isinstance(value, list):
        return [_typed(item, schema.get("items", {})) for item in value]
    kind = next((kind for kind in schema.get("type", ()) if kind in _TYPES), None)
    return _TYPES[kind](value) if kind else value


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _boolean(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


def _text(value: Any) -> Any:
    if isinstance(value, Mapping) and "value" in value:
        # a time of day comes with its time zone; an empty one is none
        return value["value"] or None
    return str(value) if type(value) in (int, float) else value


_TYPES: Mapping[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "string": _text,
}


def _time(value: Any, schema: Values) -> Any:
    if not isinstance(value, str):
        return value
    if not value:
        return None
    if schema.get("airbyte_type") == "timestamp_without_timezone":
        return _FRACTION.sub("", value).replace("T", " ").removesuffix("Z")
    return _NAIVE.sub(r"\1T\2Z", value)


def _time_of_change(row: Row, deleted_at: int, schema: Values) -> str:
    own = str(row.get("update_time") or row.get("add_time") or "")
    moment = datetime.fromtimestamp(deleted_at / 1000, UTC)
    precision = "milliseconds" if _FRACTION.search(own) else "seconds"
    text = moment.isoformat(timespec=precision).replace("+00:00", "Z")
    return max(str(_time(text, schema)), own)


def _custom_fields(kind: str, values: Values | None) -> Row:
    wrappers = (values or {}).items()
    if kind == "activity":
        # the webhook has an empty object there, the API nothing
        return {}
    if kind == "lead":
        # the API gives leads the custom fields of deals in the form of v1: at the root, flat
        return dict(pair for key, wrapper in wrappers for pair in _flat_pairs(key, wrapper))
    return {"custom_fields": {key: _unwrapped(wrapper) for key, wrapper in wrappers}}


def _unwrapped(wrapper: Any) -> Any:
    """Take a custom value out of its typed wrapper, into the form of API v2."""
    if not isinstance(wrapper, Mapping) or "type" not in wrapper:
        return wrapper
    rest = {key: value for key, value in wrapper.items() if key != "type"}
    return _FORMS.get(wrapper["type"], _simple)(rest)


def _simple(rest: Row) -> Any:
    return rest["value"] if rest.keys() == {"value"} else rest


def _range(rest: Row) -> Row:
    return {"value": rest.pop("from", None), **rest}


_FORMS: Mapping[str, Callable[[Row], Any]] = {
    "daterange": _range,
    "timerange": _range,
    "enum": lambda rest: rest.get("id"),
    "org": lambda rest: rest.get("id"),
    "people": lambda rest: rest.get("id"),
    "user": lambda rest: rest.get("id"),
    "set": lambda rest: [option.get("id") for option in rest.get("values") or ()],
}


def _flat_pairs(key: str, wrapper: Any) -> Iterator[tuple[str, Any]]:
    """Spread a custom value over the keys of API v1: `<key>`, `<key>_currency`, `<key>_until`."""
    value = _unwrapped(wrapper)
    if isinstance(value, list):
        yield key, ",".join(str(option) for option in value) or None
    elif isinstance(value, Mapping):
        yield key, value.get("value")
        yield from ((f"{key}_{part}", value[part]) for part in value if part != "value")
    elif isinstance(wrapper, Mapping) and wrapper.get("type") == "enum":
        yield key, None if value is None else str(value)
    else:
        yield key, value
