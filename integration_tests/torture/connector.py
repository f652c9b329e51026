"""Runs the connector as a process, measures it, and interrupts it."""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from integration_tests.launcher import Launcher
from integration_tests.platform import configured
from integration_tests.torture.run import Interruption, Run

_TIMEOUT = 150.0


class Connector:
    """Runs one sync after the other, with its files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._launcher = Launcher(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._launcher:
            pass

    def read(
        self,
        config: Mapping[str, Any],
        streams: list[str],
        state: list[Any],
        interruption: Interruption | None,
        *,
        use_executable: bool,
    ) -> Run:
        """Sync to the end, or to the interruption."""
        catalog = {"streams": [configured(name) for name in streams]}
        arguments = ["read"]
        for name, content in (("config", config), ("catalog", catalog), ("state", state)):
            file = self._folder / f"{name}.json"
            file.write_text(json.dumps(content))
            arguments += [f"--{name}", str(file)]
        stderr = self._folder / "stderr"
        # a process that is killed at once does not come to create it
        stderr.write_bytes(b"")
        process_id = self._launcher.start(
            arguments, stderr=str(stderr), use_executable=use_executable
        )
        run = Run()
        with _watchdog(process_id, run):
            seconds_to_end = self._read_output(process_id, run, interruption)
            run.exit_code, kilobytes = self._launcher.wait()
        run.megabytes = kilobytes // 1024
        run.stderr = stderr.read_bytes()
        run.seconds_to_end = seconds_to_end()
        return run

    def _read_output(
        self, process_id: int, run: Run, interruption: Interruption | None
    ) -> Callable[[], float]:
        """Read and interrupt; return a function that returns the seconds since the interruption."""
        start = time.monotonic()
        with self._launcher.stdout.open("rb") as output:
            if interruption and interruption.lines == 0:
                time.sleep(interruption.seconds)
            while True:
                if interruption and len(run.lines) == interruption.lines and not run.interrupted:
                    start = time.monotonic()
                    run.interrupted = interruption.how
                    if interruption.how == "pipe closed":
                        break
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process_id, signal.Signals[interruption.how])
                line = output.readline()
                if not line:
                    break
                run.lines.append(line)
        return lambda: time.monotonic() - start


@contextlib.contextmanager
def _watchdog(process_id: int, run: Run) -> Iterator[None]:
    """End a process that takes too long; before that, it writes its stack traces to stderr."""

    def end_process() -> None:
        run.hung = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGUSR1)
            time.sleep(1)
            os.kill(process_id, signal.SIGKILL)

    timer = threading.Timer(_TIMEOUT, end_process)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
