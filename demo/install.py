"""Installs packages into a virtual environment, and shows that it is working on it.

`python -m demo.install .venv -e '.[dev,sync]'`

It runs before anything is installed, so it needs nothing but Python. uv takes a tenth of pip's
time, and PyAirbyte requires it anyway; pip does what uv cannot.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

# an old pip does not know the platforms of new wheels
_TOOLS = ("pip", "setuptools", "uv>=0.8,<0.9")
# settings of pip, and the variables by which uv has the same ones
_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "cert": "SSL_CERT_FILE",
}


def main(folder: Path, packages: Sequence[str]) -> int:
    """Install packages, and return 0; or print what went wrong, and return 1."""
    python, log = folder / "bin" / "python", folder / "log"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    uv = [str(python), "-m", "uv", "pip", "install", "--python", str(python)]
    began = time.monotonic()
    has_uv = _run([*pip, "install", "--upgrade", *_TOOLS], log, began) == 0
    is_done = has_uv and _run([*uv, *packages], log, began, _settings_for_uv(pip)) == 0
    if not is_done and _run([*pip, "install", *packages], log, began):
        print(log.read_text("utf-8", "replace"), file=sys.stderr)
        print("The installation failed. See the error above, then run make again.")
        # what is half-made would get in the way of the next try
        shutil.rmtree(folder)
        return 1
    count = len([*folder.glob("lib/python3*/site-packages/*.dist-info")])
    print(f"Installed {count} packages in {time.monotonic() - began:.0f} s.")
    return 0


def _settings_for_uv(pip: Sequence[str]) -> Mapping[str, str]:
    """Return the variables for uv, which does not read pip's settings."""
    listed = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False)
    found = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        if variable := _SETTINGS.get(name.rpartition(".")[2]):
            found[variable] = value.strip("'\"").replace("\\n", " ")
    # as pip, which takes the newest version of all indexes
    return {**found, "UV_INDEX_STRATEGY": "unsafe-best-match"}


def _run(
    command: Sequence[str], log: Path, began: float, settings: Mapping[str, str] | None = None
) -> int:
    """Run a command to its end, with its output in the log; on a terminal, count the seconds."""
    parent = os.getppid()
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(settings or {})},
        ) as process,
    ):
        while process.poll() is None:
            if sys.stdout.isatty():
                print(f"\r{time.monotonic() - began:.0f} s ", end="", flush=True)
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)
            if os.getppid() != parent:
                # make was killed, and the next make must not meet this process
                process.kill()
                sys.exit(1)
    if sys.stdout.isatty():
        # the next line takes the place of the count
        print("\r", end="")
    return process.returncode


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
    except KeyboardInterrupt:
        # make says that it was interrupted
        sys.exit(130)
