"""Generates parts of the docs from manifest, schemas, and metadata: `make docs`.

Each generated part stands between `<!-- generated: name -->` and `<!-- end -->`, and is written by
the function of that name in `PARTS`. A test fails when a page differs from its source.
"""

# ruff: noqa: INP001 - a script in a folder of texts, not a package
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from jinja2 import ChainableUndefined, Template

from source_pipedrive.config import specification
from unit_tests import catalog
from unit_tests.contract.operations import of_stream

ROOT = Path(__file__).parent.parent
REFERENCE = "https://developers.pipedrive.com/docs/api/v1/"
PAGES = [ROOT / "README.md", *sorted(Path(__file__).parent.glob("*.md"))]

_JOIN = re.compile(r"(?:joins?|keyed by) `(\w+)\.(\w+)`")
# nearly every stream joins these: with them, the diagram would show little else
_EVERYWHERE = {"users": "id", "currencies": "code"}
_CONNECTION_FAILURES = {
    "NameResolutionError": "DNS failure",
    "SSLError": "TLS failure",
    "Timeout": "timeout",
    "Exception": "other connection failure",
}


class Stream:
    """What the docs say about a stream, from its resolved definition in the manifest."""

    def __init__(self, name: str) -> None:
        definition = catalog.resolved(name)
        self.name = name
        self.parameters: Mapping[str, Any] = definition["$parameters"]
        self.retriever: Mapping[str, Any] = definition["retriever"]
        self.router: Mapping[str, Any] = self.retriever.get("partition_router", {})
        self.primary_key = catalog.primary_key(name)
        self.cursor = catalog.cursor_field(name)
        self.schema = catalog.schema(name)

    @property
    def sync_modes(self) -> str:
        return "full refresh, incremental" if self.cursor else "full refresh"

    @property
    def key(self) -> str:
        return ", ".join(f"`{column}`" for column in self.primary_key)

    @property
    def needs(self) -> str:
        default = "those of the field streams" if self._entities else "`webhook_inbox`"
        return str(self.parameters.get("needs", default))

    @property
    def link(self) -> str:
        pages = [operation.page for operation in of_stream(self.name)]
        return f"[API]({REFERENCE}{pages[0]})" if pages else ""

    @property
    def parent(self) -> str | None:
        """The parent stream, if this is a child stream."""
        if self.router.get("type") != "CustomPartitionRouter":
            return None
        return str(self._setting("parent"))

    @property
    def token_cost(self) -> str:
        """Tokens per thousand rows, per parent record, or per sync."""
        if self._entities:
            return f"{sum(STREAMS[one].tokens() for one in self._entities)} per sync"
        if "path" not in self.parameters:
            return "0"
        if self.parent:
            group = self._setting("group_size", 1)
            return f"{self.tokens()} per {group if group > 1 else 'row'} of `{self.parent}`"
        if self._setting("paging", "none") == "none":
            values = self.router.get("values", [""])
            return f"{self.tokens() * len(values)} per sync"
        pages = -(-1000 // int(self._setting("page_size", 500)))
        live, archived = self.tokens("live") * pages, self.tokens("archived") * pages
        further = f", archived {archived}" if archived != live else ""
        return f"{live} per 1,000 rows{further}"

    def tokens(self, of: str = "live") -> int:
        """Tokens that one request costs."""
        template = Template(self.parameters["path"], undefined=ChainableUndefined)
        path = template.render(stream_partition=defaultdict(lambda: "1", list=of))
        prices = catalog.MANIFEST["definitions"]["prices"]
        return next(int(tokens) for part, tokens in prices.items() if re.match(part, path))

    @property
    def _entities(self) -> Sequence[str]:
        """The field streams that this stream combines."""
        return list(self.retriever.get("entities", {}).values())

    def _setting(self, name: str, default: Any = None) -> Any:
        # as in the CDK, `$parameters` fill in what a component does not set
        for place in (self.router, self.retriever, self.parameters):
            if name in place:
                return place[name]
        return default

    @property
    def tolerated(self) -> Sequence[Mapping[str, Any]]:
        """The error rules that end in a warning instead of an error."""
        handler = self.retriever.get("requester", {}).get("error_handler", {})
        given: Sequence[Mapping[str, Any]] = handler.get("tolerated") or self.parameters.get(
            "tolerated", []
        )
        return given

    @property
    def joins(self) -> Iterator["Join"]:
        """Yield each join that the description of a column names."""
        for column, part in _properties(self.schema):
            several = "array" in part.get("type", []) or "[]" in column
            for other, target in _JOIN.findall(part.get("description", "")):
                yield Join(column, several, other, target)


class Join(NamedTuple):
    """A column that contains values of `other.target`; `several` if it is a list of them."""

    column: str
    several: bool
    other: str
    target: str


def _properties(
    schema: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every property at every depth: `org_id`, `value.currency`, `prices[].currency`."""
    for name, part in schema.get("properties", {}).items():
        yield path + name, part
        yield from _properties(part, f"{path}{name}.")
        yield from _properties(part.get("items", {}), f"{path}{name}[].")


STREAMS = {name: Stream(name) for name in catalog.STREAMS}


def _suggested() -> set[str]:
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text("utf-8"))
    return set(metadata["data"]["suggestedStreams"]["streams"])


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _settings() -> Mapping[str, Mapping[str, Any]]:
    spec = specification()
    return dict(sorted(spec["properties"].items(), key=lambda one: int(one[1]["order"])))


def _default(name: str, setting: Mapping[str, Any]) -> str:
    if name in specification()["required"]:
        return "*required*"
    return _code(str(setting["default"]).lower()) if "default" in setting else ""


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def settings() -> str:
    """The settings, one row each."""
    return _table(
        ["Setting", "Default", "Description"],
        [
            [_code(name), _default(name, setting), setting["description"]]
            for name, setting in _settings().items()
        ],
    )


def fields() -> str:
    """The settings as Airbyte's form shows them."""
    blocks = []
    for name, setting in _settings().items():
        kind = f" ({default})" if (default := _default(name, setting)) else ""
        line = f"- **{setting['title']}**{kind}: {setting['description']}"
        blocks += [f'<FieldAnchor field="{name}">', line, "</FieldAnchor>"]
    return "\n\n".join(blocks)


def streams() -> str:
    """All streams with their token costs and permissions."""
    suggested = _suggested()
    return _table(
        ["Stream", "Each row", "Sync modes", "Cursor", "Primary key", "Tokens", "Requires", "API"],
        [
            [
                _code(one.name) + (" •" if one.name in suggested else ""),
                one.schema["description"],
                one.sync_modes,
                _code(one.cursor),
                one.key,
                one.token_cost,
                one.needs,
                one.link,
            ]
            for one in STREAMS.values()
        ],
    )


def supported() -> str:
    """All streams in the form of Airbyte's documentation."""
    return _table(
        ["Stream", "Sync modes", "Cursor", "Primary key", "API"],
        [
            [_code(one.name), one.sync_modes, _code(one.cursor), one.key, one.link]
            for one in STREAMS.values()
        ],
    )


def diagram() -> str:
    """The streams and their joins as a Mermaid ER diagram."""
    lines: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
    for stream in STREAMS.values():
        for column, several, other, _ in stream.joins:
            names_itself = other == stream.name and "." in column
            if other not in _EVERYWHERE and not names_itself:
                lines[stream.name, "}o--o{" if several else "}o--o|", other][column] = None
    related = {name for one, _, other in lines for name in (one, other)}
    text = ["```mermaid", "erDiagram"]
    for name in filter(related.__contains__, STREAMS):
        stream = STREAMS[name]
        keys = [f"{_type(stream.schema['properties'][key])} {key} PK" for key in stream.primary_key]
        text += [f"    {name} {{", *(f"        {key}" for key in keys), "    }"]
    for (one, kind, other), columns in lines.items():
        text.append(f'    {one} {kind} {other} : "{", ".join(columns)}"')
    return "\n".join([*text, "```"])


def _type(part: Mapping[str, Any]) -> str:
    return next(str(one) for one in part["type"] if one != "null")


def joined_everywhere() -> str:
    """The joins to `users` and `currencies`, which the diagram omits."""
    rows = []
    for stream in STREAMS.values():
        joins = [
            ", ".join(_code(join.column) for join in stream.joins if join[2:] == target)
            for target in _EVERYWHERE.items()
        ]
        if any(joins):
            rows.append([_code(stream.name), *joins])
    return _table(["Stream", *(f"joins `{a}.{b}`" for a, b in _EVERYWHERE.items())], rows)


def error_rules() -> str:
    """Symptom, cause, and fix of each error rule."""
    rules = yaml.safe_load((catalog.PACKAGE / "api" / "errors.yaml").read_text())
    return _table(["Symptom", "Cause", "Fix", "Effect"], map(_error_rule, rules))


def _error_rule(rule: Mapping[str, Any]) -> list[str]:
    *cause, fix = _sentences(rule["message"])
    return [_symptom(rule), " ".join(cause), fix, _effect(rule)]


def _sentences(message: str) -> list[str]:
    plain = re.sub(r" \((?:\d+|\{\w+\}|, )+\)", "", message)
    for placeholder, words in {
        "Stream {stream}": "The stream",
        "{stream}": "the stream",
        "{needs}": "the permission in the [table of streams](streams.md#streams)",
        "{said}": "broken JSON, an HTML page, or `null`",
        "{status}": "any status",
    }.items():
        plain = plain.replace(placeholder, words)
    return re.split(r"(?<=\.) (?=[A-Z`])", plain[0].upper() + plain[1:])


def _symptom(row: Mapping[str, Any]) -> str:
    if "exception" in row:
        return ", ".join(_CONNECTION_FAILURES[one] for one in row["exception"])
    if row.get("malformed"):
        return "200 without data"
    status = ", ".join(map(str, row.get("status", []))) or "any other error"
    if row.get("html"):
        return f"{status} with an HTML page"
    if row.get("daily"):
        return f"{status} without daily tokens"
    return f"{status} `{row['contains']}`" if "contains" in row else status


def _effect(rule: Mapping[str, Any]) -> str:
    if rule["action"] == "RETRY":
        return "retried"
    scope = "sync" if rule.get("account") else "stream"
    later = "; a later sync may succeed" if rule["failure_type"] == "transient_error" else ""
    return f"the {scope} fails{later}"


def tolerated() -> str:
    """The error rules that end in a warning, with their streams."""
    groups: dict[str, tuple[Mapping[str, Any], list[str]]] = {}
    for stream in STREAMS.values():
        for row in stream.tolerated:
            groups.setdefault(row["message"], (row, []))[1].append(f"`{stream.name}`")
    return _table(
        ["Streams", "Symptom", "Log"],
        [
            [", ".join(names), _symptom(row), " ".join(_sentences(message))]
            for message, (row, names) in groups.items()
        ],
    )


PARTS: Mapping[str, Callable[[], str]] = {
    part.__name__: part
    for part in (
        settings,
        fields,
        streams,
        supported,
        diagram,
        joined_everywhere,
        error_rules,
        tolerated,
    )
}


def regenerated(text: str) -> str:
    """Return a page with its generated parts replaced by new ones."""
    return re.sub(
        r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(regenerated(page.read_text("utf-8")), "utf-8")
