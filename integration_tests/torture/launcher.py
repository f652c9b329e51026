"""Starts processes of the connector by forking: what it imports takes seconds, and that only once.

Reads a job a line from stdin: `{"arguments", "stdout", "stderr", "cold"}`, the outputs as paths.
Answers with the process id, and when the process has ended, with its wait status and the most
memory it ever held, in kilobytes. A `cold` job is the installed executable, started anew.
"""

import faulthandler
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import source_pipedrive.protocol.entrypoint  # noqa: F401 - what takes the time
from source_pipedrive.run import run
from source_pipedrive.streams import list_cursor as cursor

_EXECUTABLE = str(Path(sys.executable).with_name("source-pipedrive"))


def main() -> None:
    """Fork for every job, and run the connector in the child."""
    # windows are halved as often as they can be, in lists that are short
    cursor._PAGES_WORTH_HALVING = 1  # noqa: SLF001
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _become_connector(job)
            break
        _say(child)
        _, status, usage = os.wait4(child, 0)
        _say(status, usage.ru_maxrss)


def _say(*numbers: int) -> None:
    sys.stdout.write(" ".join(map(str, numbers)) + "\n")
    sys.stdout.flush()


def _become_connector(job: dict[str, Any]) -> None:
    write = os.O_WRONLY | os.O_CREAT
    for descriptor, path in ((0, os.devnull), (1, job["stdout"]), (2, job["stderr"])):
        opened = os.open(path, write if descriptor else os.O_RDONLY, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    arguments = ["source-pipedrive", *job["arguments"]]
    if job["cold"]:
        os.execv(_EXECUTABLE, arguments)  # noqa: S606 - as every process that is started here
    # where a hanging process hangs
    faulthandler.register(signal.SIGUSR1)
    sys.argv = arguments
    run()


if __name__ == "__main__":
    main()
