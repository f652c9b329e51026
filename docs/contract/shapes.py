"""What a value of the contract looks like, whichever schemas the contract composes it of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """A value of the contract: all its schemas, compositions taken apart."""

    schemas: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, *schemas: Mapping[str, Any]) -> "Shape":
        """Return the shape of a value that each of the schemas describes."""
        return cls([part for schema in schemas for part in _parts(schema)])

    @property
    def types(self) -> set[str]:
        """The JSON types of the value; the contract hardly ever lists null among them."""
        types = {schema["type"] for schema in self.schemas if "type" in schema}
        # numbers out of a list, such as the flags 0 and 1, are whole
        whole = any("enum" in schema for schema in self.schemas) and "number" in types
        return types - {"number"} | {"integer"} if whole else types

    @property
    def formats(self) -> set[str]:
        """`date` and `date-time`, if the contract states them."""
        return {schema.get("format", "") for schema in self.schemas} & {"date", "date-time"}

    @property
    def properties(self) -> dict[str, "Shape"]:
        """The properties of an object, in the contract's order."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for schema in self.schemas:
            for name, part in schema.get("properties", {}).items():
                found.setdefault(name, []).append(part)
        return {name: Shape.of(*parts) for name, parts in found.items()}

    @property
    def items(self) -> "Shape":
        """What a list consists of."""
        return Shape.of(*(schema["items"] for schema in self.schemas if "items" in schema))

    @property
    def element(self) -> "Shape":
        """What a list consists of, or the value itself."""
        return self.items if self.items.schemas else self


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for composition in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(composition, []):
            yield from _parts(part)
