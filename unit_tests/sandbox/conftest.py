"""A sandbox served from a thread of the test process, on a real socket."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from typing import TYPE_CHECKING

import pytest
import requests
import uvicorn

from pipedrive_sandbox.__main__ import build_sandbox, parse
from pipedrive_sandbox.server import configuration
from unit_tests.sandbox.client import TOKEN, Client
from unit_tests.sandbox.receiver import hooked, receiver

__all__ = ["hooked", "receiver"]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START = "2026-03-04T05:06:07Z"


@contextlib.contextmanager
def serving(path: Path, *arguments: str) -> Iterator[Client]:
    options = parse(["--token", TOKEN, "--burst", "0", "--now", START, *arguments])
    sandbox = build_sandbox(options, path)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(configuration(sandbox))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with requests.Session() as session:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield Client(url=url, session=session, token=TOKEN, sandbox=sandbox)
    finally:
        server.should_exit = True
        thread.join()
        sandbox.store.close()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An account with every kind of row, which no test may change."""
    path = tmp_path_factory.mktemp("sandbox") / "whole.db"
    with serving(path, "--deals", "700", "--activities", "600", "--persons", "700") as client:
        yield client


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small account, filled once and copied for each test that changes one."""
    path = tmp_path_factory.mktemp("sandbox") / "template.db"
    sandbox = build_sandbox(parse(["--deals", "40", "--now", START]), path)
    sandbox.store.close()
    return path


@pytest.fixture
def start(template: Path, tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Start a sandbox of the test's own: a copy of the small account, or filled anew."""
    with contextlib.ExitStack() as stack:

        def begin(*arguments: str, anew: bool = False) -> Client:
            path = tmp_path / f"{len(list(tmp_path.iterdir()))}.db"
            if not anew:
                shutil.copy(template, path)
            return stack.enter_context(serving(path, "--deals", "40", *arguments))

        yield begin


@pytest.fixture
def own(start: Callable[..., Client]) -> Client:
    """A small account that the test may change."""
    return start()
