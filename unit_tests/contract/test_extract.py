"""The script that extracts the contract, and the extract that it wrote."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.contract import extract
from docs.contract.notation import WIDTH, expanded, shortened, written
from docs.contract.operations import EXTRACTS, READS

KEYWORDS = {
    *("type", "format", "nullable", "enum", "properties", "items", "required"),
    *("additionalProperties", "allOf", "oneOf", "anyOf"),
    *("minimum", "maximum", "minLength", "maxLength", "maxItems", "uniqueItems"),
}
DOCUMENT = """
servers: [{url: https://api.example.com/api/v2}]
paths:
  /deals:
    post: {tags: [Deals], operationId: addDeal, x-token-cost: 5, responses: {}}
    get:
      tags: [Deals, Beta]
      operationId: getDeals
      summary: Get all deals
      x-token-cost: 10
      deprecated: true
      security: [{api_key: []}, {oauth2: ["deals:read", "deals:full"]}]
      parameters:
        - {in: query, name: limit, description: At most, schema: {type: integer, maximum: 500}}
        - {in: query, name: cursor, schema: {type: string, example: abc}}
        - {in: path, name: id, required: true, schema: {type: integer, title: ID}}
        - {in: query, name: archived, required: true, schema: {type: boolean, default: false}}
      responses:
        "200":
          content:
            application/json:
              schema:
                allOf:
                  - {type: object, properties: {success: {type: boolean, example: true}}}
                  - type: object
                    properties:
                      data: {type: array, items: {$ref: "#/components/schemas/Deal"}}
              example:
                success: true
                data:
                  - {title: Big one, value: 12.5, due: 2024-01-02, add_time: "2024-01-02 10:11:12"}
                  - {title: Small, value: 7.5, due: 2024-02-03, add_time: "2024-02-03 10:11:12"}
                  - {title: null, value: 7.0, won_time: "2024-01-02T10:11:12.345Z", tags: [a, b]}
  /webhooks:
    post:
      tags: [Webhooks]
      operationId: addWebhook
      x-token-cost: 10
      requestBody:
        content:
          application/json: {schema: {type: object, properties: {name: {type: string}}}}
      responses: {"201": {description: Created}}
  /oauth/authorize:
    get: {servers: [{url: https://oauth.example.com}]}
components:
  schemas:
    Deal:
      type: object
      title: Deal
      properties:
        title: {type: string, description: The title}
        value: {type: number, nullable: true, example: 12}
        add_time: {type: string, format: date-time}
        flag:
          allOf: [{title: numberBoolean, type: number, enum: [0, 1]}]
        owner:
          allOf:
            - {type: object, properties: {id: {type: integer}}}
            - {type: object, properties: {id: {type: string}}}
"""
FACTS = {
    "/api/v2/deals": {
        "get": {
            "tag": "Deals",
            "id": "getDeals",
            "cost": 10,
            "deprecated": True,
            "scopes": ["deals:read", "deals:full"],
            "parameters": {
                "archived": {"required": True, "type": "boolean", "default": False},
                "cursor": "string",
                "id": {"in": "path", "required": True, "type": "integer"},
                "limit": {"type": "integer", "maximum": 500},
            },
            "response": {
                "properties": {
                    "success": "boolean",
                    "data": {
                        "items": {
                            "properties": {
                                "title": "string",
                                "value": "number?",
                                "add_time": "string(date-time)",
                                "flag": {"type": "number", "enum": [0, 1]},
                                "owner": {
                                    "allOf": [
                                        {"properties": {"id": "integer"}},
                                        {"properties": {"id": "string"}},
                                    ]
                                },
                            }
                        }
                    },
                }
            },
            "sample": [
                {"title": "", "value": 0.5, "due": "2000-01-01", "add_time": "2000-01-01 00:00:00"},
                {"title": None, "value": 0, "won_time": "2000-01-01T00:00:00Z", "tags": [""]},
            ],
        },
        "post": {"tag": "Deals", "id": "addDeal", "cost": 5},
    },
    "/api/v2/webhooks": {
        "post": {
            "tag": "Webhooks",
            "id": "addWebhook",
            "cost": 10,
            "parameters": {},
            "body": {"properties": {"name": "string"}},
        }
    },
}

each_extract = pytest.mark.parametrize("path", EXTRACTS, ids=lambda path: path.stem)


def test_the_script_writes_the_facts_of_a_document(tmp_path: Path) -> None:
    document = tmp_path / "openapi.yaml"
    document.write_text(DOCUMENT)

    extract.main([str(document), "--into", str(tmp_path)])

    assert json.loads((tmp_path / "v2.json").read_text()) == FACTS


def test_the_order_of_paths_and_methods_does_not_matter() -> None:
    document = yaml.safe_load(DOCUMENT)
    backwards = dict(document, paths=dict(reversed(document["paths"].items())))
    for path, methods in backwards["paths"].items():
        backwards["paths"][path] = dict(reversed(methods.items()))

    assert written(extract.extract(backwards)) == written(extract.extract(document))


@pytest.mark.parametrize(
    ("schema", "short"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "string(date-time)"),
        ({"type": "number", "nullable": True}, "number?"),
        ({"type": "object", "additionalProperties": True}, ...),
        ({"type": "object", "properties": {"id": {"type": "integer"}}}, ...),
        ({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}, ...),
        ({"type": "string", "enum": ["integer", "string"], "nullable": True}, ...),
        ({"oneOf": [{"type": "string"}, {"type": "object", "properties": {}}]}, ...),
        ({"type": "object", "properties": {"items": {"type": "array", "items": {}}}}, ...),
    ],
)
def test_a_schema_comes_back_from_its_short_form(schema: Mapping[str, Any], short: Any) -> None:
    assert short is ... or shortened(schema) == short
    assert expanded(json.loads(written(shortened(schema)))) == schema


def test_a_schema_that_the_short_form_would_change_is_an_error() -> None:
    document = yaml.safe_load(DOCUMENT)
    del document["components"]["schemas"]["Deal"]["type"]

    with pytest.raises(ValueError, match="short form loses"):
        extract.extract(document)


@each_extract
def test_the_extract_is_written_as_the_script_writes_it(path: Path) -> None:
    text = path.read_text("utf-8")
    facts = json.loads(text)

    assert text == written(facts) + "\n"
    assert max(map(len, text.splitlines())) <= WIDTH
    assert list(facts) == sorted(facts)
    assert all(list(methods) == sorted(methods) for methods in facts.values())


def schemas_in(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, Mapping):
        yield schema
        for part in schema.get("properties", {}).values():
            yield from schemas_in(part)
        for keyword in ("items", "additionalProperties"):
            yield from schemas_in(schema.get(keyword))
        for keyword in ("allOf", "oneOf", "anyOf"):
            for part in schema.get(keyword, []):
                yield from schemas_in(part)


def texts_in(sample: Any) -> set[str]:
    parts = sample.values() if isinstance(sample, dict) else sample
    if isinstance(sample, dict | list):
        return set().union(*map(texts_in, parts))
    return {sample} if isinstance(sample, str) else set()


def test_the_extract_holds_facts_and_no_prose() -> None:
    read = [operation for operation in READS.values() if "response" in operation.facts]

    assert read
    for operation in read:
        for schema in schemas_in(operation.response):
            assert schema.keys() <= KEYWORDS
        assert texts_in(operation.facts.get("sample")) <= {"", *extract.ZEROS.values()}
