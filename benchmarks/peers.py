# ruff: noqa: INP001 - a script
"""Compares the connector with others: `python -m benchmarks.peers`.

Each reads the same account completely, with its default settings; the others run in virtual
environments of their own. A connector that cannot be installed is skipped, with a message. `rows
missing` counts rows of the account that the connector did not emit. These include archived and
deleted deals.

`tap-pipedrive` (Singer) has no setting for the host, so its constant is replaced at the start.
"""

import argparse
import json
import subprocess
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import CONSOLE, medians, show, show_environment
from benchmarks.runs import OURS, PLAIN_MANIFEST, Connector, Run, measure, read, running_account
from pipedrive_sandbox.client import RunningSandbox

_STREAMS = ("deals", "persons", "organizations", "activities", "products", "notes")
_SHOWN = ("rows", "seconds", "rows/s", "CPU s", "peak RSS MB", "requests", "tokens")
_TAP = (
    "import sys, tap_pipedrive.tap; tap_pipedrive.tap.BASE_URL = sys.argv.pop(1);"
    "from tap_pipedrive.cli import main; main()"
)

Reader = Callable[[RunningSandbox], Run]


@dataclass(frozen=True)
class Environment:
    """A virtual environment with one distribution and its dependencies."""

    distribution: str
    python: str

    @classmethod
    def install(cls, folder: Path, distribution: str, requirement: str) -> "Environment | None":
        """Install the requirement unless it is there; return None if that fails."""
        python = folder / distribution / "bin" / "python"
        if not python.exists():
            venv.create(folder / distribution, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", requirement]
        done = subprocess.run(  # noqa: S603 - its own Python
            install, capture_output=True, text=True, check=False
        )
        if done.returncode:
            reason = (done.stderr.strip() or "pip gives no reason").splitlines()[-1]
            CONSOLE.print(f"{requirement} is skipped, because it cannot be installed: {reason}")
            return None
        return cls(distribution, str(python))

    @property
    def version(self) -> str:
        """The installed version."""
        script = f"import importlib.metadata as m; print(m.version('{self.distribution}'))"
        done = subprocess.run(  # noqa: S603 - its own Python
            [self.python, "-c", script], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


def read_with_tap(python: str, sandbox: RunningSandbox) -> Run:
    """Discover the tap's catalog, and read the streams with it."""
    config = {"api_token": sandbox.token, "start_date": "2000-01-01T00:00:00Z"}
    with TemporaryDirectory() as folder:
        config_file = _write_json(folder, "config", config)
        command = [python, "-c", _TAP, sandbox.url, "--config", config_file]
        discovered = subprocess.run(  # noqa: S603 - the tap
            [*command, "--discover"], capture_output=True, check=True
        )
        catalog = json.loads(discovered.stdout)
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in _STREAMS
        catalog_file = _write_json(folder, "catalog", catalog)
        run, exit_code = measure([*command, "--catalog", catalog_file], sandbox)
    if exit_code:
        raise RuntimeError(f"tap-pipedrive failed with exit code {exit_code}")
    return run


def _write_json(folder: str, name: str, content: object) -> str:
    file = Path(folder, f"{name}.json")
    file.write_text(json.dumps(content))
    return str(file)


def readers(folder: Path) -> dict[str, Reader]:
    """Return the connectors that can run, by name and version."""
    ours = f"source-pipedrive {version('source-pipedrive')}"
    found: dict[str, Reader] = {ours: lambda sandbox: read(OURS, sandbox, _STREAMS)}
    cdk = f"airbyte-cdk=={version('airbyte-cdk')}"
    if environment := Environment.install(folder, "airbyte-cdk", cdk):
        plain = Connector(PLAIN_MANIFEST.name, [environment.python, *PLAIN_MANIFEST.command[1:]])
        found[f"plain manifest, airbyte-cdk {environment.version}"] = lambda sandbox: read(
            plain, sandbox, _STREAMS
        )
    if environment := Environment.install(folder, "tap-pipedrive", "tap-pipedrive"):
        python = environment.python
        found[f"tap-pipedrive {environment.version}"] = lambda sandbox: read_with_tap(
            python, sandbox
        )
    return found


def missing_rows(run: Run, ids: Mapping[str, set[bytes]]) -> int:
    """Count the rows of the account that were not emitted."""
    return sum(len(ids[stream] - run.ids[stream]) for stream in _STREAMS)


def _line(name: str, run: Run, ids: Mapping[str, set[bytes]]) -> Sequence[str]:
    return [name, *medians([run], _SHOWN), f"{missing_rows(run, ids):,}"]


def main() -> None:
    """Read the account once with each connector."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, default=10_000, help="other sizes depend on this one")
    parser.add_argument("--environments", type=Path, help="folder in which they are reused")
    options = parser.parse_args()
    show_environment()
    sizes: dict[str, int | str] = {"deals": options.deals, "only": ",".join(_STREAMS)}
    with TemporaryDirectory() as folder, running_account(None, sizes) as sandbox:
        connectors = readers(options.environments or Path(folder))
        ids = {
            stream: {str(row["id"]).encode() for row in sandbox.rows(stream)} for stream in _STREAMS
        }
        lines = [_line(name, reader(sandbox), ids) for name, reader in connectors.items()]
    show("Comparison with other connectors", ["", *_SHOWN, "rows missing"], lines)


if __name__ == "__main__":
    main()
