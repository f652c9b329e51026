"""The client of `launcher_program.py`, which starts connector processes by forking."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple, Self


class Ended(NamedTuple):
    """How a process ended; `exit_code` is -9 after a SIGKILL."""

    exit_code: int
    peak_kilobytes: int


class Launcher:
    """Starts one connector process after the other, each with its output in the pipe `stdout`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.stdout = folder / "stdout"
        os.mkfifo(self.stdout)
        self._program = subprocess.Popen(
            [sys.executable, "-m", "integration_tests.launcher_program", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._program:
            pass

    def start(self, arguments: list[str], **options: Any) -> int:
        """Start a process; return its id. The caller reads `stdout`, and then calls `wait`."""
        assert self._program.stdin
        job = {"arguments": arguments, "stdout": str(self.stdout), **options}
        self._program.stdin.write(json.dumps(job) + "\n")
        self._program.stdin.flush()
        return int(self._read_line())

    def wait(self) -> Ended:
        """Wait until the process has ended."""
        status, peak_kilobytes = map(int, self._read_line().split())
        return Ended(os.waitstatus_to_exitcode(status), peak_kilobytes)

    def _read_line(self) -> str:
        assert self._program.stdout
        line = self._program.stdout.readline()
        if not line:
            raise RuntimeError("the program that launches connector processes has ended")
        return line
