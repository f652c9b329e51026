"""Starts connector processes by forking, because importing the connector takes seconds.

It reads one JSON job per line from stdin. A job has `arguments` and `stdout` (a path), and it can
have `stderr` (a path), `cwd`, and `use_executable`, to run the installed executable instead of a
fork. For each job it writes the process id, and after the end of the process its wait status and
its peak memory in kilobytes.
"""

import faulthandler
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import source_pipedrive.protocol.entrypoint  # noqa: F401 - the import that takes seconds
from source_pipedrive.run import run

_EXECUTABLE = str(Path(sys.executable).with_name("source-pipedrive"))


def main() -> None:
    """Fork for every job, and run the connector in the child."""
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _run_connector(job)
            break
        _write(child)
        _, status, usage = os.wait4(child, 0)
        _write(status, usage.ru_maxrss)


def _write(*numbers: int) -> None:
    sys.stdout.write(" ".join(map(str, numbers)) + "\n")
    sys.stdout.flush()


def _run_connector(job: dict[str, Any]) -> None:
    _redirect(0, os.devnull, os.O_RDONLY)
    _redirect(1, job["stdout"], os.O_WRONLY | os.O_CREAT)
    if "stderr" in job:
        _redirect(2, job["stderr"], os.O_WRONLY | os.O_CREAT)
    if "cwd" in job:
        os.chdir(job["cwd"])
    arguments = ["source-pipedrive", *job["arguments"]]
    if job.get("use_executable"):
        os.execv(_EXECUTABLE, arguments)  # noqa: S606 - a process of these tests
    # shows where a hanging process hangs
    faulthandler.register(signal.SIGUSR1)
    sys.argv = arguments
    run()


def _redirect(descriptor: int, path: str, flags: int) -> None:
    opened = os.open(path, flags, 0o600)
    os.dup2(opened, descriptor)
    os.close(opened)


if __name__ == "__main__":
    main()
