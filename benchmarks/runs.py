# ruff: noqa: INP001 - part of the benchmark scripts
"""Runs connectors as processes against a sandbox, and measures them.

Linux only: the memory of a running process is read from `/proc`.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from integration_tests.platform import Output, configured
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from pipedrive_sandbox.data.sizes import Sizes

# records of Airbyte and of Singer; rows that have an `id` have it first
_RECORD = re.compile(
    rb'{"type": ?"RECORD", ?(?:"record": ?{)?"stream": ?"(\w+)", ?"(?:data|record)": ?'
    rb'{(?:"id": ?"?([^,"}]+))?'
)
_IS_ARCHIVED = b'"is_archived":true'
_SECONDS_BETWEEN_SAMPLES = 0.1
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Connector:
    """A program that speaks the Airbyte protocol; `settings` are added to its config."""

    name: str
    command: Sequence[str]
    settings: Mapping[str, Any] = field(default_factory=dict)


OURS = Connector("source-pipedrive", [str(Path(sys.executable).with_name("source-pipedrive"))])
PLAIN_MANIFEST = Connector(
    "plain manifest", [sys.executable, str(Path(__file__).with_name("plain_manifest.py"))]
)
PLAIN_PYTHON = Connector(
    "plain Python", [sys.executable, str(Path(__file__).with_name("plain_python.py"))]
)


@dataclass
class Run:
    """What a process wrote, and what it took.

    `row_counts` counts records by stream and list (`active` or `archived`). `ids` are the distinct
    ids by stream. `output` is everything but the records. The sandbox counts requests and tokens.
    """

    row_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    ids: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    output: Output = field(default_factory=lambda: Output(""))
    bytes_written: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    requests: int = 0
    tokens: int = 0

    @property
    def row_count(self) -> int:
        """All rows, repeated ones included."""
        return self.row_counts.total()

    @property
    def rows_by_stream(self) -> Counter[str]:
        """The rows of all lists of a stream together."""
        counted = Counter[str]()
        for (stream, _), count in self.row_counts.items():
            counted[stream] += count
        return counted


@contextmanager
def running_account(
    folder: Path | None, options: Mapping[str, int | str], *, gzip: bool = True
) -> Iterator[RunningSandbox]:
    """Run a sandbox; with a `folder`, store the filled account there, and reuse it next time.

    The burst limit is high and there is no daily budget, unless `options` say otherwise.
    """
    # no other connector should fail on a zero date, and figures stay comparable with earlier ones
    all_options = {"burst": 2_000, "daily_budget": 0, "oddities": "none", **options}
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        names = ("only", *Sizes.names())
        sizes = [f"{name}={all_options[name]}" for name in names if name in all_options]
        all_options["database"] = str(folder / f"{','.join(sizes)}.db")
    with running_sandbox(**all_options) as sandbox:
        sandbox.control("settings", "POST", gzip=gzip)
        yield sandbox


def read(
    connector: Connector,
    sandbox: RunningSandbox,
    streams: Sequence[str],
    state: object = None,
    bytes_per_second: float | None = None,
) -> Run:
    """Read streams with a connector; raise an error if it fails."""
    files = {
        "config": {**sandbox.config, **connector.settings},
        "catalog": {"streams": [configured(name) for name in streams]},
        "state": state,
    }
    with TemporaryDirectory() as folder:
        command = [*connector.command, "read"]
        for name, content in files.items():
            if content:
                file = Path(folder, f"{name}.json")
                file.write_text(json.dumps(content))
                command += [f"--{name}", str(file)]
        run, exit_code = measure(command, sandbox, bytes_per_second)
    if exit_code:
        raise RuntimeError(f"{connector.name} failed: {run.output.errors}")
    return run


def measure(
    command: Sequence[str], sandbox: RunningSandbox, bytes_per_second: float | None = None
) -> tuple[Run, int]:
    """Run a command to its end; return what it took, and its exit code.

    Its output is read from a pipe, at most `bytes_per_second` of it.
    """
    sandbox.control("counters", "DELETE")
    run, other_lines = Run(), list[bytes]()
    start = last_sample = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - a command of these benchmarks
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=MEGABYTE
    )
    assert process.stdout  # noqa: S101 - for the type checker
    for line in process.stdout:
        run.bytes_written += len(line)
        if record := _RECORD.match(line):
            stream = record[1].decode()
            run.row_counts[stream, "archived" if _IS_ARCHIVED in line else "active"] += 1
            if record[2]:
                run.ids[stream].add(record[2])
        else:
            other_lines.append(line)
        now = time.monotonic()
        if now - last_sample > _SECONDS_BETWEEN_SAMPLES:
            run.peak_memory, last_sample = _peak_memory(process.pid) or run.peak_memory, now
        if bytes_per_second:
            ahead = run.bytes_written / bytes_per_second - (now - start)
            time.sleep(max(0, ahead))
    _, status, usage = os.wait4(process.pid, 0)
    run.seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    run.cpu_seconds = usage.ru_utime + usage.ru_stime
    run.output = Output(b"".join(other_lines).decode())
    counters = sandbox.control("counters")
    run.requests, run.tokens = counters["requests"], counters["tokens"]
    return run, process.returncode


def _peak_memory(pid: int) -> int:
    """Return the most memory a process has used; `ru_maxrss` would include that of its parent."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0
