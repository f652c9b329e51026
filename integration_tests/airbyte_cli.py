"""Runs `airbyte-cdk connector test` against the sandbox: `make airbyte-test`.

The command takes the connector's name from its folder, and the configs from files. So that it works
in a clone of any name, it gets a folder `source-pipedrive` with configs that have the sandbox's
address. It runs in an environment of its own, `.venv/airbyte`, because the CDK requires an older
pytest than the other tests.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pipedrive_sandbox.client import running_sandbox

ROOT = Path(__file__).parent.parent
COMMAND = str(ROOT / ".venv" / "airbyte" / "bin" / "airbyte-cdk")
# they build an image from the network; `make image-check` tests ours
WITHOUT_IMAGE = ["--pytest-arg=-m", "--pytest-arg=not image_tests"]


def write_connector(folder: Path, api_url: str) -> None:
    """Write what the command reads into a folder."""
    for name in ("metadata.yaml", "acceptance-test-config.yml"):
        shutil.copy(ROOT / name, folder)
    (folder / "integration_tests").mkdir()
    for config in (ROOT / "integration_tests").glob("config*.json"):
        content = {**json.loads(config.read_text("utf-8")), "api_url": api_url}
        (folder / "integration_tests" / config.name).write_text(json.dumps(content), "utf-8")


def main() -> None:
    with TemporaryDirectory() as temporary, running_sandbox(deals=60, burst=10_000) as sandbox:
        folder = Path(temporary) / "source-pipedrive"
        folder.mkdir()
        write_connector(folder, sandbox.url)
        command = [COMMAND, "connector", "test", *WITHOUT_IMAGE, *sys.argv[1:]]
        sys.exit(subprocess.run(command, cwd=folder, check=False).returncode)


if __name__ == "__main__":
    main()
