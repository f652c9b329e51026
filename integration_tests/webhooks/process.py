"""The receiver in a process of its own: `source-pipedrive webhooks serve`."""

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from click.testing import CliRunner

from source_pipedrive.webhooks.cli import main
from unit_tests.inbox.deliveries import CREDENTIALS

SERVE = [sys.executable, "-m", "source_pipedrive", "webhooks", "serve"]
_TOKEN = "test-token-8c1f6b2e90d4"  # noqa: S105 - opens nothing
_NO_SPACE = 4096


@dataclass(frozen=True)
class RunningReceiver:
    """A receiver that accepts requests at `url`, which ends with a slash."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def kill(self) -> None:
        """End it at once, as a power failure does."""
        self.process.kill()
        self.process.wait()

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Let it write files of a few kilobytes only, as if the disk were full."""
        pid, kind = self.process.pid, resource.RLIMIT_FSIZE
        before = resource.prlimit(pid, kind)
        resource.prlimit(pid, kind, (_NO_SPACE, before[1]))
        yield
        resource.prlimit(pid, kind, before)

    def metric(self, name: str) -> float:
        """Read one value of `/metrics`, such as `duplicates_total`."""
        lines = requests.get(f"{self.url}metrics", timeout=30).text.splitlines()
        prefix = f"pipedrive_webhooks_{name} "
        return next(float(line.removeprefix(prefix)) for line in lines if line.startswith(prefix))

    @property
    def is_ready(self) -> bool:
        """Whether the receiver accepts events."""
        return requests.get(f"{self.url}health", timeout=30).status_code == 200


def settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config of a receiver that expects `CREDENTIALS`."""
    user, password = CREDENTIALS
    return {"api_key": _TOKEN, "webhook_user": user, "webhook_password": password, **config}


def free_port() -> int:
    """Find a free port, so that a receiver can be started on it twice."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def run_webhooks(folder: Path, config: Mapping[str, Any], command: str, *options: str) -> None:
    """Run a command of `webhooks` to its end, in the process of the test."""
    file = folder / "webhooks.json"
    file.write_text(json.dumps(settings(config)))
    result = CliRunner().invoke(main, [command, f"--config={file}", *options])
    assert result.exit_code == 0, result.output


@contextmanager
def running_receiver(
    inbox: str,
    *options: str,
    port: int = 0,
    config: Mapping[str, Any] | None = None,
) -> Iterator[RunningReceiver]:
    """Run a receiver during the block."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "config.json")
        file.write_text(json.dumps(settings(config or {})))
        serve = [*SERVE, f"--config={file}", f"--inbox={inbox}", f"--port={port}"]
        with (
            Path(folder, "log").open("w+") as log,
            subprocess.Popen(
                [*serve, *options],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                text=True,
            ) as process,
        ):
            try:
                announcement = process.stdout.readline() if process.stdout else ""
                assert announcement, Path(log.name).read_text()
                yield RunningReceiver(announcement.split()[-1], process, Path(log.name))
            finally:
                process.terminate()
