"""The connector as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Timer
from typing import IO, Any

from integration_tests.launcher import Launcher
from integration_tests.platform import Output, configured

EXECUTABLE = str(Path(sys.executable).with_name("source-pipedrive"))
_TIMEOUT = 120.0
_LOCK = Lock()
_TO_CLOSE = ExitStack()


@dataclass(frozen=True)
class Connector:
    """The connector with a config; `folder` is its current folder and has its files.

    `run` forks a process in which everything is imported, which saves seconds. With
    `use_executable`, it starts the installed executable instead, as `start` always does.
    """

    folder: Path
    config: dict[str, Any]
    use_executable: bool = False

    def run(self, verb: str, streams: Sequence[str] = (), state: object = None) -> Output:
        """Run a verb to its end."""
        arguments = self._arguments(verb, streams, state)
        if self.use_executable:
            output = run_executable(arguments, self.folder)
        else:
            output = run_forked(arguments, self.folder)
        # a CONTROL message hands a config back to the platform, with its secrets
        lines = [line for line in output.text.split("\n") if '"type":"CONTROL"' not in line]
        for secret in secrets_of(self.config):
            assert secret not in "\n".join(lines), "a secret is in the output"
        return output

    def start(
        self,
        verb: str,
        streams: Sequence[str] = (),
        stdout: int | IO[bytes] = subprocess.PIPE,
        stderr: int | None = None,
        **env: str,
    ) -> subprocess.Popen[str]:
        """Start a verb, by default with a pipe as output; `env` is added to the environment."""
        return subprocess.Popen(
            [EXECUTABLE, *self._arguments(verb, streams, None)],
            stdout=stdout,
            stderr=stderr,
            cwd=self.folder,
            env=os.environ | env,
            text=True,
        )

    def _arguments(self, verb: str, streams: Sequence[str], state: object) -> list[str]:
        files = {
            "config": self.config,
            "catalog": {"streams": [configured(name) for name in streams]},
            "state": state,
        }
        file_count = {"spec": 0, "check": 1, "discover": 1, "read": 3 if state else 2}[verb]
        arguments = [verb]
        for name, content in list(files.items())[:file_count]:
            file = self.folder / f"{name}.json"
            file.write_text(json.dumps(content))
            arguments += [f"--{name}", str(file)]
        return arguments


def secrets_of(config: dict[str, Any]) -> list[str]:
    """Return the API key or the credentials in a config, of whatever form."""
    parts = [config, config.get("credentials", {}), config.get("authorization", {})]
    names = {"api_key", "api_token", "client_secret", "refresh_token", "access_token"}
    return [str(part[name]) for part in parts for name in names & part.keys()]


def run_executable(arguments: list[str], folder: Path) -> Output:
    """Run the installed executable to its end."""
    done = subprocess.run(
        [EXECUTABLE, *arguments],
        stdout=subprocess.PIPE,
        cwd=folder,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    return Output(done.stdout, done.returncode)


def run_forked(arguments: list[str], folder: Path) -> Output:
    """Run the connector to its end, in a process in which everything is imported."""
    with _LOCK:
        launcher = _launcher()
        process_id = launcher.start(arguments, cwd=str(folder))
        timer = Timer(_TIMEOUT, os.kill, (process_id, signal.SIGKILL))
        timer.start()
        try:
            text = launcher.stdout.read_text()
            ended = launcher.wait()
        finally:
            timer.cancel()
    return Output(text, ended.exit_code)


@cache
def _launcher() -> Launcher:
    folder = _TO_CLOSE.enter_context(TemporaryDirectory())
    return _TO_CLOSE.enter_context(Launcher(Path(folder)))


@contextmanager
def launcher_closed_at_the_end() -> Iterator[None]:
    """End the launcher when the block ends, if any test needed it."""
    with _TO_CLOSE:
        yield
    _launcher.cache_clear()
