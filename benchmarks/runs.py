# ruff: noqa: INP001 - a script's part
"""Runs connectors as processes of their own against a sandbox, and prints what they took.

Linux only: the memory of a running process is read from `/proc`.
"""

import json
import os
import platform
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from pipedrive_sandbox.data.sizes import Sizes
from unit_tests import catalog
from unit_tests.output import Output

# Airbyte's records, and Singer's; what has an id has it first
_RECORD = re.compile(
    rb'{"type": ?"RECORD", ?(?:"record": ?{)?"stream": ?"(\w+)", ?"(?:data|record)": ?'
    rb'{(?:"id": ?"?([^,"}]+))?'
)
_ARCHIVED = b'"is_archived":true'
_SAMPLED_EVERY = 0.1
MEGABYTE = 1_000_000

CONSOLE = Console(width=160)


@dataclass(frozen=True)
class Connector:
    """A program that speaks the Airbyte protocol; `settings` come beside key and address."""

    name: str
    command: Sequence[str]
    settings: Mapping[str, Any] = field(default_factory=dict)


OURS = Connector("source-pipedrive", [str(Path(sys.executable).with_name("source-pipedrive"))])
PLAIN = Connector("plain manifest", [sys.executable, str(Path(__file__).with_name("plain.py"))])
CEILING = Connector("plain Python", [sys.executable, str(Path(__file__).with_name("ceiling.py"))])


@dataclass
class Run:
    """What a process did, and what it took: seconds, CPU seconds, bytes.

    `rows` counts records by stream and list (`live`, `archived`), `ids` are the different ones,
    `said` is everything else that the process wrote. Requests and tokens are the sandbox's books.
    """

    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    ids: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    said: Output = field(default_factory=lambda: Output(""))
    written: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    requests: int = 0
    tokens: int = 0

    @property
    def total(self) -> int:
        """All rows, repeated ones included."""
        return self.rows.total()

    @property
    def by_stream(self) -> Counter[str]:
        """Rows of all lists of a stream together."""
        counted = Counter[str]()
        for (stream, _), count in self.rows.items():
            counted[stream] += count
        return counted


@contextmanager
def account(
    keep: Path | None, options: Mapping[str, int | str], *, gzip: bool = True
) -> Iterator[RunningSandbox]:
    """Run a sandbox; with `keep`, fill each account once and find it there the next time.

    Neither the burst limit nor the daily budget is in the way, unless the options say so.
    """
    given = {"burst": 2_000, "daily_budget": 0, **options}
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        sizes = {name: given[name] for name in ("only", *Sizes.names()) if name in given}
        name = ",".join(f"{kind}={size}" for kind, size in sizes.items())
        given["database"] = str(keep / f"{name}.db")
    with running_sandbox(**given) as sandbox:
        sandbox.control("settings", "POST", gzip=gzip)
        yield sandbox


def read(
    connector: Connector,
    sandbox: RunningSandbox,
    streams: Sequence[str],
    state: object = None,
    bytes_per_second: float | None = None,
) -> Run:
    """Have a connector read streams, and take it down if it fails."""
    files = {
        "config": {**sandbox.config, **connector.settings},
        "catalog": {"streams": [catalog.configured(name) for name in streams]},
        "state": state,
    }
    with TemporaryDirectory() as folder:
        command = [*connector.command, "read"]
        for name, content in files.items():
            if content:
                file = Path(folder, f"{name}.json")
                file.write_text(json.dumps(content))
                command += [f"--{name}", str(file)]
        run, code = measure(command, sandbox, bytes_per_second)
    if code:
        raise RuntimeError(f"{connector.name} failed: {run.said.errors}")
    return run


def measure(
    command: Sequence[str], sandbox: RunningSandbox, bytes_per_second: float | None = None
) -> tuple[Run, int]:
    """Run a command to its end, its output a pipe that is read; return its exit code too."""
    sandbox.control("counters", "DELETE")
    run, lines = Run(), list[bytes]()
    began = sampled = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - ours
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=MEGABYTE
    )
    assert process.stdout  # noqa: S101 - for the type checker
    for line in process.stdout:
        run.written += len(line)
        if record := _RECORD.match(line):
            stream = record[1].decode()
            run.rows[stream, "archived" if _ARCHIVED in line else "live"] += 1
            if record[2]:
                run.ids[stream].add(record[2])
        else:
            lines.append(line)
        now = time.monotonic()
        if now - sampled > _SAMPLED_EVERY:
            run.peak, sampled = _peak(process.pid) or run.peak, now
        if bytes_per_second and (ahead := run.written / bytes_per_second - (now - began)) > 0:
            time.sleep(ahead)
    _, status, used = os.wait4(process.pid, 0)
    run.seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    run.cpu = used.ru_utime + used.ru_stime
    run.said = Output(b"".join(lines).decode())
    counters = sandbox.control("counters")
    run.requests, run.tokens = counters["requests"], counters["tokens"]
    return run, process.returncode


def _peak(pid: int) -> int:
    """The most memory that a process has held; `ru_maxrss` would count its parent's as well."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


@dataclass(frozen=True)
class Column:
    """A figure of a run, and the form in which it stands in a table."""

    of: Callable[[Run], float]
    form: str = ",.0f"

    def median(self, runs: Iterable[Run]) -> float:
        """The middle one of several runs."""
        return median(map(self.of, runs))


COLUMNS = {
    "rows": Column(lambda run: run.total),
    "MB written": Column(lambda run: run.written / MEGABYTE),
    "seconds": Column(lambda run: run.seconds, ",.1f"),
    "CPU s": Column(lambda run: run.cpu, ",.1f"),
    "rows/s": Column(lambda run: run.total / run.seconds),
    "CPU us/row": Column(lambda run: run.cpu / run.total * 1e6 if run.total else 0),
    "peak RSS MB": Column(lambda run: run.peak / MEGABYTE),
    "requests": Column(lambda run: run.requests),
    "tokens": Column(lambda run: run.tokens),
}


def figures(runs: Sequence[Run], columns: Iterable[str] = COLUMNS) -> list[str]:
    """Write out what runs took, in the middle."""
    return [format(COLUMNS[name].median(runs), COLUMNS[name].form) for name in columns]


def show_runs(title: str, runs: Mapping[str, Sequence[Run]]) -> None:
    """Print the medians of each, and how the first stands to the last."""
    first, *_, last = runs.values()
    stands = [(column.median(first), column.median(last)) for column in COLUMNS.values()]
    lines = [[name, *figures(each)] for name, each in runs.items()]
    lines.append(["ratio", *(f"{ours / theirs:.2f}" if theirs else "" for ours, theirs in stands)])
    show(title, ["", *COLUMNS], lines)


def show(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print a table, ready for a Markdown file; all columns but the first are numbers."""
    table = Table(box=MARKDOWN)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    CONSOLE.print(f"\n{title}\n", table)


def show_circumstances() -> None:
    """Print what every figure depends on."""
    command = " ".join(["python", *sys.orig_argv[1:]])
    CONSOLE.print(
        f"`{command}`: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, airbyte-cdk {version('airbyte-cdk')}"
    )
