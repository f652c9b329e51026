"""Generates parts of the docs from manifest, schemas, and metadata: `make docs`.

Each generated part stands between `<!-- generated: name -->` and `<!-- end -->`, and is written by
the function of that name in `PARTS`. A test fails when a page differs from its source.
"""

# ruff: noqa: INP001 - a script in a folder of texts, not a package
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from docs import compat, official
from docs.contract.operations import of_stream
from docs.tombstones import tombstones
from source_pipedrive.api.error_rules import ErrorRule
from source_pipedrive.api.error_rules import error_rules as rules_of_api
from source_pipedrive.api.rate_limits import TokenBudget
from source_pipedrive.config import specification
from source_pipedrive.protocol.manifest import (
    SUGGESTED_STREAMS,
    packaged_manifest,
    packaged_schema,
    packaged_streams,
)
from source_pipedrive.streams.stream_spec import StreamSpec

ROOT = Path(__file__).parent.parent
REFERENCE = "https://developers.pipedrive.com/docs/api/v1/"
PAGES = [ROOT / "README.md", *sorted(Path(__file__).parent.glob("*.md"))]

_JOIN = re.compile(r"(?:joins?|keyed by) `(\w+)\.(\w+)`")
# nearly every stream joins these: with them, the diagram would show little else
_EVERYWHERE = {"users": "id", "currencies": "code"}
_CONNECTION_FAILURES = {
    "ResponseTooLargeError": "very large response",
    "ProxyError": "proxy failure",
    "NameResolutionError": "DNS failure",
    "NewConnectionError": "refused connection",
    "ConnectTimeout": "no connection in time",
    "SSLError": "TLS failure",
    "Timeout": "timeout",
    "ConnectionError": "connection failure",
    "Exception": "response that breaks off",
}


_BUDGET = TokenBudget(packaged_manifest()["definitions"]["token_costs"], reserve_percent=0)


class Stream:
    """What the docs say about a stream, from its entry in the manifest."""

    def __init__(self, spec: StreamSpec) -> None:
        self.spec = spec
        self.name = spec.name
        self.cursor = spec.incremental.cursor_field if spec.incremental else None
        self.parent = spec.parents.parent if spec.parents else None
        self.schema = packaged_schema(spec.name)

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
    def link(self) -> str:
        pages = [operation.page for operation in of_stream(self.name)]
        return f"[API]({REFERENCE}{pages[0]})" if pages else ""

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


STREAMS = {name: Stream(spec) for name, spec in packaged_streams().items()}


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _in_order(properties: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return dict(sorted(properties.items(), key=lambda one: int(one[1]["order"])))


def _field(name: str, setting: Mapping[str, Any], required: Collection[str]) -> str:
    default = _code(str(setting["default"]).lower()) if "default" in setting else ""
    kind = "*required*" if name in required else default
    return f"- **{setting['title']}**{f' ({kind})' if kind else ''}: {setting['description']}"


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def fields() -> str:
    """The settings as Airbyte's form shows them."""
    blocks = []
    spec = specification()
    for name, setting in _in_order(spec["properties"]).items():
        lines = [_field(name, setting, spec["required"])]
        for option in setting.get("oneOf", []):
            lines.append(f"  - {option['title']}")
            lines += [
                f"    {_field(inner, field, option['required'])}"
                for inner, field in _in_order(option["properties"]).items()
                if "const" not in field
            ]
        blocks += [f'<FieldAnchor field="{name}">', "\n".join(lines), "</FieldAnchor>"]
    return "\n\n".join(blocks)


def streams() -> str:
    """All streams with their token costs and permissions."""
    suggested = set(SUGGESTED_STREAMS)
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
        keys = [
            f"{_type(stream.schema['properties'][key])} {key} PK" for key in stream.spec.primary_key
        ]
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
    rules = [rule for rule in rules_of_api() if not rule.tolerated_as]
    return _table(["Symptom", "Cause", "Fix", "Effect"], map(_error_rule, rules))


def _error_rule(rule: ErrorRule) -> list[str]:
    *cause, fix = _sentences(rule.message)
    return [_symptom(rule), " ".join(cause), fix, _effect(rule)]


def _sentences(message: str) -> list[str]:
    plain = re.sub(r" \((?:\d+|\{\w+\}|, )+\)", "", message)
    for placeholder, words in {
        "Stream {stream}": "The stream",
        "{stream}": "the stream",
        "{needs}": "the permission in the [table of streams](streams.md#streams)",
        "{scopes}": "the scope in the [table of streams](streams.md#streams)",
        "{owner}": "the owner of the API key",
        "{address}": "`api_url`",
        "The proxy {said}": "The proxy",
        "{said}": "broken JSON, an HTML page, or `null`",
        "{status}": "any status",
    }.items():
        plain = plain.replace(placeholder, words)
    return re.split(r"(?<=\.) (?=[A-Z`])", plain[0].upper() + plain[1:])


def _symptom(rule: ErrorRule) -> str:
    if rule.exception:
        return ", ".join(_CONNECTION_FAILURES[one] for one in rule.exception)
    if rule.malformed:
        return "200 without data"
    status = ", ".join(map(str, rule.status)) or "any other error"
    if rule.html:
        return f"{status} with an HTML page"
    if rule.oauth:
        return f"{status} with OAuth"
    if rule.daily:
        return f"{status} without daily tokens"
    return f"{status} `{rule.contains}`" if rule.contains else status


def _effect(rule: ErrorRule) -> str:
    if rule.action == "RETRY":
        return "retried for ten minutes" if rule.temporary else "retried five times"
    scope = "sync" if rule.account else "stream"
    later = "; a later sync may succeed" if rule.failure_type == "transient_error" else ""
    return f"the {scope} fails{later}"


def tolerated() -> str:
    """The error rules that end in a warning, with their streams."""
    groups = defaultdict[str, list[str]](list)
    for stream in STREAMS.values():
        if stream.spec.tolerates:
            groups[stream.spec.tolerates].append(f"`{stream.name}`")
    return _table(
        ["Streams", "Symptom", "Log"],
        [
            [
                ", ".join(groups[rule.tolerated_as]),
                _symptom(rule),
                " ".join(_sentences(rule.message)),
            ]
            for rule in rules_of_api()
            # the rule for single rows is no stream's, and its message is not logged
            if groups[rule.tolerated_as]
        ],
    )


PARTS: Mapping[str, Callable[[], str]] = {
    part.__name__: part
    for part in (
        fields,
        streams,
        supported,
        diagram,
        joined_everywhere,
        error_rules,
        tolerated,
        official.official_to_ours,
        official.renamed_columns,
        official.changed_types,
        official.our_further_streams,
        tombstones,
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
    compat.write()
    for page in PAGES:
        page.write_text(regenerated(page.read_text("utf-8")), "utf-8")
