"""The wheel, the image, and the metadata describe the same connector."""

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from email.message import Message
from email.parser import Parser
from fnmatch import fnmatch
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from source_pipedrive.config import specification
from source_pipedrive.protocol.manifest import SUGGESTED_STREAMS
from unit_tests import catalog

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "source_pipedrive"
OURS = {"source_pipedrive", "pipedrive_sandbox", "demo", "sales_report"}
LOCKS = ("requirements.lock", "requirements-webhooks.lock")
HOME = "https://github.com/OWNER/source-pipedrive"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    tree = tmp_path_factory.mktemp("checkout")
    for name in ("setup.py", "pyproject.toml", "metadata.yaml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for package in ("source_pipedrive", "pipedrive_sandbox", "unit_tests"):
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("*.pyc"))
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--wheel-dir", tree, tree], check=True)
    (path,) = tree.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def package(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


@pytest.fixture
def metadata() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yaml").read_text())
    return document


def test_the_wheel_contains_only_the_connector_its_manifest_and_its_schemas(
    wheel: zipfile.ZipFile,
) -> None:
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}

    kinds = ("*.py", "py.typed", "*.yaml", "schemas/**/*.json")
    assert shipped == {
        path.relative_to(ROOT).as_posix() for kind in kinds for path in PACKAGE.rglob(kind)
    }


def imported(sources: Iterable[Path]) -> set[str]:
    """Return the distributions that these modules import."""
    nodes = [node for path in sources for node in ast.walk(ast.parse(path.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    modules = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    distributions = packages_distributions()
    found = {distributions.get(module, [module])[0] for module in modules - OURS}
    return {name.lower().replace("_", "-") for name in found}


def required(package: Message, extra: str | None = None) -> set[str]:
    """Return the distributions that the package requires, by itself or for an extra."""
    lines = package.get_all("Requires-Dist", [])
    chosen = [
        line
        for line in lines
        if (f'extra == "{extra}"' in line if extra else "extra ==" not in line)
    ]
    return {re.split(r"[^\w.-]", line)[0] for line in chosen}


def test_the_package_requires_exactly_what_it_imports(package: Message) -> None:
    optional = {
        path for name in ("inbox", "verify", "webhooks") for path in (PACKAGE / name).rglob("*.py")
    } | {PACKAGE / "databases.py"}

    assert required(package) == imported(set(PACKAGE.rglob("*.py")) - optional)


@pytest.mark.parametrize(
    ("extra", "folders", "loaded_by_name", "of_another_extra"),
    [
        ("inbox", ["source_pipedrive/inbox"], {"psycopg"}, set()),
        (
            "webhooks",
            ["source_pipedrive/inbox", "source_pipedrive/webhooks"],
            {"psycopg"},
            {"airbyte"},
        ),
        (
            "verify",
            ["source_pipedrive/verify"],
            {"duckdb", "duckdb-engine", "psycopg"},
            set(),
        ),
        ("sandbox", ["pipedrive_sandbox"], {"httptools", "uvloop"}, set()),
        ("sync", ["demo"], set(), set()),
        ("report", ["sales_report"], {"duckdb", "duckdb-engine", "psycopg"}, set()),
    ],
)
def test_an_extra_requires_exactly_what_its_folders_import(
    package: Message,
    extra: str,
    folders: list[str],
    loaded_by_name: set[str],
    of_another_extra: set[str],
) -> None:
    modules = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    needed = imported(modules) - of_another_extra | loaded_by_name

    assert required(package, extra) - required(package) == needed - required(package)


def locked(*files: str) -> dict[str, set[str]]:
    """Return the versions in lock files, by package: several if they depend on the Python."""
    found: dict[str, set[str]] = {}
    for file in files:
        lines = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / file).read_text(), re.MULTILINE)
        for name, version in lines:
            found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize(
    ("extra", "files"), [("inbox", LOCKS[:1]), ("webhooks", LOCKS)], ids=["source", "webhooks"]
)
def test_the_lock_has_a_fitting_version_of_everything_that_an_image_requires(
    package: Message, extra: str, files: tuple[str, ...]
) -> None:
    versions = locked(*files)
    requirements = [Requirement(line) for line in package.get_all("Requires-Dist", [])]
    in_the_image = [
        one for one in requirements if not one.marker or one.marker.evaluate({"extra": extra})
    ]
    misfits = [
        str(one)
        for one in in_the_image
        if not (found := versions.get(canonicalize_name(one.name)))
        or not all(one.specifier.contains(version) for version in found)
    ]

    assert misfits == [], "run: make lock"


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_has_hashes_and_names_no_registry(file: str) -> None:
    text = (ROOT / file).read_text()
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]

    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_the_locks_of_the_two_images_do_not_overlap() -> None:
    assert locked(LOCKS[0]).keys() & locked(LOCKS[1]).keys() == set()


