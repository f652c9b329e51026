"""What a release is made of: locked packages, the image, and the workflows."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from release.image_contents import File, differences, sizes
from release.licenses import problems as license_problems
from release.tag import problems

ROOT = Path(__file__).parent.parent
TEXTS = {".py", ".md", ".yaml", ".yml", ".json", ".toml", ".sql", ""}
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TODAY = date(2026, 11, 30)
IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.com")


@pytest.fixture
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_the_image_installs_only_locked_packages(dockerfile: str) -> None:
    command, options = re.findall(r'(?:INSTALL|LOCKED)="([^"]+)"', dockerfile)
    installed = re.findall(r"\$\{INSTALL\} ([^\n&]+)", dockerfile)

    assert "--no-deps" in command
    assert "--require-hashes" in options
    assert [line.strip() for line in installed] == [
        "${LOCKED} --requirement requirements.lock",
        "--no-build-isolation --no-index .",
        "${LOCKED} --requirement requirements-webhooks.lock",
    ]


def test_the_default_image_is_the_connector(dockerfile: str) -> None:
    stages = re.findall(r"^FROM \S+ AS (\S+)$", dockerfile, re.MULTILINE)

    assert stages[-1] == "source"
    assert "webhooks" in stages


def test_every_stage_is_based_on_the_base_image_of_the_metadata(dockerfile: str) -> None:
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text())["data"]
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", dockerfile, re.MULTILINE)
    base = re.search(r"^ARG BASE_IMAGE=(\S+)$", dockerfile, re.MULTILINE)

    assert base is not None
    assert base[1] == metadata["connectorBuildOptions"]["baseImage"]
    assert {source for source, _ in stages} <= {"${BASE_IMAGE}", *(name for _, name in stages)}


def test_labels_name_the_connector_and_its_version(dockerfile: str) -> None:
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text())["data"]
    labels = dict(re.findall(r'([\w.]+)="([^"]+)" ?\\?\n', dockerfile))

    assert f"ARG VERSION={metadata['dockerImageTag']}\n" in dockerfile
    assert labels["io.airbyte.name"] == metadata["dockerRepository"]
    assert labels["io.airbyte.version"] == "${VERSION}"
    assert labels["org.opencontainers.image.version"] == "${VERSION}"
    assert labels["org.opencontainers.image.documentation"] == metadata["documentationUrl"]


def test_every_file_that_the_image_copies_is_sent_to_the_build(dockerfile: str) -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)

    for path in " ".join(copied).split():
        assert any(Path(path).match(pattern) for pattern in sent), path
        assert (ROOT / path).exists()


def file(content: str, mode: int = 0o644) -> File:
    return File(b"0", mode, (0, 0), "", len(content), content)


def test_two_builds_differ_in_files_content_and_mode() -> None:
    first = {"same": file("a"), "changed": file("a"), "mode": file("a"), "gone": file("a")}
    second = {"same": file("a"), "changed": file("b"), "mode": file("a", 0o600), "new": file("a")}

    assert differences(first, second) == ["changed", "gone", "mode", "new"]
    assert differences(first, first) == []


def test_sizes_tell_the_base_the_connector_and_its_packages_apart() -> None:
    packages = "opt/connector/lib/python3.13/site-packages"
    files = {
        "bin/sh": file("abc"),
        f"{packages}/numpy/a.py": file("ab"),
        f"{packages}/six.py": file("a"),
    }

    base, environment, largest = sizes(files)

    assert (base, environment) == (3, 3)
    assert largest == {"numpy": 2, "six.py": 1}


def package(license_text: str, name: str = "example") -> dict[str, str]:
    return {
        "Name": name,
        "Version": "1.0",
        "License-Expression": "UNKNOWN",
        "License-Classifier": "UNKNOWN",
        "License-Metadata": license_text,
    }


@pytest.mark.parametrize(
    "license_text", ["MIT", "MPL-2.0 AND (Apache-2.0 OR MIT)", "MIT License\n\nCopyright (c) 2022"]
)
def test_an_allowed_license_is_no_problem(license_text: str) -> None:
    assert list(license_problems([package(license_text)])) == []


@pytest.mark.parametrize("license_text", ["GPL-3.0-only", "MIT AND GPL-3.0-only", "UNKNOWN", ""])
def test_a_license_that_is_not_allowed_is_a_sentence(license_text: str) -> None:
    (sentence,) = license_problems([package(license_text)])

    assert sentence.startswith(f"example 1.0 has the license {license_text!r}")


def test_an_exception_holds_for_its_package_and_license_only() -> None:
    gpl = "GNU General Public License v2 or later (GPLv2+)"

    assert list(license_problems([package(gpl, "Unidecode")])) == []
    assert list(license_problems([package(gpl)])) != []
    assert list(license_problems([package("AGPL", "Unidecode")])) != []


def git(folder: Path, *arguments: str) -> None:
    program = str(shutil.which("git"))
    subprocess.run([program, *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True)


def replace(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A repository in which 9.9.9 can be released."""
    names = ["setup.py", "metadata.yaml", "Dockerfile", "CHANGELOG.md", "README.md", "LICENSE"]
    for name in [*names, "docs/pipedrive.md", "docs/examples/kubernetes.yaml", "pyproject.toml"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    version = yaml.safe_load((ROOT / "metadata.yaml").read_text())["data"]["dockerImageTag"]
    for name in ("metadata.yaml", "Dockerfile", "docs/examples/kubernetes.yaml"):
        replace(tmp_path, name, version, "9.9.9")
    changes = f"## [Unreleased]\n\n## [9.9.9] - {TODAY}\n\n- A change.\n\n## [9.9.8] - {TODAY}\n"
    replace(tmp_path, "CHANGELOG.md", "## [Unreleased]\n", changes)
    replace(
        tmp_path, "docs/pipedrive.md", f"| {version} |", f"| 9.9.9 | {TODAY} | - |\n| {version} |"
    )
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=Release 9.9.9")
    git(tmp_path, "tag", "v9.9.8")
    return tmp_path


def test_a_version_that_stands_everywhere_can_be_released(ready: Path) -> None:
    assert list(problems(ready, "9.9.9", TODAY)) == []


def broken(folder: Path) -> Iterator[tuple[str, str]]:
    """Break one thing after another; yield the version to release and what must be said."""
    yield "9.9", "'9.9' is not a version"
    yield "9.9.8", "metadata.yaml has no 'dockerImageTag: 9.9.8'. Run: make version VERSION=9.9.8"
    yield "9.9.8", "The tag v9.9.8 exists."
    yield "9.9.7", "9.9.7 is older than 9.9.8, which is released."
    git(folder, "tag", "v9.9.9")
    yield "9.9.9", "The tag v9.9.9 exists."
    git(folder, "checkout", "--quiet", "-b", "other")
    yield "9.9.9", "Releases are made on the branch main, but this is other."
    replace(folder, "CHANGELOG.md", "- A change.", "")
    yield "9.9.9", "CHANGELOG.md says nothing about 9.9.9."
    yield "9.9.9", "Files are not committed: CHANGELOG.md"
    replace(folder, "CHANGELOG.md", f"9.9.9] - {TODAY}", "9.9.9] - 2026-11-29")
    yield "9.9.9", "CHANGELOG.md has no '## [9.9.9] - 2026-11-30'."
    replace(folder, "docs/pipedrive.md", str(TODAY), "2026-11-29")
    yield "9.9.9", "docs/pipedrive.md has no '| 9.9.9 | 2026-11-30 |'."
    replace(folder, "metadata.yaml", "9.9.9", "9.9.8")
    yield "9.9.9", "The package has version 9.9.8, not 9.9.9"


def test_what_stands_in_the_way_of_a_release_is_named(ready: Path) -> None:
    for version, sentence in broken(ready):
        found = list(problems(ready, version, TODAY))

        assert any(one.startswith(sentence) for one in found), (sentence, found)


def test_make_version_writes_every_place_that_a_release_checks() -> None:
    """The program that writes belongs to another environment; its settings are compared."""
    settings = (ROOT / "pyproject.toml").read_text().partition("[tool.bumpversion]")[2]
    checked = set(re.findall(r'"([\w./-]+)": f"', (ROOT / "release" / "tag.py").read_text()))

    assert checked == set(re.findall(r'filename = "([^"]+)"', settings))


def steps(workflow: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the steps of a workflow, each with its job."""
    for job in yaml.safe_load(workflow.read_text())["jobs"].values():
        for step in job["steps"]:
            yield job, step


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_rights_are_given_to_single_jobs(workflow: Path) -> None:
    document = yaml.safe_load(workflow.read_text())

    assert document["permissions"] == {}
    assert "concurrency" in document
    for job, step in steps(workflow):
        assert "permissions" in job
        assert "timeout-minutes" in job
        if "uses" in step:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]), step["uses"]


def test_the_tests_run_on_every_python_that_the_package_allows() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())["jobs"]
    classifiers = re.findall(
        r'"Programming Language :: Python :: ([\d.]+)"', (ROOT / "setup.py").read_text()
    )

    assert jobs["tests"]["strategy"]["matrix"]["python"] == classifiers


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_commands_of_the_makefile_that_exist(workflow: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    commands = [step["run"] for _, step in steps(workflow) if "run" in step]
    made = [word for line in commands for word in line.split() if line.startswith("make ")]

    assert {word for word in made if "=" not in word} - {"make"} <= targets


def test_no_request_leaves_the_machine_without_tls() -> None:
    """Airbyte's QA reads all files for it; lines with a comment are exempt."""
    command = ["git", "ls-files"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    tests = ("unit_tests/", "integration_tests/", "benchmarks/", ".github/")
    files = [ROOT / name for name in listed.stdout.split() if not name.startswith(tests)]
    allowed = re.compile(r"http://(localhost|json-schema\.org)|.*# ignore-https-check")
    offending = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in files
        if path.is_file() and path.suffix in TEXTS
        for line in path.read_text().splitlines()
        if "http://" in allowed.sub("", line)
    ]

    assert offending == []


def test_the_example_of_kubernetes_runs_the_image_with_the_receiver() -> None:
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text())["data"]
    text = (ROOT / "docs" / "examples" / "kubernetes.yaml").read_text()

    assert f"/source-pipedrive-webhooks:{metadata['dockerImageTag']}\n" in text


def test_metadata_is_json_that_airbyte_reads() -> None:
    """A comment next to a value must not become part of it."""
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text())["data"]

    assert json.loads(json.dumps(metadata, default=str))["maxSecondsBetweenMessages"] == 7200
