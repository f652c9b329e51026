"""The sandbox against the contract: same token costs, parameters, properties, and types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft4Validator

from docs.contract.operations import OPERATIONS, of_stream
from docs.contract.operations import READS as CONTRACT
from pipedrive_sandbox.endpoints.declarations import known_parameters
from pipedrive_sandbox.endpoints.operations import READS, operations
from unit_tests import catalog

if TYPE_CHECKING:
    from pipedrive_sandbox.endpoints.declarations import Get
    from unit_tests.sandbox.client import Client

#: What the API answers beyond the contract's schemas and examples.
ADDED = {
    "activities": {"outcome"},  # SDK 33.7.0
    "users": {"is_admin"},  # recorded live
    "leads": {"archive_time"},  # recorded live
    "notes": {"lead"},  # not in the contract, which has `deal` and `person`; not established
}
#: Types that real accounts answer beyond the contract's: `data/oddities.py`.
OTHER_TYPES = {"fields": {("mandatory_flag",), ("options", "id")}}
#: Query parameters that the sandbox serves wherever the contract has them: what a connector sends.
SERVED = {
    *("cursor", "limit", "start", "sort", "sort_by", "sort_direction"),
    *("ids", "updated_since", "updated_until", "status", "include_fields"),
    *("deal_ids", "board_id", "folder", "include_body"),
}
#: Further parameters that the sandbox serves on one path, where they are required.
SERVED_ON = {"/v1/organizationRelationships": {"org_id"}}
#: Properties of the contract that the sandbox does not answer.
LEFT_OUT: dict[str, set[str]] = {}

Schema = dict[str, Any]


def properties(schema: Schema) -> dict[str, Schema]:
    """Return the properties of a schema, those of its parts included."""
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        found |= properties(part)
    return found


def rows_schema(schema: Schema) -> Schema:
    """Return the schema of one row."""
    data = properties(schema)["data"]
    if data.get("type") == "array":
        data = data["items"]
    if set(properties(data)) == {"goals"}:
        data = properties(data)["goals"]["items"]
    return data


def json_schema(node: Any) -> Any:
    """Turn OpenAPI 3.0 into JSON Schema; null is accepted everywhere.

    The contract hardly ever marks what may be null: `person_id`, `won_time` and live
    `update_time` are, and none of them says so.
    """
    if isinstance(node, list):
        return [json_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    dropped = {"format", "example", "default", "nullable", "description", "title"}
    out = {key: json_schema(value) for key, value in node.items() if key not in dropped}
    if properties(node):
        # parts are merged: of a property drawn twice, the later and wider one holds
        out.pop("allOf", None)
        out["properties"] = {key: json_schema(each) for key, each in properties(node).items()}
    if isinstance(node.get("type"), str):
        out["type"] = [node["type"], "null"]
        if "enum" in node:
            out["enum"] = [*node["enum"], None]
    if not isinstance(node.get("required"), list):
        out.pop("required", None)
    return out


def rows_of(whole: Client, get: Get) -> list[dict[str, Any]]:
    """Read an endpoint with every optional property, of parents that have rows."""
    query: dict[str, Any] = {
        name: {"deal_ids": "1,2,3,4,5,6,7,8,9", "folder": "inbox"}.get(name, 1)
        for name, narrowing in get.read.filters.items()
        if narrowing.required
    }
    if "include_fields" in known_parameters(get.read):
        query["include_fields"] = ",".join(get.read.include)
    if get.path == "/v1/organizationRelationships":
        query["org_id"] = whole.rows("organization_relationships")[0]["org_id"]
    if "limit" in known_parameters(get.read):
        query["limit"] = 25
    path = get.path
    clauses = get.read.where.replace(":user", "1").split(" AND ")
    fixed = " AND ".join(clause for clause in clauses if ":" not in clause) or "1"
    for name in re.findall(r"{(\w+)}", path):
        column = next(clause.split()[0] for clause in clauses if f":{name}" in clause)
        found = whole.sandbox.store.select(
            f"SELECT {column} FROM {get.read.table}"
            f" WHERE {column} <> '' AND {fixed} ORDER BY rowid DESC LIMIT 1",
        )
        path = path.replace(f"{{{name}}}", str(found[0][0]))
    data = whole.body(path, **query)["data"]
    return data if isinstance(data, list) else [data]


def name_of(get: Get) -> str:
    return get.path


def test_every_operation_is_the_contracts_at_the_contracts_token_cost() -> None:
    served = {(each.method.lower(), each.path): each.cost for each in operations()}

    costs = {(each.method, each.path): each.cost for each in OPERATIONS}

    assert served == {key: cost for key, cost in costs.items() if key in served}


def test_every_read_of_a_stream_is_served(whole: Client) -> None:
    served = {each.path for each in operations() if each.method == "GET"}
    read = {each.path for stream in catalog.STREAMS for each in of_stream(stream)}
    not_of_the_api = {"events"}

    assert read <= served
    assert set(whole.control("streams")) == catalog.STREAMS.keys() - not_of_the_api


@pytest.mark.parametrize("get", READS, ids=name_of)
def test_parameters_are_the_contracts(get: Get) -> None:
    declared = CONTRACT[get.path].query
    known = known_parameters(get.read)

    assert set(known) == set(declared) & (SERVED | SERVED_ON.get(get.path, set()))
    for name in {"sort_by", "sort"} & set(declared):
        if "enum" in declared[name]:
            assert set(declared[name]["enum"]) == set(get.read.sort)
    if "include_fields" in known:
        assert CONTRACT[get.path].include_fields == set(get.read.include)


@pytest.mark.parametrize("get", READS, ids=name_of)
def test_rows_have_the_contracts_properties_and_types(whole: Client, get: Get) -> None:
    operation = CONTRACT[get.path]
    row_schema = rows_schema(operation.response)
    shown = operation.facts.get("sample", [])
    shown = shown if isinstance(shown, list) else [shown]
    documented = {*properties(row_schema), *get.read.include}.union(*shown)

    rows = rows_of(whole, get)

    assert rows
    validator = Draft4Validator(json_schema(row_schema))
    for row in rows:
        errors = {
            tuple(part for part in error.path if isinstance(part, str)): error.message
            for error in validator.iter_errors(row)
        }
        assert errors.keys() <= OTHER_TYPES.get(get.read.table, set()), errors
    answered = set().union(*rows)
    custom = {name for name in answered if re.match("[0-9a-f]{40}", name)}
    assert answered - custom - documented == ADDED.get(get.read.table, set()) - documented
    assert set(properties(row_schema)) - answered == LEFT_OUT.get(get.path, set())
