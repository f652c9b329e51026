"""The schemas of the streams against the contract: every property, with an agreeing type."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft7Validator

from docs.contract.operations import Operation, of_stream
from docs.contract.shapes import Shape
from source_pipedrive.conformance.conformer import Conformer
from unit_tests.schemas.exceptions import ADDITIONS, CONVERTED, WIDENED
from unit_tests.schemas.reading import STREAMS, properties_of, schema_of


def values_of(records: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    """Return the objects that the records have under a name, alone or in lists."""
    found = [record.get(name) for record in records]
    flat = [part for value in found for part in (value if isinstance(value, list) else [value])]
    return [value for value in flat if isinstance(value, dict)]


def agreeing(their_type: str, our_types: set[str], name: str) -> str:
    """The type that a property has for a type of the contract, if it is converted on purpose."""
    for ours in our_types:
        if re.search(CONVERTED.get((their_type, ours), "^$"), name):
            return ours
    return their_type


def differences(shape: Shape, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield where a schema falls short of the contract, at every depth."""
    names = list(properties_of(schema))
    shared = [name for name in shape.properties if name in names]
    yield from (f"{path}.{name} is missing" for name in shape.properties if name not in names)
    if [name for name in names if name in shared] != shared:
        yield f"{path} is not in the contract's order"
    for name in shared:
        ours, theirs, here = properties_of(schema)[name], shape.properties[name], f"{path}.{name}"
        for part, their_part in ((ours, theirs), (ours.get("items", {}), theirs.items)):
            our_types = set(part.get("type", [])) - {"null"}
            their_types = {agreeing(one, our_types, name) for one in their_part.types}
            covered = our_types | ({"integer"} if "number" in our_types else set())
            if not their_types <= covered:
                yield f"{here} is {their_types} in the contract"
            if their_types and not our_types <= their_types and here not in WIDENED:
                yield f"{here} is only {their_types} in the contract"
            if not their_part.formats <= {part.get("format")}:
                yield f"{here} is a {their_part.formats} in the contract"
        yield from differences(theirs.element, ours, here)


def undeclared(
    samples: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], path: str
) -> Iterator[str]:
    """Yield what the samples carry and the schema does not list, where it lists anything."""
    properties = properties_of(schema)
    for name in {name for sample in samples for name in sample} if properties else ():
        if name not in properties:
            yield f"{path}.{name}"
        else:
            yield from undeclared(values_of(samples, name), properties[name], f"{path}.{name}")


def additions(
    shape: Shape, samples: Sequence[Mapping[str, Any]], schema: Mapping[str, Any], path: str
) -> Iterator[str]:
    """Yield what the schema lists and neither the contract's schemas nor its samples have."""
    for name, prop in properties_of(schema).items():
        theirs = shape.properties.get(name, Shape([]))
        if name not in shape.properties and not any(name in sample for sample in samples):
            yield f"{path}.{name}"
        else:
            values = values_of(samples, name)
            yield from additions(theirs.element, values, prop, f"{path}.{name}")


each_operation = pytest.mark.parametrize(
    ("stream", "operation"),
    [
        pytest.param(stream, operation, id=f"{stream}-{operation.path}")
        for stream in STREAMS
        for operation in of_stream(stream)
    ],
)


@each_operation
def test_every_property_of_the_contract_is_there_with_an_agreeing_type(
    stream: str, operation: Operation
) -> None:
    assert list(differences(operation.record, schema_of(stream), stream)) == []


@each_operation
def test_every_property_that_include_fields_can_ask_for_is_there(
    stream: str, operation: Operation
) -> None:
    assert operation.include_fields <= schema_of(stream)["properties"].keys()


@each_operation
def test_samples_of_the_contract_fit_and_hold_nothing_undeclared(
    stream: str, operation: Operation
) -> None:
    samples = operation.samples

    assert samples
    assert list(undeclared(samples, schema_of(stream), stream)) == []
    for sample in map(deepcopy, samples):
        assert Conformer(schema_of(stream)).conform(sample) == {}
        Draft7Validator(schema_of(stream)).validate(sample)


def test_every_addition_to_the_contract_has_a_reason() -> None:
    found = set()
    for stream in STREAMS:
        for operation in of_stream(stream)[:1]:
            on_request = {f"{stream}.{name}" for name in operation.include_fields}
            shape, samples = operation.record, operation.samples
            found |= set(additions(shape, samples, schema_of(stream), stream)) - on_request

    assert found == ADDITIONS.keys()


def test_every_wider_type_is_still_wider() -> None:
    for path in WIDENED:
        stream, *steps = path.split(".")
        shape, schema = of_stream(stream)[0].record, schema_of(stream)
        for step in steps:
            shape, schema = shape.properties[step], properties_of(schema)[step]

        assert set(schema["type"]) - {"null"} != shape.types
