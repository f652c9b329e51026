"""Installs what a user gets, in an empty environment, and starts it. CI runs it; it needs PyPI.

The test environment has the extras `dev` and `sync`, which may hold a dependency at an older
version than `pip install '.[webhooks]'` picks today.

`python -m integration_tests.fresh_install`
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import requests

from integration_tests.webhooks.process import settings

ROOT = Path(__file__).parent.parent
_JOBS = ["--then=airbyte", "--url=http://127.0.0.1:9", "--connection-id=none"]


def install(environment: Path) -> Path:
    """Install the package with the extra `webhooks`; return the environment's command."""
    python = environment / "bin" / "python"
    package = f"{ROOT}[webhooks]"
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
        command = install(folder / "environment")
        run(str(command), "spec")
        start(command, folder)
        refuse_syncs(command, folder)
    print(f"source-pipedrive {version('source-pipedrive')} installs and starts")  # noqa: T201 - a program


if __name__ == "__main__":
    main()
