"""Custom fields that come, change and go: `/api/v2/*Fields` and their options."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.errors import bad_request, forbidden, not_found
from pipedrive_sandbox.fields import CUSTOMISED, FIRST_OPTION_ID, definition
from pipedrive_sandbox.sandbox import Operation
from pipedrive_sandbox.tables import FIELD_OPTIONAL, LEGACY
from pipedrive_sandbox.writes import success

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipedrive_sandbox.sandbox import Call, Sandbox
    from pipedrive_sandbox.store import Row

    _Run = Callable[[Sandbox, str, Call], bytes]

#: Types that the contract lets one create.
_CREATABLE: Final = frozenset(
    [
        "varchar",
        "text",
        "double",
        "phone",
        "date",
        "daterange",
        "time",
        "timerange",
        "set",
        "enum",
        "varchar_auto",
        "address",
        "monetary",
        "org",
        "people",
        "user",
    ],
)
_CODE: Final = "entity = ? AND field_code = ?"
_TABLES: Final = {
    "deal": "deals",
    "person": "persons",
    "organization": "organizations",
    "product": "products",
    "project": "projects",
}


def field_operations() -> Iterator[Operation]:
    """Yield the writes on the field definitions of every entity with custom fields."""
    for entity in CUSTOMISED:
        path = f"/api/v2/{entity}Fields"
        one = f"{path}/{{field_code}}"
        needs = "projects" if entity == "project" else ""
        runs: tuple[tuple[str, str, int, _Run], ...] = (
            ("POST", path, 5, _create),
            ("PATCH", one, 5, _rename),
            ("DELETE", one, 3, _delete),
            ("POST", f"{one}/options", 5, _add_options),
            ("PATCH", f"{one}/options", 5, _relabel_options),
            ("DELETE", f"{one}/options", 3, _drop_options),
        )
        for method, template, cost, run in runs:
            yield Operation(method, template, cost, _of(entity, run), needs)


def _of(entity: str, run: _Run) -> Callable[[Sandbox, Call], bytes]:
    return lambda sandbox, call: run(sandbox, entity, call)


def _create(sandbox: Sandbox, entity: str, call: Call) -> bytes:
    body = call.body if isinstance(call.body, dict) else {}
    name, kind = body.get("field_name"), body.get("field_type")
    if not isinstance(name, str) or not name or kind not in _CREATABLE:
        raise bad_request("validation failed: field_name and a known field_type are required")
    options = None
    if kind in {"enum", "set"}:
        if not body.get("options"):
            raise bad_request("validation failed: options are required")
        options = _numbered(body["options"], FIRST_OPTION_ID)
    code = uuid.uuid4().hex + uuid.uuid4().hex[:8]
    for owner in (entity, "lead") if entity == "deal" else (entity,):
        number = 4_000 + sandbox.store.count("fields")
        row = definition(
            owner,
            code,
            name,
            kind,
            options,
            v1_id=number,
            created=sandbox.clock.now(),
            custom=True,
        )
        sandbox.store.put("fields", row)
    sandbox.store.add_custom(_TABLES[entity], code)
    return success(_shown(sandbox.store.find("fields", _CODE, [entity, code])))


def _rename(sandbox: Sandbox, entity: str, call: Call) -> bytes:
    name = call.body.get("field_name") if isinstance(call.body, dict) else None

    def change(row: Row) -> None:
        row["field_name"] = name or row["field_name"]

    return success(_changed(sandbox, entity, call, change))


def _delete(sandbox: Sandbox, entity: str, call: Call) -> bytes:
    row = _custom(sandbox, entity, call)
    code = row["field_code"]
    sandbox.store.remove("fields", "field_code = ? AND is_custom_field = 1", [code])
    sandbox.store.drop_custom(_TABLES[entity], code)
    if entity == "deal":
        sandbox.store.drop_flat("leads", code)
    return success(_shown(iter([row])))


def _add_options(sandbox: Sandbox, entity: str, call: Call) -> bytes:
    def change(row: Row) -> None:
        options = _options_of(row)
        highest = max((option["id"] for option in options), default=FIRST_OPTION_ID)
        row["options"] = options + _numbered(_labels(call), highest + 1)

    return success(_changed(sandbox, entity, call, change)["options"])


def _relabel_options(sandbox: Sandbox, entity: str, call: Call) -> bytes:
    given = {each.get("id"): each.get("label") for each in _labels(call)}

    def change(row: Row) -> None:
        row["options"] = [
            {**option, "label": given.get(option["id"]) or option["label"]}
            for option in _options_of(row)
        ]

    return success(_changed(sandbox, entity, call, change)["options"])


def _drop_options(sandbox: Sandbox, entity: str, call: Call) -> bytes:
    """Delete options; values that refer to them stay, as in production."""
    given = {each.get("id") for each in _labels(call)}

    def change(row: Row) -> None:
        row["options"] = [option for option in _options_of(row) if option["id"] not in given]

    return success(_changed(sandbox, entity, call, change)["options"])


def _options_of(row: Row) -> list[Row]:
    if row["options"] is None:
        raise bad_request("The field has no options")
    options: list[Row] = row["options"]
    return options


def _labels(call: Call) -> list[Row]:
    if not isinstance(call.body, list) or not all(isinstance(each, dict) for each in call.body):
        raise bad_request("validation failed: body should be a list of options")
    return call.body


def _numbered(options: Any, first: int) -> list[Row]:
    try:
        return [
            {"id": key, "label": str(option["label"])}
            for key, option in enumerate(options, start=first)
        ]
    except (TypeError, KeyError):
        raise bad_request("validation failed: options need a label") from None


def _custom(sandbox: Sandbox, entity: str, call: Call) -> Row:
    code = str(call.path["field_code"])
    row = next(sandbox.store.find("fields", _CODE, [entity, code]), None)
    if row is None:
        raise not_found("Field not found")
    if not row["is_custom_field"]:
        raise forbidden("Only custom fields can be changed")
    return row


def _changed(sandbox: Sandbox, entity: str, call: Call, change: Callable[[Row], None]) -> Row:
    row = _custom(sandbox, entity, call)
    code = row["field_code"]
    for owner in (entity, "lead") if entity == "deal" else (entity,):
        for held in list(sandbox.store.find("fields", _CODE, [owner, code])):
            change(held)
            held[LEGACY]["modified"] = sandbox.clock.now()
            sandbox.store.replace("fields", {**held, "entity": owner}, _CODE, [owner, code])
    return _shown(sandbox.store.find("fields", _CODE, [entity, code]))


def _shown(rows: Iterator[Row]) -> Row:
    return {
        name: value
        for name, value in next(rows).items()
        if name not in {*FIELD_OPTIONAL, LEGACY, "entity"}
    }
