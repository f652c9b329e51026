"""Runs the connector's command line inside the test, against a Pipedrive that the test makes up."""

import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, Protocol

import pytest
from airbyte_cdk.logger import AirbyteLogFormatter
from airbyte_cdk.sources.declarative import concurrent_declarative_source as cdk
from hypothesis import settings

from source_pipedrive.protocol.stdout import Room
from source_pipedrive.run import run
from source_pipedrive.streams.page_reader import PageRetriever
from unit_tests import catalog
from unit_tests.output import Output
from unit_tests.pipedrive import TOKEN, Api

# neither what is drawn nor a busy machine may decide whether a test passes; to look for more, see
# test_fuzz
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=1_000)
settings.load_profile("repeatable")


class Clock:
    """Time as the connector feels it: its sleeping takes none, and is all that moves it on."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lock = threading.Lock()
        self._yield = time.sleep

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds + 1e-6  # no sleep is exact
        self._yield(0)

    def read(self) -> float:
        return self.now


class Connector(Protocol):
    """`connector("check", config={…})`: a verb of the command line and its files' contents."""

    def __call__(self, verb: str, **files: object) -> Output: ...


class Read(Protocol):
    """`read("deals", state={"deals": {…}}, start_date="2024-05-01")`: streams and settings."""

    def __call__(
        self, *streams: str, state: Mapping[str, object] | None = None, **settings: object
    ) -> Output: ...


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, *rest: Any, **more: Any) -> Any:
        assert host in {None, "127.0.0.1", "::1", "localhost"}, f"a test must not reach for {host}"
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(clock: Clock) -> Iterator[Api]:
    api = Api(clock.read)
    yield api
    api.verify()


@pytest.fixture
def config() -> dict[str, Any]:
    """Settings that spare the requests for the definitions of custom fields."""
    return {"api_key": TOKEN, "custom_fields": "raw"}


@pytest.fixture(scope="session")
def manifest_checks() -> dict[str, Callable[..., Any]]:
    """What the CDK does to every manifest, done once: half of the time of a run."""
    schema = cdk.get_declarative_component_schema()
    checks = [cdk.validate_manifest]
    return {
        "get_declarative_component_schema": lambda: schema,
        "validate_manifest": lambda *given: checks and checks.pop()(*given),
    }


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test with all room for pages: a run that failed has left none of its own."""
    monkeypatch.setattr(Room, "free", threading.Semaphore(10))


@pytest.fixture
def connector(
    api: Api,
    clock: Clock,
    manifest_checks: dict[str, Callable[..., Any]],
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Connector:
    def invoke(verb: str, **files: object) -> Output:
        arguments = ["source-pipedrive", verb]
        for name, content in files.items():
            file = tmp_path / f"{name}.json"
            file.write_text(json.dumps(content))
            arguments += [f"--{name}", str(file)]
        capfd.readouterr()
        with api.reachable(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", arguments)
            patch.setattr(time, "sleep", clock.sleep)
            patch.setattr(time, "monotonic", clock.read)
            for name, check in manifest_checks.items():
                patch.setattr(cdk, name, check)
            _keep_to_itself(patch)
            try:
                run()
            except SystemExit as end:
                code = int(end.code or 0)
            else:
                code = 0
        told = capfd.readouterr()
        assert TOKEN not in told.out + told.err, "the key was told"
        # for the report of a test that fails
        lines = [line for line in told.out.split("\n") if '"RECORD"' not in line]
        sys.stdout.write("\n".join(lines))
        return Output(told.out, code)

    return invoke


def _keep_to_itself(patch: pytest.MonkeyPatch) -> None:
    """Undo, after a run, what a process of its own would take with it."""

    def leave(code: int) -> NoReturn:
        raise SystemExit(code)

    console = logging.StreamHandler()
    console.setFormatter(AirbyteLogFormatter())
    patch.setattr(logging.root, "handlers", [console])
    # PyAirbyte, which some tests import, keeps this logger to itself
    logger = logging.getLogger("airbyte")
    for name, value in {"handlers": [], "propagate": True, "disabled": False}.items():
        patch.setattr(logger, name, value)
    patch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    patch.setattr(os, "_exit", leave)
    patch.setattr(signal, "signal", lambda *_: None)
    patch.setattr(sys, "excepthook", sys.excepthook)
    patch.setattr(sys, "stdout", sys.stdout)
    patch.setattr(sys, "setswitchinterval", lambda _: None)
    patch.setattr(gc, "disable", lambda: None)
    patch.setattr(gc, "freeze", lambda: None)
    patch.setattr(gc, "set_threshold", lambda *_: None)
    patch.setattr(PageRetriever, "whole_pages", PageRetriever.whole_pages)


@pytest.fixture
def read(connector: Connector, config: dict[str, Any]) -> Read:
    def invoke(
        *streams: str, state: Mapping[str, object] | None = None, **settings: object
    ) -> Output:
        states = [
            {
                "type": "STREAM",
                "stream": {"stream_descriptor": {"name": name}, "stream_state": content},
            }
            for name, content in (state or {}).items()
        ]
        return connector(
            "read",
            config={**config, **settings},
            catalog={"streams": [catalog.configured(name) for name in streams]},
            state=states,
        )

    return invoke
