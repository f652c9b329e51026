"""Any JSON in place of any value: the row still fits the declared schema of its stream."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from docs.contract.operations import of_stream
from source_pipedrive.conformance.conformer import Conformer, NulledRow, nulled
from unit_tests.schemas.reading import STREAMS, schema_of

Path = tuple[str | int, ...]

ODD_TEXTS = " |x|0000-00-00 00:00:00|2024-05-01|2024-05-01 10:00:00|09:30|12.5|true|1"
ODD_OTHERS = [0, 1, -1, 2**63, 1e29, 1e308, True, {"id": 7}, {"value": 7}, [None], {}, []]
ODD_VALUES = st.sampled_from(["", *ODD_TEXTS.split("|"), *ODD_OTHERS])
JSON = ODD_VALUES | st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "value", "name"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def sample_of(stream: str) -> dict[str, Any]:
    """A row as the contract shows it, with every declared property; null where it has no value."""
    row = dict.fromkeys(schema_of(stream)["properties"])
    for operation in of_stream(stream):
        for sample in operation.samples:
            row |= {name: value for name, value in sample.items() if value is not None}
    return deepcopy(row)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a value, at every depth."""
    children: Any = value.items() if isinstance(value, dict) else ()
    children = enumerate(value) if isinstance(value, list) else children
    for key, child in children:
        yield (*path, key)
        yield from paths(child, (*path, key))


def put(row: dict[str, Any], path: Path, value: Any) -> None:
    *parents, last = path
    place: Any = row
    for step in parents:
        place = place[step]
    place[last] = value


def written(path: Path) -> str:
    """A place as `meta.changes` names it."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(steps).removeprefix(".")


def nulls(value: Any) -> set[str]:
    found = set()
    for path in paths(value):
        place = value
        for step in path:
            place = place[step]
        if place is None:
            found.add(written(path))
    return found


@pytest.mark.parametrize("stream", STREAMS)
@settings(max_examples=60)
@given(data=st.data())
def test_every_row_fits_its_schema_and_names_what_is_null(stream: str, data: Any) -> None:
    schema = schema_of(stream)
    row = sample_of(stream)
    put(row, data.draw(st.sampled_from(list(paths(row)))), data.draw(JSON))
    given_row = deepcopy(row)

    parts = Conformer(schema).conform(row)

    Draft7Validator(schema, format_checker=FormatChecker()).validate(row)
    assert row.keys() == given_row.keys()
    assert parts.keys() <= nulls(row)
    # what is null without a word was empty before
    for path in nulls(row) - parts.keys() - nulls(given_row):
        assert is_empty_at(given_row, path), path


def is_empty_at(row: Any, path: str) -> bool:
    for other in paths(row):
        if written(other) == path:
            value = row
            for step in other:
                value = value[step]
            return isinstance(value, str) and (value.startswith("0000-00-00") or not value.strip())
    return False


def test_what_is_null_inside_of_a_value_is_named_by_its_place() -> None:
    conformer = Conformer(schema_of("persons"))
    emails = [{"value": "a@b.example", "primary": True}, {"value": "c", "primary": "perhaps"}]
    row = {"id": 1, "org_id": "none", "emails": emails, "label_ids": [1, "x"]}

    (conformed,) = conformer.rows([row])

    assert isinstance(conformed, NulledRow)
    assert conformed.parts == {
        "org_id": "text",
        "emails[1].primary": "text",
        "label_ids[1]": "text",
    }
    assert conformed["emails"][1] == {"value": "c", "primary": None}
    assert conformed["label_ids"] == [1, None]


def test_a_row_that_fits_stays_the_same_object() -> None:
    row = {"id": 1, "name": "Ada", "an_undeclared_key": {"of": ["any", "shape"]}}

    (conformed,) = Conformer(schema_of("persons")).rows([row])

    assert conformed is row


def test_further_nulls_are_added_to_the_first_ones() -> None:
    row = nulled(nulled({"a": None}, {"a": "text"}), {"b": "number"})

    assert row.parts == {"a": "text", "b": "number"}
