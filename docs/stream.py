"""What the docs say about each stream: from its entry in the manifest, and from its schema."""

# ruff: noqa: INP001 - a script in a folder of texts, not a package
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from docs.contract.operations import of_stream
from source_pipedrive.api.rate_limits import TokenBudget
from source_pipedrive.protocol.manifest import (
    packaged_manifest,
    packaged_schema,
    packaged_streams,
)
from source_pipedrive.streams.stream_spec import StreamSpec

REFERENCE = "https://developers.pipedrive.com/docs/api/v1/"

_JOIN = re.compile(r"(?:joins?|keyed by) `(\w+)\.(\w+)`")
_BUDGET = TokenBudget(packaged_manifest()["definitions"]["token_costs"], reserve_percent=0)


class Stream:
    """A stream, its columns, its token cost, and what it requires."""

    def __init__(self, spec: StreamSpec) -> None:
        self.spec = spec
        self.name = spec.name
        self.cursor = spec.incremental.cursor_field if spec.incremental else None
        self.parent = spec.parents.parent if spec.parents else None
        self.schema = _resolved(packaged_schema(spec.name))

    @property
    def sync_modes(self) -> str:
        return "full refresh, incremental" if self.cursor else "full refresh"

    @property
    def key(self) -> str:
        return ", ".join(f"`{column}`" for column in self.spec.primary_key)

    @property
    def needs(self) -> str:
        default = "those of the field streams" if self.spec.entities else "`webhook_inbox`"
        return self.spec.needs or default

    @property
    def page(self) -> str:
        """The address of its operation in Pipedrive's reference, or an empty text."""
        pages = [operation.page for operation in of_stream(self.name)]
        return f"{REFERENCE}{pages[0]}" if pages else ""

    @property
    def token_cost(self) -> str:
        """Tokens per thousand rows, per parent record, or per sync."""
        if self.spec.entities:
            return f"{sum(STREAMS[one].tokens() for one in self.spec.entities.values())} per sync"
        if not self.spec.requester:
            return "0"
        if parents := self.spec.parents:
            group = parents.group_size if parents.group_size > 1 else "row"
            return f"{self.tokens()} per {group} of `{parents.parent}`"
        if self.spec.paging == "none":
            values = self.spec.router["values"] if self.spec.router else [""]
            return f"{self.tokens() * len(values)} per sync"
        pages = -(-1000 // self.spec.page_size)
        live, archived = self.tokens("live") * pages, self.tokens("archived") * pages
        further = f", archived {archived}" if archived != live else ""
        return f"{live} per 1,000 rows{further}"

    def tokens(self, of: str = "live") -> int:
        """Tokens that one request costs."""
        partition = {self.spec.parents.parent_key: "1"} if self.spec.parents else {"list": of}
        return _BUDGET.cost_of(f"/{self.spec.path_for({}, partition)}")

    @property
    def columns(self) -> Iterator["Column"]:
        """Yield each column, followed by the keys within it: `value`, `value.currency`."""
        return _columns(self.schema)

    @property
    def joins(self) -> Iterator["Join"]:
        """Yield each join that the description of a column names."""
        for column in self.columns:
            several = "array" in column.types or "[]" in column.name
            for other, target in _JOIN.findall(column.description):
                yield Join(column.name, several, other, target)


class Column(NamedTuple):
    """A column, or a key within one: `org_id`, `value.currency`, `prices[].currency`."""

    name: str
    part: Mapping[str, Any]

    @property
    def description(self) -> str:
        return str(self.part["description"])

    @property
    def types(self) -> Sequence[str]:
        return [one for one in self.part["type"] if one != "null"]


class Join(NamedTuple):
    """A column that contains values of `other.target`; `several` if it is a list of them."""

    column: str
    several: bool
    other: str
    target: str


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def code(text: str | None) -> str:
    """Return a text as code in Markdown, or an empty one."""
    return f"`{text}`" if text else ""


def _columns(schema: Mapping[str, Any], path: str = "") -> Iterator[Column]:
    for name, part in schema.get("properties", {}).items():
        yield Column(path + name, part)
        yield from _columns(part, f"{path}{name}.")
        yield from _columns(part.get("items", {}), f"{path}{name}[].")


def _resolved(part: Any) -> Any:
    """Return a schema with its shared parts in place of the references to them."""
    if isinstance(part, list):
        return [_resolved(one) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _resolved(_shared(part["$ref"]))
    return {name: _resolved(one) for name, one in part.items()}


@cache
def _shared(file: str) -> Any:
    folder = resources.files("source_pipedrive") / "schemas" / "shared"
    return json.loads((folder / file).read_text("utf-8"))


STREAMS = {name: Stream(spec) for name, spec in packaged_streams().items()}
