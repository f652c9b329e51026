"""The schemas of the streams follow one style: draft 07, nullable, described, typed times."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from unit_tests.schemas.reading import (
    SCHEMAS,
    STREAMS,
    every_property,
    properties_of,
    schema_of,
)

TIMES = re.compile(r"(_time|_timestamp|_at)$|^(time|timestamp|created|modified|last_login)$")
TIMES_OF_DAY = {"due_time", "next_activity_time"}
# of a participant of a mail: a number of milliseconds
NOT_TIMES = {"message_time"}
AIRBYTE_TYPES = {
    None: None,
    "date": None,
    "date-time": "timestamp_with_timezone",
    "time": "time_without_timezone",
}
KEYWORDS = {
    "type",
    "description",
    "format",
    "airbyte_type",
    "contentMediaType",
    "additionalProperties",
    "properties",
    "items",
}

each_stream = pytest.mark.parametrize("stream", STREAMS)


def parts_of(prop: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the property itself and, of a list, what it is a list of."""
    return [prop, prop["items"]] if "items" in prop else [prop]


def name_in(path: str) -> str:
    return path.rpartition(".")[2]


@each_stream
def test_is_valid_draft_07(stream: str) -> None:
    schema = schema_of(stream)

    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)


@each_stream
def test_root_says_what_one_record_is(stream: str) -> None:
    schema = schema_of(stream)

    assert list(schema) == [
        "$schema",
        "title",
        "description",
        "type",
        "additionalProperties",
        "properties",
    ]
    assert re.fullmatch(r"[A-Z][a-z]+( [a-z]+)*", schema["title"])
    assert re.fullmatch(r"[A-Z].*[^.]\.", schema["description"])
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is True


@each_stream
def test_every_property_has_one_type_or_null_and_is_described(stream: str) -> None:
    wrong = [
        path
        for path, prop in every_property(schema_of(stream), stream)
        if len(prop["type"]) != 2
        or any(part["type"][0] != "null" for part in parts_of(prop))
        or not re.fullmatch(r"[A-Z0-9`].*[^.]\.", prop.get("description", ""))
    ]

    assert wrong == []


@each_stream
def test_every_property_uses_known_keywords_and_formats(stream: str) -> None:
    wrong = [
        path
        for path, prop in every_property(schema_of(stream), stream)
        if not KEYWORDS.issuperset(prop)
        or prop.get("format") not in AIRBYTE_TYPES
        or prop.get("airbyte_type") != AIRBYTE_TYPES[prop.get("format")]
        or ("array" in prop["type"]) is not ("items" in prop)
    ]

    assert wrong == []


@each_stream
def test_every_object_lets_further_properties_pass(stream: str) -> None:
    wrong = [
        path
        for path, prop in every_property(schema_of(stream), stream)
        for part in parts_of(prop)
        if ("object" in part["type"]) is not (part.get("additionalProperties") is True)
    ]

    assert wrong == []


@each_stream
def test_no_description_only_repeats_the_name(stream: str) -> None:
    filler = {"a", "an", "the", "of", "in", "is", "to", "or", "and", "whether"}
    wrong = [
        path
        for path, prop in every_property(schema_of(stream), stream)
        if set(re.findall(r"[a-z0-9]+", prop["description"].lower()))
        <= filler | set(name_in(path).split("_"))
    ]

    assert wrong == []


def format_by_name(name: str, prop: Mapping[str, Any]) -> str | None:
    """The format that a property with such a name has."""
    if name in TIMES_OF_DAY:
        return "time"
    if TIMES.search(name) and not (name in NOT_TIMES and "number" in prop["type"]):
        return "date-time"
    return "date" if name.endswith("_date") and "string" in prop["type"] else None


@each_stream
def test_every_time_has_the_one_form_of_its_kind(stream: str) -> None:
    # a day, in an object whose name says so
    without_name = {"goals.duration.start", "goals.duration.end", "persons.birthday"}
    wrong = [
        path
        for path, prop in every_property(schema_of(stream), stream)
        if path not in without_name and prop.get("format") != format_by_name(name_in(path), prop)
    ]

    assert wrong == []


@each_stream
def test_every_flag_is_a_boolean(stream: str) -> None:
    wrong = [
        path
        for path, prop in every_property(schema_of(stream), stream)
        if re.search(r"(^is_|^has_|_flag$)", name_in(path))
        and "boolean" not in prop["type"]
        and name_in(path) != "mandatory_flag"  # which may be a condition
    ]

    assert wrong == []


@each_stream
def test_every_column_that_a_description_names_exists(stream: str) -> None:
    texts = [schema_of(stream)["description"]]
    texts += [prop["description"] for _, prop in every_property(schema_of(stream), stream)]
    named = re.findall(r"`([a-z_]+)\.([a-z_]+)`", " ".join(texts))

    assert [
        f"{other}.{column}"
        for other, column in named
        if other not in STREAMS or column not in properties_of(schema_of(other))
    ] == []


@pytest.mark.parametrize(
    "path",
    sorted(SCHEMAS.rglob("*.json")),
    ids=lambda path: path.relative_to(SCHEMAS).with_suffix("").as_posix(),
)
def test_a_property_without_parts_takes_one_line(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = re.findall(r'^ *("\w+": \{ .* \}),?$', text, re.MULTILINE)
    on_one_line = [json.loads(f"{{{line}}}") for line in lines]

    assert [
        name
        for name, prop in every_property(json.loads(text), path.stem)
        if "properties" not in prop.get("items", prop) and {name_in(name): prop} not in on_one_line
    ] == []


def test_every_shared_shape_is_used() -> None:
    text = "".join(path.read_text("utf-8") for path in SCHEMAS.rglob("*.json"))

    assert {path.name for path in (SCHEMAS / "shared").iterdir()} == set(
        re.findall(r'"\$ref": "([^"]+)"', text)
    )