def test_no_release_that_was_never_tested_is_installed(package: Message) -> None:
    required = [line.partition(";")[0] for line in package.get_all("Requires-Dist", [])]

    assert [one for one in required if "<" not in one and "==" not in one] == []


def test_the_top_level_schemas_are_those_of_the_package() -> None:
    assert (ROOT / "schemas").readlink() == Path("source_pipedrive/schemas")


@pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="airbyte-connector-models has no release for this Python"
)
def test_metadata_matches_airbytes_definition(metadata: dict[str, Any]) -> None:
    models = import_module("airbyte_connector_models.metadata.v0.connector_metadata_definition_v0")

    models.ConnectorMetadataDefinitionV0.model_validate(metadata)


def test_package_metadata_and_changelog_have_the_same_version(
    package: Message, metadata: dict[str, Any]
) -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    released = re.search(r"^## \[?(\d+\.\d+\.\d+)", changelog, re.MULTILINE)

    assert released is not None
    assert package["Version"] == metadata["data"]["dockerImageTag"] == released[1]


def test_the_page_of_the_package_names_owner_license_and_pythons(package: Message) -> None:
    pythons = [
        name.rpartition(" ")[2]
        for name in package.get_all("Classifier", [])
        if name.startswith("Programming Language :: Python :: 3.")
    ]

    assert package["License"] == "MIT"
    assert package["Author"] == "OWNER"
    assert pythons == ["3.11", "3.12", "3.13"]
    assert package["Requires-Python"] == ">=3.11,<3.14"


def test_links_on_the_page_of_the_package_are_addresses_of_files(package: Message) -> None:
    text = str(package.get_payload())
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("#")]
    links += [line.partition(", ")[2] for line in package.get_all("Project-URL", [])]
    links.append(package["Home-page"])

    assert [link for link in links if not link.startswith("https://")] == []
    ours = [link.partition("#")[0] for link in links if link.startswith(HOME)]
    files = [link.removeprefix(f"{HOME}/blob/main/") for link in ours if "/blob/" in link]
    assert len(files) > 5
    assert [file for file in files if not (ROOT / file).exists()] == []


@pytest.mark.parametrize("key", ["documentationUrl", "erdUrl"])
def test_metadata_links_pages_of_this_connector(metadata: dict[str, Any], key: str) -> None:
    page = metadata["data"][key].removeprefix(f"{HOME}/blob/main/")

    assert (ROOT / page).is_file()


def test_the_placeholder_of_the_owner_is_the_same_everywhere() -> None:
    files = ["setup.py", "metadata.yaml", "Dockerfile", "SECURITY.md"]
    texts = {file: (ROOT / file).read_text() for file in files}

    for file, text in texts.items():
        owners = set(re.findall(r"github\.com/([^/\s]+)/source-pipedrive", text))
        assert owners == {"OWNER"}, file
        assert "placeholder" in text, file


def test_every_suggested_stream_exists(metadata: dict[str, Any]) -> None:
    suggested = metadata["data"]["suggestedStreams"]["streams"]
    assert set(suggested) <= set(catalog.ALWAYS)
    assert tuple(suggested) == SUGGESTED_STREAMS


def test_the_default_host_is_allowed(metadata: dict[str, Any]) -> None:
    properties = specification()["properties"]
    host = urlsplit(properties["api_url"]["default"]).hostname

    allowed = metadata["data"]["allowedHosts"]["hosts"]
    assert "${api_url}" in allowed
    assert any(fnmatch(str(host), pattern) for pattern in allowed)
