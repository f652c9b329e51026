"""The installed connector as a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unit_tests import catalog
from unit_tests.output import Output

EXECUTABLE = str(Path(sys.executable).with_name("source-pipedrive"))
_TIMEOUT = 120.0


@dataclass(frozen=True)
class Connector:
    """`source-pipedrive` with a configuration; `folder` takes its files and is where it runs."""

    folder: Path
    config: dict[str, Any]

    def run(self, verb: str, streams: Sequence[str] = (), state: object = None) -> Output:
        """Run a verb to its end."""
        done = subprocess.run(
            self._command(verb, streams, state),
            stdout=subprocess.PIPE,
            cwd=self.folder,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        assert self.config["api_key"] not in done.stdout, "the key was told"
        return Output(done.stdout, done.returncode)

    def start(self, verb: str, streams: Sequence[str] = (), **env: str) -> subprocess.Popen[str]:
        """Run a verb beside the test, its output a pipe; `env` goes on top of the environment."""
        return subprocess.Popen(
            self._command(verb, streams, None),
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env=os.environ | env,
            text=True,
        )

    def _command(self, verb: str, streams: Sequence[str], state: object) -> list[str]:
        files = {
            "config": self.config,
            "catalog": {"streams": [catalog.configured(name) for name in streams]},
            "state": state,
        }
        taken = {"spec": 0, "check": 1, "discover": 1, "read": 3 if state else 2}[verb]
        command = [EXECUTABLE, verb]
        for name, content in list(files.items())[:taken]:
            file = self.folder / f"{name}.json"
            file.write_text(json.dumps(content))
            command += [f"--{name}", str(file)]
        return command
