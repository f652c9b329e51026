"""Reads of an account's setup: field definitions, types, labels, filters, roles, permissions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.endpoints.declarations import V1, V2, Extra, Get, Paging, Read, one
from pipedrive_sandbox.endpoints.errors import ApiError
from pipedrive_sandbox.endpoints.v1_shapes import v1_field
from pipedrive_sandbox.tables import FIELD_OPTIONAL, LEGACY

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The entities with fields in v2, and the `include_fields` of these.
_V2_FIELDS: Final = {
    "deal": FIELD_OPTIONAL,
    "person": FIELD_OPTIONAL,
    "organization": FIELD_OPTIONAL,
    "product": FIELD_OPTIONAL[:1],
    "activity": FIELD_OPTIONAL[:1],
    "project": FIELD_OPTIONAL,
}
#: The entities with fields in v1. The Singer tap of `benchmarks.peers` reads all of them.
_V1_FIELDS: Final = {
    "deal": Paging.OFFSET,
    "person": Paging.OFFSET,
    "organization": Paging.OFFSET,
    "product": Paging.OFFSET,
    "lead": Paging.OFFSET,
    "activity": Paging.NONE,
    "note": Paging.NONE,
}


def _fields() -> Iterator[Get]:
    for entity, include in _V2_FIELDS.items():
        path = f"{V2}/{entity}Fields"
        where = f"entity = '{entity}'"
        needs = {"activity": "admin", "project": "projects"}.get(entity, "")
        listed = Read(
            table="fields",
            where=where,
            include=include,
            always_include=entity == "project",
        )
        single = replace(listed, paging=Paging.ONE, where=f"{where} AND field_code = :field_code")
        yield Get(path, 10, listed, needs)
        yield Get(f"{path}/{{field_code}}", 1, single, needs)
    for entity, paging in _V1_FIELDS.items():
        listed = Read(
            table="fields",
            paging=paging,
            where=f"entity = '{entity}'",
            include=(LEGACY,),
            always_include=True,
            shape=v1_field(entity),
            flat=True,
            extra=Extra.PAGING if paging is Paging.OFFSET else Extra.ABSENT,
        )
        yield Get(f"{V1}/{entity}Fields", 20, listed)


def _unpaged(path: str, cost: int, table: str, needs: str = "") -> Get:
    """Declare a list of v1 that has one page only, and no `additional_data`."""
    read = Read(table=table, paging=Paging.NONE, extra=Extra.ABSENT)
    return Get(f"{V1}/{path}", cost, read, needs)


SETUP: Final = (
    *_fields(),
    _unpaged("activityTypes", 20, "activity_types"),
    _unpaged("leadLabels", 10, "lead_labels"),
    _unpaged("leadSources", 2, "lead_sources"),
    _unpaged("filters", 20, "filters"),
    _unpaged("legacyTeams", 20, "legacy_teams"),
    Get(f"{V1}/legacyTeams/{{id}}", 2, one("legacy_teams")),
    Get(f"{V1}/roles", 20, Read(table="roles", paging=Paging.OFFSET), "admin"),
    Get(
        f"{V1}/roles/{{id}}/assignments",
        10,
        Read(
            table="role_assignments",
            paging=Paging.OFFSET,
            where="role_id = :id",
            parent="roles",
        ),
        "admin",
    ),
    _unpaged("permissionSets", 20, "permission_sets", "admin"),
    Get(
        f"{V1}/permissionSets/{{id}}/assignments",
        20,
        Read(
            table="permission_set_assignments",
            paging=Paging.OFFSET,
            extra=Extra.ABSENT,
            where="permission_set_id = :id",
            parent="permission_sets",
            missing=ApiError(404, None),
        ),
        "admin",
    ),
)
