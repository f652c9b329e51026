"""The docs: everything they name exists, and everything they repeat matches its source."""

import json
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from docs import column_reference, compat, generate
from docs.contract.operations import READS, WITHOUT_OPERATION
from docs.stream import STREAMS
from source_pipedrive.config import require_valid, specification
from source_pipedrive.estimate import main as plan
from source_pipedrive.verify.cli import main as verify
from source_pipedrive.webhooks.cli import main as webhooks
from unit_tests import catalog
from unit_tests.conftest import Connector
from unit_tests.markdown import anchors, blocks, headings, read, section

ROOT = Path(__file__).parent.parent
TEXTS = [*generate.PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
TEXTS += [
    ROOT / folder / "README.md" for folder in ("benchmarks", "docs/contract", "pipedrive_sandbox")
]
# where commands put files
MADE_BY_COMMANDS = {"demo", "secrets"}
PAGE_FOR_AIRBYTE = ROOT / "docs" / "pipedrive.md"
SPEC = specification()


def named(paths: Iterable[Path]) -> list[Any]:
    """Files as test parameters, with their names as ids."""
    return [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in paths]


@pytest.mark.parametrize("page", named(generate.PAGES))
def test_generated_parts_match_their_sources(page: Path) -> None:
    assert read(page) == generate.regenerated(read(page)), "run make docs"


@pytest.mark.parametrize("text", named(TEXTS))
def test_every_link_within_the_repository_has_a_target(text: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", read(text)):
        file, _, anchor = link.partition("#")
        target = (text.parent / file) if file else text
        if not link.startswith("https://") and not (
            target.exists() and (not anchor or anchor in anchors(read(target)))
        ):
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize("text", named(TEXTS))
def test_every_make_command_exists(text: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z][a-z-]+)(?=[`\s]|$)", "".join(_snippets(text)))) <= targets


@pytest.mark.parametrize("text", named(TEXTS))
def test_every_named_file_exists(text: Path) -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    paths = re.findall(r"`([a-z_]+)/([\w./-]+\.\w+)`", read(text))

    missing = [f"{top}/{rest}" for top, rest in paths if not (ROOT / top / rest).exists()]
    assert [one for one in missing if one.partition("/")[0] in folders - MADE_BY_COMMANDS] == []


def _snippets(text: Path) -> list[str]:
    one_line_each = read(text).replace("\\\n", " ")
    return re.findall(r"```.*?```|`[^`\n]+`", one_line_each, re.DOTALL)


@pytest.mark.parametrize("text", named(TEXTS))
def test_every_connector_command_exists(text: Path) -> None:
    verbs = {"spec", "check", "discover", "read", "catalog", "plan", "verify", "webhooks"}
    programs = {"plan": plan, "verify": verify}
    unknown = []
    for line in re.findall(r"source-pipedrive ([a-z][^`\n|#]*)", "".join(_snippets(text))):
        verb, *rest = shlex.split(line.removesuffix("…"))
        if verb == "webhooks" and rest and rest[0] not in webhooks.commands and rest[0] != "…":
            unknown.append(line)
        known = programs[verb].params if verb in programs else ()
        options = {option for one in known for option in one.opts}
        if verb in programs and not {one for one in rest if one.startswith("--")} <= options:
            unknown.append(line)
        if verb not in verbs:
            unknown.append(line)

    assert unknown == []


def test_the_readme_is_short() -> None:
    assert len(read(ROOT / "README.md").splitlines()) <= 120


def test_the_examples_of_the_readme_are_valid() -> None:
    (config,) = map(json.loads, blocks(read(ROOT / "README.md"), "json"))

    require_valid({**config, "api_key": "test-token-5f0c7be2a91d4e83"}, SPEC)


def test_the_tables_match_the_output_of_discover(connector: Connector, config: Any) -> None:
    offered = connector("discover", config={**config, "webhook_inbox": "sqlite:///inbox.db"})

    (found,) = (one["catalog"] for one in offered.messages if one["type"] == "CATALOG")
    assert {
        one["name"]: [
            ", ".join(one["supported_sync_modes"]).replace("_", " "),
            *one.get("default_cursor_field", []),
            *(key for (key,) in one["source_defined_primary_key"]),
        ]
        for one in found["streams"]
    } == {
        name: [one.sync_modes, *([one.cursor] if one.cursor else []), *one.spec.primary_key]
        for name, one in STREAMS.items()
    }


def test_columns_have_types_that_warehouses_know() -> None:
    simple = {"text", "integer", "number", "boolean", "date", "time", "timestamp", "object"}
    lists = {"list of texts", *(f"list of {one}s" for one in simple)}
    types = {column_reference.type_of(one) for each in STREAMS.values() for one in each.columns}

    assert types <= simple | lists


def test_the_picture_of_token_costs_has_every_stream() -> None:
    picture = read(ROOT / "docs" / "pictures" / "token-costs.svg")
    shown = {text.removesuffix(" •") for text in re.findall(r">([\w •]+)</text>", picture)}

    expected = {name for name, one in STREAMS.items() if one.spec.requester}
    assert expected - shown == set(), "run make pictures"


def test_the_diagram_has_all_joins_between_its_streams_once() -> None:
    lines = re.findall(r"(\w+) }o--o\| (\w+) :", column_reference.diagram())

    core = set(column_reference.CORE)
    joined = {frozenset(line) for line in lines}
    assert len(lines) == len(joined)
    assert joined == {
        frozenset({name, join.other})
        for name in core
        for join in STREAMS[name].joins
        if join.other in core - {name}
    }


def test_every_child_stream_joins_its_parent() -> None:
    parents = {one.name: one.parent for one in STREAMS.values() if one.parent}

    assert parents
    assert {
        name: parent
        for name, parent in parents.items()
        if parent not in {join.other for join in STREAMS[name].joins}
    } == {}


def test_every_stream_links_to_the_page_of_its_operation_in_pipedrives_contract() -> None:
    paths: dict[str, set[str]] = {}
    for operation in READS.values():
        paths.setdefault(operation.page, set()).add(operation.path)
    links = {name: one.page for name, one in STREAMS.items()}

    assert {name for name, link in links.items() if not link} == WITHOUT_OPERATION.keys()
    for name in links.keys() - WITHOUT_OPERATION.keys():
        page = links[name].removeprefix("https://developers.pipedrive.com/docs/api/v1/")
        assert "/" + catalog.path(name).replace("//", "/{id}/") in paths[page]


def test_both_changelogs_have_the_same_versions() -> None:
    ours = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\] - (\S+)$", read(ROOT / "CHANGELOG.md"), re.MULTILINE
    )
    table = section(read(PAGE_FOR_AIRBYTE), "Changelog")

    assert ours
    assert re.findall(r"^\| (\d+\.\d+\.\d+) \| (\S+) \|", table, re.MULTILINE) == ours


def notes() -> dict[str, str]:
    """The notes on behavior by their headings."""
    text = read(ROOT / "docs" / "behavior.md")
    return {heading: section(text, heading).strip() for heading in headings(text)[1:]}


def test_notes_on_behavior_are_numbered() -> None:
    assert [note.partition(".")[0] for note in notes()] == [
        str(number) for number in range(1, len(notes()) + 1)
    ]


@pytest.fixture(scope="module")
def existing_tests() -> set[str]:
    folders = ("unit_tests", "integration_tests")
    files = [file for folder in folders for file in (ROOT / folder).rglob("test_*.py")]
    return {name for file in files for name in re.findall(r"def (test_\w+)\(", read(file))}


def test_the_tests_that_contributing_names_exist(existing_tests: set[str]) -> None:
    named = set(re.findall(r"`(test_\w+)`", read(ROOT / "CONTRIBUTING.md")))

    assert named
    assert named - existing_tests == set()


@pytest.mark.parametrize("note", notes().values(), ids=notes())
def test_a_note_on_behavior_is_short_and_names_existing_tests(
    note: str, existing_tests: set[str]
) -> None:
    tests = set(re.findall(r"`(test_\w+)`", note.partition("\ntest: ")[2]))

    assert len(note.splitlines()) <= 6
    assert tests
    assert tests - existing_tests == set()


def test_the_views_of_the_official_streams_match_their_source() -> None:
    written = {file: read(file) for file in compat.FOLDER.glob("*.sql")}

    assert written == dict(compat.views()), "run make docs"
