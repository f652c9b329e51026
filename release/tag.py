"""Checks that a version can be released, and tags it: `make release VERSION=0.2.0`.

`make version` writes the version into the files that are checked here.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import rich_click as click

ROOT = Path(__file__).parent.parent
BRANCH = "main"
_SEMANTIC = re.compile(r"\d+\.\d+\.\d+")
_NEXT_HEADING = re.compile(r"^## ", re.MULTILINE)


def problems(root: Path, version: str, today: date) -> Iterator[str]:
    """Yield a sentence for everything that stands in the way of a release."""
    if not _SEMANTIC.fullmatch(version):
        yield f"{version!r} is not a version: it must have three numbers, such as 1.2.3."
        return
    yield from _problems_of_files(root, version, today)
    yield from _problems_of_repository(root, version)


def _problems_of_files(root: Path, version: str, today: date) -> Iterator[str]:
    for file, text in {
        "metadata.yaml": f"\n  dockerImageTag: {version}\n",
        "Dockerfile": f"\nARG VERSION={version}\n",
        "docs/examples/kubernetes.yaml": f"/source-pipedrive-webhooks:{version}\n",
        "CHANGELOG.md": f"\n## [{version}] - {today}\n",
        "docs/pipedrive.md": f"\n| {version} | {today} |",
    }.items():
        if text not in (root / file).read_text("utf-8"):
            yield f"{file} has no {text.strip()!r}. Run: make version VERSION={version}"
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    _, heading, rest = changelog.partition(f"\n## [{version}]")
    if heading and not _NEXT_HEADING.split(rest.partition("\n")[2])[0].strip():
        yield f"CHANGELOG.md says nothing about {version}. Write what users of the data see."
    packaged = _output(root, sys.executable, "setup.py", "--version").split()[-1]
    if packaged != version:
        yield f"The package has version {packaged}, not {version}: see setup.py."


def _problems_of_repository(root: Path, version: str) -> Iterator[str]:
    if (branch := _output(root, "git", "branch", "--show-current").strip()) != BRANCH:
        yield f"Releases are made on the branch {BRANCH}, but this is {branch or 'no branch'}."
    if changed := _output(root, "git", "status", "--porcelain").splitlines():
        yield f"Files are not committed: {', '.join(line[3:] for line in changed)}"
    tags = _output(root, "git", "tag", "--list", "v*").split()
    newest = max((_numbers(tag) for tag in tags if _SEMANTIC.fullmatch(tag[1:])), default=())
    if f"v{version}" in tags:
        yield f"The tag v{version} exists."
    elif _numbers(version) < newest:
        yield f"{version} is older than {'.'.join(map(str, newest))}, which is released."


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.removeprefix("v").split("."))


def _output(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@click.command(help=__doc__)
@click.argument("version")
def main(version: str) -> None:
    """Check and tag."""
    if found := list(problems(ROOT, version, datetime.now(UTC).date())):
        print(f"{version} cannot be released:", *found, sep="\n- ")
        sys.exit(1)
    _output(
        ROOT, "git", "tag", "--annotate", f"--message=source-pipedrive {version}", f"v{version}"
    )
    print(f"v{version} is tagged. To publish it, run: git push origin {BRANCH} v{version}")


if __name__ == "__main__":
    main()
