"""Pipedrive's operations as the extract of its OpenAPI files has them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docs.contract.notation import expanded
from docs.contract.shapes import Shape
from source_pipedrive.protocol.manifest import packaged_streams

EXTRACTS = [Path(__file__).parent / f"{version}.json" for version in ("v1", "v2")]
#: The streams that no operation lists.
WITHOUT_OPERATION = {
    "field_options": "the options of the field definitions that other streams read",
    "events": "the inbox of webhooks",
}

_ENVELOPE = {"object", "timestamp", "data"}


@dataclass(frozen=True)
class Operation:
    """One operation of the API: `GET /api/v2/deals`."""

    method: str
    path: str
    facts: Mapping[str, Any]

    @property
    def cost(self) -> int:
        """The tokens that one call costs."""
        return int(self.facts["cost"])

    @property
    def page(self) -> str:
        """Its page in https://developers.pipedrive.com/docs/api/v1/."""
        return f"{self.facts['tag']}#{self.facts['id']}"

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of OAuth that open it; one of them is enough."""
        return frozenset(self.facts["scopes"])

    @property
    def query(self) -> dict[str, dict[str, Any]]:
        """Its query parameters: schema, and what else the contract says of each."""
        found = {name: expanded(short) for name, short in self.facts["parameters"].items()}
        return {name: given for name, given in found.items() if "in" not in given}

    @property
    def include_fields(self) -> set[str]:
        """The further properties that it sends on request."""
        choices = self.query.get("include_fields", {}).get("enum", [])
        return {name for choice in choices for name in choice.split(",")}

    @property
    def response(self) -> dict[str, Any]:
        """The schema of a successful response."""
        return dict(expanded(self.facts["response"]))

    @property
    def record(self) -> Shape:
        """What one record of the response looks like."""
        data = Shape.of(self.response).properties["data"]
        data = data.properties.get("goals", data)  # the one list that is wrapped once more
        record = data.element
        # mail of a record: each message in an envelope
        return record.properties["data"] if set(record.properties) == _ENVELOPE else record

    @property
    def samples(self) -> list[dict[str, Any]]:
        """The shapes of the records in the contract's sample of a response."""
        data = self.facts.get("sample") or []
        records: list[dict[str, Any]]
        records = data.get("goals", [data]) if isinstance(data, dict) else data
        return [one["data"] if set(one) == _ENVELOPE else one for one in records]


OPERATIONS = [
    Operation(method, path, facts)
    for extract in EXTRACTS
    for path, methods in json.loads(extract.read_text("utf-8")).items()
    for method, facts in methods.items()
]
READS = {one.path: one for one in OPERATIONS if one.method == "get"}
_BY_PATTERN = {re.sub(r"\{\w+\}", "{}", path): read for path, read in READS.items()}


def of_stream(stream: str) -> list[Operation]:
    """Return the operations whose records a stream holds: one for each list that it reads."""
    if stream in WITHOUT_OPERATION:
        return []
    spec = packaged_streams()[stream]
    # without a parent's id, a path is `v1/deals//changelog`
    paths = [spec.path_for({}, {"list": one}) for one in ("live", "archived")]
    patterns = dict.fromkeys("/" + path.partition("?")[0].replace("//", "/{}/") for path in paths)
    return [_read(stream, pattern) for pattern in patterns]


def _read(stream: str, pattern: str) -> Operation:
    if pattern not in _BY_PATTERN:
        raise LookupError(
            f"Stream {stream} reads {pattern}, which the contract does not have. "
            "Correct its path, or extract newer OpenAPI files (docs/contract/README.md)."
        )
    return _BY_PATTERN[pattern]
