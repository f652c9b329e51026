"""Runs `source-pipedrive verify` on the account and the tables of the last tour.

`python -m demo.verify --full` passes the options on. It does without PyAirbyte, whose import takes
ten seconds.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from demo import ACCOUNT, DATABASE
from pipedrive_sandbox.client import running_sandbox


def main(options: Sequence[str]) -> int:
    """Start the sandbox on the rows that the tour left, and return the exit code of `verify`."""
    if not (ACCOUNT.exists() and DATABASE.exists()):
        sys.exit("There is no demo to verify. Run `make demo` first.")
    executable = Path(sys.executable).with_name("source-pipedrive")
    with (
        running_sandbox(database=str(ACCOUNT)) as sandbox,
        tempfile.TemporaryDirectory() as folder,
    ):
        config = Path(folder) / "config.json"
        config.write_text(json.dumps(sandbox.config))
        command = [str(executable), "verify", f"--config={config}", f"--dest=duckdb:///{DATABASE}"]
        return subprocess.run([*command, *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
