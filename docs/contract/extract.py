"""Write the facts of Pipedrive's OpenAPI files to `v1.json` and `v2.json` beside this script.

    python -m docs.contract.extract openapi-v1.yaml openapi-v2.yaml

Download the two files from https://developers.pipedrive.com/docs/api/v1/openapi.yaml and
https://developers.pipedrive.com/docs/api/v1/openapi-v2.yaml. `README.md` describes the result.
"""

import argparse
import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from docs.contract.notation import expanded, shortened, written

Json = dict[str, Any]

FOLDER = Path(__file__).parent
#: Keywords of a schema that carry the vendor's prose or sample values.
PROSE = {"description", "title", "example", "examples", "externalDocs"}
#: Paths whose write operations are extracted like reads: the connector registers webhooks.
WRITTEN = "/webhooks"
_DATE = r"\d{4}-\d\d-\d\d"
#: Sampled dates and times keep their notation, because the schemas do not state it.
ZEROS = {
    _DATE: "2000-01-01",
    rf"{_DATE} [\d:]+": "2000-01-01 00:00:00",
    rf"{_DATE}T[\d:.]+Z": "2000-01-01T00:00:00Z",
}


def extract(document: Mapping[str, Any]) -> Json:
    """Return the operations of an OpenAPI document, by path and method, both sorted."""
    prefix = urlsplit(document["servers"][0]["url"]).path
    paths: Json = {}
    for path, methods in sorted(document["paths"].items()):
        for method, operation in sorted(methods.items()):
            if "servers" not in operation:  # the login pages stand on a host of their own
                whole = method == "get" or path.startswith(WRITTEN)
                facts = _operation(document, operation, whole=whole)
                paths.setdefault(prefix + path, {})[method] = facts
    return paths


def _operation(document: Mapping[str, Any], operation: Mapping[str, Any], *, whole: bool) -> Json:
    facts: Json = {
        "tag": operation["tags"][0],
        "id": operation["operationId"],
        "cost": operation["x-token-cost"],
    }
    if operation.get("deprecated"):
        facts["deprecated"] = True
    if not whole:
        return facts
    for scheme in operation.get("security", []):
        if "oauth2" in scheme:
            facts["scopes"] = scheme["oauth2"]
    facts["parameters"] = dict(sorted(_parameters(document, operation)))
    if "requestBody" in operation:
        facts["body"] = _short(document, _content(operation["requestBody"])["schema"])
    code = next(code for code in operation["responses"] if code.startswith("2"))
    if response := _content(operation["responses"][code]):
        facts["response"] = _short(document, response["schema"])
        if "data" in (example := _example(response)):
            facts["sample"] = _sample(example["data"])
    return facts


def _content(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = node.get("content", {}).get("application/json", {})
    return found


def _example(response: Mapping[str, Any]) -> Mapping[str, Any]:
    named = [one["value"] for one in response.get("examples", {}).values()]
    found: Mapping[str, Any] = response.get("example") or next(iter(named), {})
    return found


def _parameters(
    document: Mapping[str, Any], operation: Mapping[str, Any]
) -> Iterator[tuple[str, Json]]:
    for parameter in operation.get("parameters", []):
        given = {"in": parameter["in"], "required": parameter.get("required", False)}
        usual = {"in": "query", "required": False}
        facts: Json = {key: value for key, value in given.items() if value != usual[key]}
        schema = parameter["schema"]
        default = {"default": schema["default"]} if "default" in schema else {}
        yield parameter["name"], shortened(facts | _schema(document, schema) | default)


def _short(document: Mapping[str, Any], node: Any) -> Any:
    schema = _schema(document, node)
    short = shortened(schema)
    if expanded(short) != schema:
        raise ValueError(f"The short form loses a part of this schema: {schema}")
    return short


def _schema(document: Mapping[str, Any], node: Any) -> Any:
    """Return a schema without prose, defaults, references, and avoidable compositions."""
    if isinstance(node, list):
        return [_schema(document, part) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _schema(document, target)
    return _merged(
        {
            keyword: {str(name): _schema(document, part) for name, part in value.items()}
            if keyword == "properties"
            else _schema(document, value)
            for keyword, value in node.items()
            if keyword not in PROSE | {"default"} and not keyword.startswith("x-")
        }
    )


def _merged(schema: Json) -> Json:
    """Return one object for an `allOf` of objects that agree on each property of one name."""
    parts = [{key: value for key, value in schema.items() if key != "allOf"}]
    parts = [part for part in (*parts, *schema.get("allOf", [])) if part]
    properties: Json = {}
    for part in parts:
        for name, value in part.get("properties", {}).items():
            if properties.setdefault(name, value) != value:
                return schema
    if len(parts) > 1 and all(part.keys() <= {"type", "properties"} for part in parts):
        return {"type": "object", "properties": properties}
    return parts[0] if len(parts) == 1 else schema


def _sample(value: Any) -> Any:
    """Return the shape of a sample: its keys and JSON types, without its values.

    Parts of a list that have one shape become one.
    """
    if isinstance(value, dict):
        return {str(name): _sample(part) for name, part in value.items()}
    if isinstance(value, list):
        shapes = [_sample(part) for part in value]
        return [shape for place, shape in enumerate(shapes) if not _holds(shapes[:place], shape)]
    if isinstance(value, str | dt.date):
        return next((zero for known, zero in ZEROS.items() if re.fullmatch(known, str(value))), "")
    if isinstance(value, float):
        return 0 if value.is_integer() else 0.5
    return None if value is None else type(value)()


def _holds(shapes: Sequence[Any], shape: Any) -> bool:
    # `False == 0` in Python, so compare the text
    return json.dumps(shape) in map(json.dumps, shapes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Extract the OpenAPI files that the command line names."""
    parser = argparse.ArgumentParser(description="Extract the facts of Pipedrive's OpenAPI files.")
    parser.add_argument("files", nargs="+", type=Path, metavar="openapi.yaml")
    parser.add_argument("--into", type=Path, default=FOLDER, help="folder of the extracts")
    options = parser.parse_args(arguments)
    for file in options.files:
        facts = extract(yaml.load(file.read_bytes(), yaml.CSafeLoader))
        version = next(iter(facts)).removeprefix("/api").split("/")[1]
        (options.into / f"{version}.json").write_text(written(facts) + "\n", "utf-8")


if __name__ == "__main__":
    main()
