"""The shape of the code: import directions, sizes of modules and classes, and plain words."""

import ast
import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

PACKAGE = "source_pipedrive"
ROOT = Path(__file__).parents[1]
SOURCE = ROOT / PACKAGE
PYTHON_FOLDERS = (
    PACKAGE,
    "pipedrive_sandbox",
    "demo",
    "sales_report",
    "benchmarks",
    "docs",
    "release",
    "integration_tests",
    "unit_tests",
)

LINES_OF_A_MODULE = 350
LINES_OF_A_CLASS = 200
# on the way of a page from HTTP to stdout
MOST_STOPS = 12
MOST_MODULES_OF_A_WALK = 6

# Modules that may import everything, and that only each other imports.
PROGRAMS = {"__init__", "__main__", "configured_catalog", "run", "estimate", "pyairbyte"}
# Modules that everything may import, and what they may import themselves.
LEAVES: dict[str, set[str]] = {
    "addresses": set(),
    "config": {"addresses", "old_settings", "timestamps"},
    "config_file": {"old_settings"},
    "databases": set(),
    "lenient_json": set(),
    "old_settings": {"timestamps"},
    "timestamps": set(),
}
# Packages, and the packages that each may import.
PACKAGES: dict[str, set[str]] = {
    "api": set(),
    "conformance": set(),
    "custom_fields": {"conformance"},
    "inbox": {"conformance"},
    "streams": {"api", "conformance", "custom_fields", "inbox"},
    "protocol": {"api", "custom_fields", "inbox", "streams"},
    "webhooks": {"api", "inbox", "webhooks.targets"},
    "webhooks.targets": {"api", "inbox", "protocol", "streams", "webhooks"},
    "verify": {"api", "conformance", "protocol", "streams"},
}

# Words that only the authors understood. The glossary of the house style has others for them.
FORBIDDEN_WORDS = (
    r"told",
    r"hasty",
    r"go_on",
    r"walk(s|ed|ing)?",
    r"wellformed",
    r"hangs? on",
    r"way out",
    r"heal(s|ed|ing)?",
    r"patience",
    r"chatter",
)
FORBIDDEN_NAMES = (r"Room",)  # in prose, the word is fine


def modules() -> dict[str, Path]:
    """The connector's modules by their names below the package; a package is its `__init__`."""
    files = sorted(SOURCE.rglob("*.py"))
    return {".".join(file.relative_to(SOURCE).with_suffix("").parts): file for file in files}


def imports(name: str, file: Path, known: Iterable[str]) -> set[str]:
    """The connector's modules that a module imports, also within functions and for type checks."""
    folder = name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = [node.module] if node.module else []
            if node.level:
                origin = [PACKAGE, *folder[: len(folder) + 1 - node.level], *origin]
            found.add(".".join(origin))
            found |= {".".join([*origin, alias.name]) for alias in node.names}
    below = {one.removeprefix(f"{PACKAGE}.") for one in found if one.startswith(f"{PACKAGE}.")}
    return (below | {f"{one}.__init__" for one in below}).intersection(known) - {name}


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """Every module with the modules that it imports."""
    known = modules()
    return {name: imports(name, file, known) for name, file in known.items()}


def package_of(module: str) -> str:
    """The package of a module; of a module at the top level, its name."""
    return module.rpartition(".")[0] or module


def is_allowed(importer: str, imported: str) -> bool:
    """Whether an import points downward."""
    if importer in PROGRAMS:
        return True
    if imported in PROGRAMS:
        return False
    source, target = package_of(importer), package_of(imported)
    if importer in LEAVES:
        return imported in LEAVES[importer]
    return imported in LEAVES or source == target or target in PACKAGES[source]


def test_every_module_has_a_place_in_the_layers(graph: dict[str, set[str]]) -> None:
    places = {*PROGRAMS, *LEAVES, *PACKAGES}

    assert {package_of(module) for module in graph} - places == set(), "add it to PACKAGES"


def test_imports_point_downward(graph: dict[str, set[str]]) -> None:
    upward = [
        f"{importer} imports {imported}"
        for importer, imported_ones in graph.items()
        for imported in sorted(imported_ones)
        if not is_allowed(importer, imported)
    ]

    assert not upward, "\n".join(upward)


def test_no_import_leads_back_to_its_module(graph: dict[str, set[str]]) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def python_files() -> Iterator[Path]:
    for folder in PYTHON_FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def test_no_module_is_too_long() -> None:
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in python_files()
    }

    too_long = [f"{name}: {lines}" for name, lines in lengths.items() if lines > LINES_OF_A_MODULE]
    assert len(lengths) > len(PYTHON_FOLDERS)
    assert not too_long, "\n".join(too_long)


def test_no_class_is_too_long() -> None:
    lengths = {
        f"{file.relative_to(ROOT)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in python_files()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
    }

    too_long = [f"{name}: {lines}" for name, lines in lengths.items() if lines > LINES_OF_A_CLASS]
    assert lengths
    assert not too_long, "\n".join(too_long)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_its_tests_in_a_folder_of_the_same_name(package: str) -> None:
    assert [*(ROOT / "unit_tests").joinpath(*package.split(".")).glob("test_*.py")] != []


def test_the_connector_is_written_in_plain_words() -> None:
    words = re.compile(rf"(?<![A-Za-z])({'|'.join(FORBIDDEN_WORDS)})(?![A-Za-z])", re.IGNORECASE)
    names = re.compile(rf"(?<![A-Za-z])({'|'.join(FORBIDDEN_NAMES)})(?![A-Za-z])")
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in sorted(SOURCE.rglob("*"))
        if file.suffix in {".py", ".yaml", ".json"}
        for number, line in enumerate(file.read_text().splitlines(), 1)
        # `PageWalk` has the word `Walk` in it
        for split in [re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", line)]
        if words.search(split) or names.search(split)
    ]

    assert not found, "\n".join(found)


def test_the_walk_of_a_page_in_contributing_is_short_and_true() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    _, _, drawing = text.partition("## How a page of deals reaches stdout")
    stops = [line.split()[:2] for line in drawing.split("```")[1].splitlines()[1:]]

    assert 0 < len(stops) <= MOST_STOPS
    assert len({module for module, _ in stops}) <= MOST_MODULES_OF_A_WALK
    for path, name in stops:
        module = import_module(f"source_pipedrive.{path.removesuffix('.py').replace('/', '.')}")
        assert attrgetter(name)(module)
