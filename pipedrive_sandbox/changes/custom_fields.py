"""Custom fields that are created, changed and deleted."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.data.custom_fields import FIRST_OPTION_ID
from pipedrive_sandbox.data.field_definitions import FieldDefinition
from pipedrive_sandbox.tables import LEGACY

if TYPE_CHECKING:
    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.store import Row

_TABLES: Final = {
    "deal": "deals",
    "person": "persons",
    "organization": "organizations",
    "product": "products",
    "project": "projects",
}


def create_field(account: Account, given: Row) -> str:
    """Create the custom field `given`: `entity`, `field_name`, `field_type`, `options`.

    Every row of the entity gets the field, unset. Returns the code of the field.
    """
    entity = given["entity"]
    if entity not in _TABLES:
        raise ValueError(f"entities with custom fields: {', '.join(_TABLES)}")
    code = uuid.uuid4().hex + uuid.uuid4().hex[:8]
    options = _with_ids(given["options"], []) if given.get("options") else None
    for owner in _owners(entity):
        definition = FieldDefinition(
            entity=owner,
            code=code,
            name=given["field_name"],
            field_type=given["field_type"],
            options=options,
            v1_id=4_000 + account.store.count("fields"),
            created=account.clock.now(),
            is_custom=True,
        )
        account.store.put("fields", definition.row())
    account.store.add_custom(_TABLES[entity], code)
    return code


def change_field(account: Account, code: str, given: Row) -> None:
    """Set the `field_name` or the `options` of a custom field.

    Values that refer to an option which is no longer in the list stay, as in production.
    """
    unknown = given.keys() - {"field_name", "options"}
    if unknown:
        raise ValueError(f"a field has no {', '.join(sorted(unknown))} that can be changed")
    for row in _rows_of(account, code):
        changed = {**row, **given}
        if "options" in given:
            changed["options"] = _with_ids(given["options"], row["options"] or [])
        changed[LEGACY] = {**row[LEGACY], "modified": account.clock.now()}
        where = "entity = ? AND field_code = ?"
        account.store.replace("fields", changed, where, [row["entity"], code])


def delete_field(account: Account, code: str) -> None:
    """Delete a custom field, and its value from every row."""
    owners = [row["entity"] for row in _rows_of(account, code)]
    account.store.remove("fields", "field_code = ?", [code])
    for owner in owners:
        if owner == "lead":
            account.store.drop_flat("leads", code)
        else:
            account.store.drop_custom(_TABLES[owner], code)


def _owners(entity: str) -> tuple[str, ...]:
    """Return the entities that have a custom field: leads have those of deals."""
    return ("deal", "lead") if entity == "deal" else (entity,)


def _rows_of(account: Account, code: str) -> list[Row]:
    rows = list(account.store.find("fields", "field_code = ? AND is_custom_field = 1", [code]))
    if not rows:
        raise ValueError(f"there is no custom field {code}")
    return rows


def _with_ids(options: list[dict[str, Any]], held: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the options, those without an id with the next free one."""
    free = max((option["id"] for option in [*held, *options] if "id" in option), default=0) + 1
    free = max(free, FIRST_OPTION_ID)
    numbered = []
    for option in options:
        numbered.append({"id": option.get("id", free), "label": option["label"]})
        free += "id" not in option
    return numbered
