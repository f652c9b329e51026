"""Runs the dbt package as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dbt_pipedrive"
DBT = Path(sys.executable).parents[1] / "dbt" / "bin" / "dbt"


def dbt(
    command: str,
    folder: Path,
    environment: dict[str, str],
    variables: Mapping[str, Any],
    profiles: Path = PROJECT,
) -> str:
    """Run a dbt command on the package; return its output. Files go below `folder`."""
    assert DBT.exists(), "dbt is not installed: run `make .venv/dbt/installed`"
    run = subprocess.run(
        [
            DBT,
            "--no-use-colors",
            *command.split(),
            f"--profiles-dir={profiles}",
            f"--vars={json.dumps(variables)}",
            f"--target-path={folder / 'target'}",
            f"--log-path={folder / 'logs'}",
        ],
        cwd=PROJECT,
        env={**os.environ, **environment},
        text=True,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
