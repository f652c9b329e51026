"""Generates parts of the docs from manifest, schemas, and metadata: `make docs`.

Each generated part stands between `<!-- generated: name -->` and `<!-- end -->`, and is written by
the function of that name in `PARTS`. A test fails when a page differs from its source.
"""

# ruff: noqa: INP001 - a script in a folder of texts, not a package
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from docs import column_reference, compat, official
from docs.stream import STREAMS, Stream, code, table
from docs.tombstones import tombstones
from source_pipedrive.api.error_rules import ErrorRule
from source_pipedrive.api.error_rules import error_rules as rules_of_api
from source_pipedrive.config import specification
from source_pipedrive.protocol.manifest import SUGGESTED_STREAMS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(Path(__file__).parent.glob("*.md"))]

# the text below the table says it once for all
_RESUMES = "No data is lost: the next sync resumes from here."
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


def _in_order(properties: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return dict(sorted(properties.items(), key=lambda one: int(one[1]["order"])))


def _field(name: str, setting: Mapping[str, Any], required: Collection[str]) -> str:
    default = code(str(setting["default"]).lower()) if "default" in setting else ""
    kind = "*required*" if name in required else default
    return f"- **{setting['title']}**{f' ({kind})' if kind else ''}: {setting['description']}"


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


def image() -> str:
    """The commands that build the image of this version."""
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text("utf-8"))["data"]
    tag = f"{metadata['dockerRepository']}:{metadata['dockerImageTag']}"
    commands = f"$ docker build -t {tag} .\n$ kind load docker-image {tag} --name airbyte-abctl"
    return f"```console\n{commands}\n```"


def streams() -> str:
    """All streams with their token costs and permissions."""
    return table(
        ["Stream", "Tokens", "Requires", "Each row"],
        [
            [
                _reference_to(one),
                one.token_cost,
                one.needs,
                one.schema["description"],
            ]
            for one in STREAMS.values()
        ],
    )


def supported() -> str:
    """All streams in the form of Airbyte's documentation."""
    return table(
        ["Stream", "Sync modes", "Cursor", "Primary key"],
        [
            [_reference_to(one), one.sync_modes, code(one.cursor), one.key]
            for one in STREAMS.values()
        ],
    )


def _reference_to(stream: Stream) -> str:
    """Return a link to the columns of a stream, with the mark of suggested ones."""
    mark = " •" if stream.name in SUGGESTED_STREAMS else ""
    return f"[`{stream.name}`](columns.md#{stream.name}){mark}"


def error_rules() -> str:
    """Symptom, cause, and fix of each error rule."""
    rules = [rule for rule in rules_of_api() if not rule.tolerated_as]
    return table(["Symptom", "Cause", "Fix", "Effect"], map(_error_rule, rules))


def _error_rule(rule: ErrorRule) -> list[str]:
    *cause, fix = (one for one in _sentences(rule.message) if one != _RESUMES)
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
    rows: list[list[str]] = []
    previous = ""
    # the rule for single rows is no stream's, and its message is not logged
    for rule in (one for one in rules_of_api() if groups[one.tolerated_as]):
        names = ", ".join(groups[rule.tolerated_as])
        shown = "the same" if rule.tolerated_as == previous else names
        rows.append([_symptom(rule), shown, " ".join(_sentences(rule.message))])
        previous = rule.tolerated_as
    return table(["Symptom", "Streams", "Log"], rows)


PARTS: Mapping[str, Callable[[], str]] = {
    part.__name__: part
    for part in (
        fields,
        image,
        streams,
        supported,
        column_reference.columns,
        column_reference.diagram,
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
