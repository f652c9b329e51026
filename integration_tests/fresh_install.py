"""Installs the wheel in an empty environment, and runs each verb. CI runs it; it needs PyPI.

The test environment has the extras `dev` and `sync`, which may hold a dependency at an older
version than `pip install '.[webhooks]'` picks today, and it finds files that no wheel has.

`python -m integration_tests.fresh_install`
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import requests

from integration_tests.webhooks.process import settings
from pipedrive_sandbox.client import running_sandbox

ROOT = Path(__file__).parent.parent
VERSION = version("source-pipedrive")
_JOBS = ["--then=airbyte", "--url=http://127.0.0.1:9", "--connection-id=none"]
# each verb, and what it prints
_VERBS = {
    "--version": f"source-pipedrive {VERSION}",
    "--help": "Usage: source-pipedrive VERB",
    "spec": '"type": "SPEC"',
    "check --config=config.json": '"status":"SUCCEEDED"',
    "discover --config=config.json": '"name":"deal_products"',
    "catalog --config=config.json --streams=deals,users": '"sync_mode": "incremental"',
    "plan --config=config.json --catalog=catalog.json": "Total",
    "read --config=config.json --catalog=catalog.json": '"type":"STATE"',
    "webhooks --help": "serve",
}


def build(folder: Path) -> Path:
    """Build the wheel from a copy of the tree: what earlier builds left there would be in it."""
    tree = folder / "tree"
    for name in _listed("."):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name, follow_symlinks=False)
    run(sys.executable, *f"-m pip wheel --quiet --no-deps --wheel-dir={folder}".split(), str(tree))
    (wheel,) = folder.glob("*.whl")
    return wheel


def _listed(below: str) -> set[str]:
    """Return the files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", below]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def compare(wheel: Path) -> None:
    """Exit with what the wheel lacks, or has too much."""
    with zipfile.ZipFile(wheel) as opened:
        shipped = {name for name in opened.namelist() if ".dist-info/" not in name}
    if difference := shipped ^ _listed("source_pipedrive"):
        sys.exit(f"Only in the wheel, or only in the tree: {', '.join(sorted(difference))}")


def install(wheel: Path, environment: Path) -> Path:
    """Install the wheel with the extra `webhooks`; return the environment's command."""
    python = environment / "bin" / "python"
    package = f"source-pipedrive[webhooks] @ {wheel.as_uri()}"
    # it comes with PyAirbyte, and takes a tenth of pip's time
    if uv := shutil.which(
        "uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ):
        run(uv, "venv", "--quiet", f"--python={sys.executable}", str(environment))
        run(uv, "pip", "install", "--quiet", f"--python={python}", package)
    else:
        run(sys.executable, "-m", "venv", str(environment))
        run(str(python), "-m", "pip", "install", "--quiet", package)
    return environment / "bin" / "source-pipedrive"


def run(*command: str) -> None:
    """Run a command to its end."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def run_verbs(command: Path, folder: Path, config: Mapping[str, object]) -> None:
    """Run each verb; exit with what it printed if that is not what it should print."""
    (folder / "config.json").write_text(json.dumps(config))
    for arguments, expected in _VERBS.items():
        ended = subprocess.run(
            [command, *arguments.split()], cwd=folder, capture_output=True, text=True, check=False
        )
        if ended.returncode or expected not in ended.stdout or ended.stderr:
            sys.exit(f"source-pipedrive {arguments}\n{ended.stdout[-2000:]}\n{ended.stderr}")
        if arguments.startswith("catalog"):
            (folder / "catalog.json").write_text(ended.stdout)


def start(command: Path, folder: Path) -> None:
    """Start the receiver with jobs of an Airbyte platform, ask for its health, and end it."""
    config = folder / "config.json"
    config.write_text(json.dumps(settings({})))
    serve = [str(command), "webhooks", "serve", f"--config={config}", "--port=0", *_JOBS]
    environment = {**os.environ, "AIRBYTE_TOKEN": "none", "PYTHONUNBUFFERED": "1"}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            serve, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            announcement = process.stdout.readline() if process.stdout else ""
            if not announcement:
                sys.exit((folder / "log").read_text())
            url = announcement.split()[-1]
            requests.get(f"{url}health", timeout=30).raise_for_status()
        finally:
            process.terminate()


def refuse_syncs(command: Path, folder: Path) -> None:
    """Ask for syncs in the process, which need another extra: the answer must say which."""
    serve = [str(command), "webhooks", "serve", f"--config={folder / 'config.json'}"]
    result = subprocess.run(
        [*serve, "--then=sync", "--dest=duckdb:///crm.duckdb"],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
    )
    if "needs the extra `sync`" not in result.stderr or "Traceback" in result.stderr:
        sys.exit(f"--then sync said: {result.stderr}")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wheel = build(folder)
        compare(wheel)
        command = install(wheel, folder / "environment")
        empty = folder / "empty"
        empty.mkdir()
        with running_sandbox(deals=20, burst=10_000) as sandbox:
            run_verbs(command, empty, sandbox.config)
        start(command, empty)
        refuse_syncs(command, empty)
    print(f"{wheel.name} installs, and every verb works")  # noqa: T201 - a program


if __name__ == "__main__":
    main()
