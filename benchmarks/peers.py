# ruff: noqa: INP001 - a script
"""The connector beside others: `python -m benchmarks.peers`, from the repository.

The same account, read whole by each with the settings it comes with, the others in virtual
environments of their own. Who cannot be installed is left out, and that is said. What is missing
are rows that the account holds and nobody brought, archived and deleted deals included.

`tap-pipedrive` (Singer) has no setting for the host, so its constant is set before it starts.
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

from benchmarks.runs import (
    CONSOLE,
    OURS,
    PLAIN,
    Connector,
    Run,
    account,
    figures,
    measure,
    read,
    show,
    show_circumstances,
)
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
    """A virtual environment with one distribution and what that wants."""

    distribution: str
    python: str

    @classmethod
    def made(cls, folder: Path, distribution: str, requirement: str) -> "Environment | None":
        """Install, unless that was done before; None where it cannot be."""
        python = folder / distribution / "bin" / "python"
        if not python.exists():
            venv.create(folder / distribution, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", requirement]
        done = subprocess.run(install, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
            CONSOLE.print(f"{requirement} is left out, it cannot be installed: {reason}")
            return None
        return cls(distribution, str(python))

    @property
    def version(self) -> str:
        """The version that was installed."""
        told = f"import importlib.metadata as m; print(m.version('{self.distribution}'))"
        answer = subprocess.run(  # noqa: S603
            [self.python, "-c", told], capture_output=True, text=True, check=True
        )
        return answer.stdout.strip()


def read_with_tap(python: str, sandbox: RunningSandbox) -> Run:
    """Have the tap discover, and read the streams."""
    config = {"api_token": sandbox.token, "start_date": "2000-01-01T00:00:00Z"}
    with TemporaryDirectory() as folder:
        command = [python, "-c", _TAP, sandbox.url, "--config", _written(folder, "config", config)]
        discovered = subprocess.run(  # noqa: S603
            [*command, "--discover"], capture_output=True, check=True
        )
        catalog = json.loads(discovered.stdout)
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in _STREAMS
        run, code = measure([*command, "--catalog", _written(folder, "catalog", catalog)], sandbox)
    if code:
        raise RuntimeError(f"the tap ended with {code}")
    return run


def _written(folder: str, name: str, content: object) -> str:
    file = Path(folder, f"{name}.json")
    file.write_text(json.dumps(content))
    return str(file)


def readers(folder: Path) -> dict[str, Reader]:
    """Return who takes part, with their versions."""
    ours = f"source-pipedrive {version('source-pipedrive')}"
    found: dict[str, Reader] = {ours: lambda sandbox: read(OURS, sandbox, _STREAMS)}
    cdk = f"airbyte-cdk=={version('airbyte-cdk')}"
    if made := Environment.made(folder, "airbyte-cdk", cdk):
        plain = Connector(PLAIN.name, [made.python, *PLAIN.command[1:]])
        found[f"plain manifest, airbyte-cdk {made.version}"] = lambda sandbox: read(
            plain, sandbox, _STREAMS
        )
    if made := Environment.made(folder, "tap-pipedrive", "tap-pipedrive"):
        python = made.python
        found[f"tap-pipedrive {made.version}"] = lambda sandbox: read_with_tap(python, sandbox)
    return found


def missing(run: Run, held: Mapping[str, set[bytes]]) -> int:
    """Count the rows of the account that did not arrive."""
    return sum(len(held[stream] - run.ids[stream]) for stream in _STREAMS)


def _line(name: str, run: Run, held: Mapping[str, set[bytes]]) -> Sequence[str]:
    return [name, *figures([run], _SHOWN), f"{missing(run, held):,}"]


def main() -> None:
    """Let each read the account once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, default=10_000, help="all other sizes follow it")
    parser.add_argument("--environments", type=Path, help="a folder for them, to use them again")
    given = parser.parse_args()
    show_circumstances()
    sizes: dict[str, int | str] = {"deals": given.deals, "only": ",".join(_STREAMS)}
    with TemporaryDirectory() as folder, account(None, sizes) as sandbox:
        taking_part = readers(given.environments or Path(folder))
        held = {
            stream: {str(row["id"]).encode() for row in sandbox.rows(stream)} for stream in _STREAMS
        }
        lines = [_line(name, reader(sandbox), held) for name, reader in taking_part.items()]
    show("Peers", ["", *_SHOWN, "rows missing"], lines)


if __name__ == "__main__":
    main()
