"""How the extract writes a schema and JSON, both as short as a diff allows."""

import json
import re
from typing import Any

WIDTH = 120
FILLED = {"enum", "sample"}
_IMPLIED = {"properties": "object", "items": "array"}


def shortened(schema: Any) -> Any:
    """Return a schema in its short form.

    `{"type": "string", "format": "date", "nullable": true}` becomes `"string(date)?"`. The types
    `object` and `array` are dropped where `properties` or `items` imply them.
    """
    if isinstance(schema, list):
        return [shortened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "type" in schema and schema.keys() <= {"type", "format", "nullable"}:
        form = f"({schema['format']})" if "format" in schema else ""
        return schema["type"] + form + ("?" if schema.get("nullable") else "")
    implied = {type_ for keyword, type_ in _IMPLIED.items() if keyword in schema}
    return {
        keyword: {name: shortened(part) for name, part in value.items()}
        if keyword == "properties"
        else shortened(value)
        for keyword, value in schema.items()
        if not (keyword == "type" and value in implied)
    }


def expanded(short: Any) -> Any:
    """Return the schema that `shortened` made short."""
    if isinstance(short, str):
        match = re.fullmatch(r"(\w+)(?:\(([\w-]+)\))?(\?)?", short)
        if match is None:
            raise ValueError(f"{short!r} is no type of the extract.")
        type_, form, nullable = match.groups()
        given = {"type": type_, "format": form, "nullable": nullable and True}
        return {keyword: value for keyword, value in given.items() if value}
    if not isinstance(short, dict):
        return short
    implied = next((type_ for keyword, type_ in _IMPLIED.items() if keyword in short), None)
    schema = {"type": implied, **short} if implied else dict(short)
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            schema[keyword] = expanded(schema[keyword])
    for keyword in ("allOf", "oneOf", "anyOf"):
        if keyword in schema:
            schema[keyword] = [expanded(part) for part in schema[keyword]]
    if "properties" in schema:
        schema["properties"] = {key: expanded(part) for key, part in schema["properties"].items()}
    return schema


def written(facts: Any, indent: str = "", key: str = "", *, filled: bool = False) -> str:
    """Return JSON text: a value takes one line if it fits, else each of its parts starts one.

    Below the keys `sample` and `enum`, short parts share a line.
    """
    start = f"{json.dumps(key)}: " if key else ""
    line = start + json.dumps(facts, ensure_ascii=False)
    if len(indent) + len(line) < WIDTH or not isinstance(facts, dict | list):
        return line
    inner, filled = indent + " ", filled or key in FILLED
    if isinstance(facts, list):
        parts = [written(part, inner, filled=filled) for part in facts]
    else:
        parts = [written(part, inner, name, filled=filled) for name, part in facts.items()]
    lines = _fill(parts, WIDTH - len(inner)) if filled else parts
    opening, closing = "[]" if isinstance(facts, list) else "{}"
    return f"{start}{opening}\n{inner}" + f",\n{inner}".join(lines) + f"\n{indent}{closing}"


def _fill(parts: list[str], width: int) -> list[str]:
    lines: list[str] = []
    for part in parts:
        if lines and "\n" not in lines[-1] + part and len(lines[-1]) + len(part) < width - 2:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return lines
