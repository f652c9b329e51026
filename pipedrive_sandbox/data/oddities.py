"""Values that the contract does not allow, in a few rows of each kind.

`RECORDED` are those that public bug reports and responses of real accounts show; a reader loses
nothing by them. `UNUSABLE` are made up, as a broken client or gateway leaves them; a reader has to
convert or to drop them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from pipedrive_sandbox.clock import ZERO_TIME
from pipedrive_sandbox.data.field_definitions import FieldDefinition
from pipedrive_sandbox.tables import LEGACY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.store import Row

#: `recorded` includes `RECORDED`, `all` includes `UNUSABLE` as well.
LEVELS: Final = ("none", "recorded", "all")
#: Of so many rows, the first few have one oddity each; the very first has none.
_PERIOD: Final = 500
_TOO_LARGE: Final = 2**63
_NUL: Final = "Acme\u0000 GmbH"
_GONE: Final[dict[str, Any]] = {"id": 7, "name": "Gone"}

Oddities = dict[str, tuple[dict[str, Any], ...]]
#: The properties that are replaced, by table. Each entry is for a row of its own.
RECORDED: Final[Oddities] = {
    # https://github.com/singer-io/tap-pipedrive/issues/17
    "users": ({"last_login": ZERO_TIME},),
    # https://github.com/singer-io/tap-pipedrive/issues/61
    "deals": ({"first_won_time": ZERO_TIME},),
    "notes": ({"update_time": ZERO_TIME},),
}
UNUSABLE: Final[Oddities] = {
    "users": ({"last_login": "", "role_id": "2"},),
    "deals": (
        {"owner_id": _GONE},
        {"title": _NUL},
        {"value": 1e29},
        {"value": "12.5"},
        {"channel": _TOO_LARGE},
        {"probability": "abc"},
        {"probability": "", "expected_close_date": ""},
    ),
    "persons": (
        {"birthday": ""},
        {"birthday": "0000-00-00"},
        {"picture_id": "abc"},
        {"last_incoming_mail_time": ZERO_TIME},
    ),
    "organizations": (
        {"employee_count": "12.5"},
        {"employee_count": ""},
        {"annual_revenue": "12.5"},
        {"annual_revenue": 1e29},
    ),
    "products": ({"tax": "12.5"}, {"tax": ""}, {"description": _NUL}),
    "activities": ({"priority": _TOO_LARGE}, {"note": _NUL}, {"due_date": ""}),
    "leads": (
        {"expected_close_date": ""},
        {"channel": "abc"},
        {"value": {"amount": "12.5", "currency": "EUR"}},
    ),
    "notes": ({"content": _NUL}, {"active_flag": 1, "pinned_to_person_flag": 0}),
    "files": ({"file_size": "12.5"}, {"active_flag": 1, "inline_flag": 0}),
    "deal_products": ({"tax": "abc"}, {"comments": _NUL}),
    "projects": ({"start_date": ""}, {"health_status": "abc"}),
    "tasks": ({"due_date": ""}, {"priority": "12.5"}),
    "call_logs": ({"subject": _NUL},),
}
#: Values of custom fields, by type; a row of deals and one of persons has all of them.
_CUSTOM_VALUES: Final[dict[str, Any]] = {
    "double": "abc",
    "monetary": {"value": "12.5", "currency": ""},
    "date": "0000-00-00",
    "enum": "",
    "set": [None],
    "user": _GONE,
    "varchar": _NUL,
}
#: `mandatory_flag` of v1 fields that are required at a certain status only. Those of deals were
#: recorded in 2025; the one of leads follows them.
_REQUIRED_AT: Final = {
    ("deal", "won_time"): "=won",
    ("deal", "lost_time"): "=lost",
    ("deal", "lost_reason"): "=lost",
    ("lead", "value"): "=won",
}
#: https://github.com/DavidRouyer/pipedrive-dotnet/issues/41
_WITHOUT_ADD_TIME: Final = frozenset({"title", "content"})
_WITH_ARCHIVED: Final = frozenset({"deal", "lead"})


def add_oddities(
    account: AccountData, level: str, table: str, rows: Iterator[Row]
) -> Iterator[Row]:
    """Yield the rows of a table with the oddities of a level, one of `LEVELS`.

    The seed decides which of the first rows gets which.
    """
    if level == "none":
        return rows
    if table == "fields":
        return _odd_fields(account, rows)
    oddities: list[Row] = [*RECORDED.get(table, ())]
    if level == "all":
        oddities += UNUSABLE.get(table, ())
        if table in {"deals", "persons"} and account.custom_fields[table.removesuffix("s")]:
            oddities.append({"custom_fields": _custom_values(account, table.removesuffix("s"))})
    account.random_source(f"oddities/{table}").shuffle(oddities)
    return _with_each(rows, oddities) if oddities else rows


def _with_each(rows: Iterator[Row], oddities: Sequence[Row]) -> Iterator[Row]:
    for position, row in enumerate(rows):
        number = position % _PERIOD - 1
        if 0 <= number < len(oddities):
            changed: Row = row | oddities[number]
            if "custom_fields" in oddities[number]:
                before: Row = orjson.loads(orjson.dumps(row["custom_fields"]))
                changed["custom_fields"] = before | changed["custom_fields"]
            yield changed
        else:
            yield row


def _custom_values(account: AccountData, entity: str) -> Row:
    return {
        field.code: _CUSTOM_VALUES[field.field_type]
        for field in account.custom_fields[entity]
        if field.field_type in _CUSTOM_VALUES
    }


def _odd_fields(account: AccountData, rows: Iterator[Row]) -> Iterator[Row]:
    """Yield field definitions with zero dates, flags that are objects, and `is_archived`."""
    missing = set(_WITH_ARCHIVED)
    for row in rows:
        entity, code = row["entity"], row["field_code"]
        if entity in missing and code == "update_time":
            missing.remove(entity)
            yield _is_archived_field(account, entity, row[LEGACY]["id"] + 500)
        changed = dict(row[LEGACY])
        if code in _WITHOUT_ADD_TIME:
            changed["created"] = None
        if (entity, code) in _REQUIRED_AT:
            changed["mandatory"] = {"status": _REQUIRED_AT[entity, code]}
        yield row | {LEGACY: changed}


def _is_archived_field(account: AccountData, entity: str, v1_id: int) -> Row:
    """Return the definition of `is_archived`, whose options have a boolean as their id."""
    return FieldDefinition(
        entity=entity,
        code="is_archived",
        name="Is archived",
        field_type="boolean",
        options=[{"id": False, "label": "Not archived"}, {"id": True, "label": "Archived"}],
        v1_id=v1_id,
        created=account.opened,
    ).row()
