"""What `make` says where it cannot install, and that it leaves nothing half-made behind.

The Pythons are scripts that answer as others would.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = [
    *("bash", "cat", "chmod", "dirname", "env", "expand", "grep", "make", "mkdir", "rm", "sed"),
    *("sh", "touch", "xargs"),
]
# the real Python, with another version
OF_VERSION = """#!/bin/sh
case "$*" in
--version) echo Python {version} ;;
*version_info*) exec {real} -c "import sys; sys.version_info = {parts}
$2" ;;
*) exec {real} "$@" ;;
esac
"""
WITHOUT_VENV = """#!/bin/sh
case "$*" in
"-m venv"*) mkdir -p .venv/bin; echo ensurepip is not available; exit 1 ;;
*) exec {real} "$@" ;;
esac
"""
# an environment in which every program fails
WITHOUT_PACKAGES = """#!/bin/sh
case "$*" in
"-m venv"*) mkdir -p .venv/bin; printf '#!/bin/sh\\necho no network; exit 1' >.venv/bin/python;
chmod +x .venv/bin/python ;;
*) exec {real} "$@" ;;
esac
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What the installation needs, in a folder with a space in its name."""
    tree = tmp_path / "a clone"
    shutil.copytree(ROOT / "demo", tree / "demo", ignore=shutil.ignore_patterns("*.duckdb", ".*"))
    for name in ("Makefile", "setup.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tree)
    return tree


def make(tree: Path, target: str, python: str = "") -> subprocess.CompletedProcess[str]:
    """Run make where this is the only Python; stdout and stderr are both in `stdout`."""
    tools = tree.parent / "bin"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    if python:
        (tools / "python3").write_text(python)
        (tools / "python3").chmod(0o755)
    # neither the home folder nor make's own variables are there
    return subprocess.run(
        [tools / "make", *target.split()],
        cwd=tree,
        env={"PATH": str(tools), "LANG": os.environ.get("LANG", "C.UTF-8")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def of_version(version: str) -> str:
    parts = tuple(map(int, version.split(".")))
    return OF_VERSION.format(version=version, parts=parts, real=sys.executable)


@pytest.mark.parametrize(
    ("target", "version", "said"),
    [
        (
            "test",
            "3.8.10",
            "Python 3.11, 3.12, or 3.13 is required, but .*python3 is Python 3.8.10",
        ),
        ("demo", "3.10.4", "requires Python 3.11 or 3.12, .* but .*python3 is Python 3.10.4"),
        ("demo", "3.13.1", "requires Python 3.11 or 3.12, .* but .*python3 is Python 3.13.1"),
        ("demo", "", "requires Python 3.11 or 3.12, .* but python3 is missing"),
        ("test", "", "Python 3.11, 3.12, or 3.13 is required, but python3 is missing"),
    ],
)
def test_a_wrong_python_is_named_before_anything_is_installed(
    target: str, version: str, said: str, tree: Path
) -> None:
    ended = make(tree, target, of_version(version) if version else "")

    assert ended.returncode != 0
    assert re.search(said, ended.stdout), ended.stdout
    assert not (tree / ".venv").exists()


@pytest.mark.parametrize(
    ("python", "said"),
    [
        (WITHOUT_VENV, "sudo apt install python3-venv"),
        (WITHOUT_PACKAGES, "no network\n\nThe installation failed. See the error above, then run"),
    ],
    ids=["no venv module", "no network"],
)
def test_an_installation_that_fails_is_removed(python: str, said: str, tree: Path) -> None:
    ended = make(tree, "demo", python.format(real=sys.executable))

    assert ended.returncode != 0
    assert said in ended.stdout
    assert not (tree / ".venv").exists()


def test_make_without_a_target_lists_the_targets(tree: Path) -> None:
    ended = make(tree, "")

    assert ended.returncode == 0
    assert "make demo " in ended.stdout
