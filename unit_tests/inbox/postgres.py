"""A PostgreSQL server for tests, if PostgreSQL is installed."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest

_NUMBERS = count(1)


class Postgres:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._server = f"postgresql://postgres@127.0.0.1:{port}"

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        """Return once it accepts connections."""
        while process.poll() is None:
            with suppress(psycopg.OperationalError):
                psycopg.connect(f"{self._server}/postgres").close()
                return

    def new_database(self, encoding: str = "UTF8") -> str:
        """Create an empty database; return its URL."""
        name = f"inbox_{next(_NUMBERS)}"
        options = f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" {options}'.encode())
        return f"{self._server}/{name}"


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """Start a server in a temporary folder. Skips the test if PostgreSQL is not installed.

    If `durable` is true, a commit waits for the disk, as in production.
    """
    binaries = _binaries()
    # PostgreSQL refuses to run as root
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        initialize = f"{binaries}/initdb -D {data} -A trust -U postgres -E UTF8 --no-sync".split()
        subprocess.run(initialize, user=user, cwd=folder, check=True, capture_output=True)
        server = Postgres(_free_port())
        serve = f"{binaries}/postgres -D {data} -p {server.port} -k {folder}".split()
        serve += [] if durable else ["-F"]
        with (
            Path(folder, "log").open("w") as log,
            subprocess.Popen(serve, user=user, cwd=folder, stderr=log) as process,
        ):
            try:
                server.wait(process)
                yield server
            finally:
                process.send_signal(signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def is_installed() -> bool:
    """Whether PostgreSQL is installed."""
    return bool(_installed())


def _installed() -> list[Path]:
    on_path = shutil.which("initdb")
    installed = [Path(on_path)] if on_path else []
    return installed + sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _binaries() -> Path:
    installed = _installed()
    if not installed:
        pytest.skip("PostgreSQL (initdb) is not installed, so this test cannot run")
    return installed[-1].resolve().parent
