"""The connector as a process that is watched, and interrupted."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import orjson

from unit_tests import catalog

_PATIENCE = 150.0
_PROMPT = 20.0
_MOST_MEGABYTES = 320
# in every row, and in nothing else that the connector has to say
_PAYLOAD = b"add_time"


@dataclass(frozen=True)
class Interruption:
    """How a sync ends early: once so many lines were read, or after so many seconds."""

    how: Literal["SIGKILL", "SIGTERM", "reader gone"]
    lines: int
    seconds: float


@dataclass
class Run:
    """One sync: what it said, how it ended, and what it took. `exit_code` is -9 after a SIGKILL."""

    lines: list[bytes] = field(default_factory=list)
    stderr: bytes = b""
    exit_code: int = 0
    megabytes: int = 0
    interrupted: str = ""
    hung: bool = False
    ended_after: float = 0.0

    @cached_property
    def messages(self) -> list[dict[str, Any] | None]:
        """Every line, parsed; nothing in the place of one that is no message."""
        return [_parsed(line) for line in self.lines]

    @property
    def said(self) -> list[dict[str, Any]]:
        """All messages but the rows."""
        return [one for one in self.messages if one and one["type"] != "RECORD"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What failed, in the connector's words."""
        traces = [one["trace"] for one in self.said if one["type"] == "TRACE"]
        return [trace["error"] for trace in traces if trace["type"] == "ERROR"]

    def complaints(self, token: str) -> Iterator[str]:
        """Say what is wrong with the process itself, whatever rows it brought."""
        if self.hung:
            yield f"hung: {self.stderr.decode()[-6000:]}"
            return
        if self.interrupted in {"SIGTERM", "reader gone"} and self.ended_after > _PROMPT:
            yield f"took {self.ended_after:.0f} s to end after {self.interrupted}"
        if self.megabytes > _MOST_MEGABYTES:
            yield f"held {self.megabytes} MB"
        torn = bool(self.lines) and not self.lines[-1].endswith(b"\n")
        if torn and self.interrupted not in {"SIGKILL", "reader gone"}:
            yield f"ended in the middle of a line: {self.lines[-1][-80:]!r}"
        for line, message in zip(self.lines, self.messages, strict=True):
            if line.endswith(b"\n") and message is None:
                yield f"no message: {line[:3000]!r}"
        if token.encode() in b"".join(self.lines) + self.stderr:
            yield "the token is in the output"
        yield from self._complaints_of_words()
        if self.exit_code and not self.interrupted and not self.errors:
            yield f"exit code {self.exit_code} without an error message: {self.stderr[-500:]!r}"

    def _complaints_of_words(self) -> Iterator[str]:
        if self.stderr:
            yield f"stderr: {self.stderr.decode()[-2000:]}"
        for line in self.lines:
            if not line.startswith(b'{"type":"RECORD"') and _PAYLOAD in line:
                yield f"payload in the output: {line[:300]!r}"
        for message in self.said:
            if message["type"] == "LOG" and "Traceback" in json.dumps(message):
                yield f"traceback in a log line: {message['log']['message'][:400]}"
        for error in self.errors:
            if "Something went wrong" in error["message"] or "Traceback" in error["message"]:
                yield f"no sentence for the user: {error['message']} {error['stack_trace']}"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        message: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return message


class Connector:
    """Runs one sync after the other; `folder` takes its files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pipe = folder / "stdout"
        os.mkfifo(self._pipe)
        # measuring the coverage of each process would double what it takes
        quiet = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
        self._launcher = subprocess.Popen(
            [sys.executable, "-m", "integration_tests.torture.launcher"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=quiet,
        )

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
        cold: bool,
    ) -> Run:
        """Sync to the end, or to the interruption."""
        configured = {"streams": [catalog.configured(name) for name in streams]}
        arguments = ["read"]
        for name, content in (("config", config), ("catalog", configured), ("state", state)):
            file = self._folder / f"{name}.json"
            file.write_text(json.dumps(content))
            arguments += [f"--{name}", str(file)]
        stderr = self._folder / "stderr"
        stderr.unlink(missing_ok=True)
        job = {"arguments": arguments, "stdout": str(self._pipe), "stderr": str(stderr)}
        process = int(self._ask({**job, "cold": cold}))
        run = Run()
        with _watched(process, run):
            ended = self._listen(process, run, interruption)
            status, kilobytes = map(int, self._answer().split())
        run.exit_code = os.waitstatus_to_exitcode(status)
        run.megabytes = kilobytes // 1024
        run.stderr = stderr.read_bytes()
        run.ended_after = ended()
        return run

    def _ask(self, job: object) -> str:
        assert self._launcher.stdin
        self._launcher.stdin.write(json.dumps(job) + "\n")
        self._launcher.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._launcher.stdout
        answer = self._launcher.stdout.readline()
        if not answer:
            raise RuntimeError("the launcher of the connector has ended")
        return answer

    def _listen(
        self, process: int, run: Run, interruption: Interruption | None
    ) -> Callable[[], float]:
        """Read the output; return what tells how long ago the sync was interrupted."""
        at = time.monotonic()
        with self._pipe.open("rb") as output:
            if interruption and interruption.lines == 0:
                time.sleep(interruption.seconds)
            while True:
                if interruption and len(run.lines) == interruption.lines and not run.interrupted:
                    at = time.monotonic()
                    run.interrupted = interruption.how
                    if interruption.how == "reader gone":
                        break
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.Signals[interruption.how])
                line = output.readline()
                if not line:
                    break
                run.lines.append(line)
        return lambda: time.monotonic() - at


@contextlib.contextmanager
def _watched(process: int, run: Run) -> Iterator[None]:
    """Make a process that hangs say where, and end it."""

    def give_up() -> None:
        run.hung = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGUSR1)
            time.sleep(1)
            os.kill(process, signal.SIGKILL)

    timer = threading.Timer(_PATIENCE, give_up)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
