"""Runs the connector's command line inside the test process, against a stand-in for Pipedrive."""

import gc
import json
import logging
import os
import pickle
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, Protocol

import pytest
from airbyte_cdk.logger import AirbyteLogFormatter
from airbyte_cdk.sources.declarative import concurrent_declarative_source as cdk
from hypothesis import settings

from integration_tests.platform import Output, configured
from source_pipedrive.run import run
from unit_tests.pipedrive import OAUTH_SECRETS, TOKEN, Api

# Neither random examples nor a busy machine may decide whether a test passes. For more examples,
# see test_fuzz.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=1_000)
settings.load_profile("repeatable")


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all imported modules during the tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


class Clock:
    """The connector's clock: only its own waiting moves it on, and takes no time."""

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
    """`connector("check", config={…})` runs a command with the contents of its files."""

    def __call__(self, verb: str, **files: object) -> Output: ...


class Read(Protocol):
    """`read("deals", state={"deals": {…}}, start_date="2024-05-01")` reads streams."""

    def __call__(
        self, *streams: str, state: Mapping[str, object] | None = None, **settings: object
    ) -> Output: ...


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, *rest: Any, **more: Any) -> Any:
        assert host in {None, "127.0.0.1", "::1", "localhost"}, f"a test must not connect to {host}"
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
    """Settings without requests for field definitions."""
    return {"api_key": TOKEN, "custom_fields": "raw"}


@pytest.fixture(scope="session", autouse=True)
def _manifest_work() -> Iterator[None]:
    """Have the CDK resolve and validate a manifest once a session, and not once a run."""
    source = cdk.ConcurrentDeclarativeSource
    resolve = source._pre_process_manifest  # noqa: SLF001 - no public method has the same effect
    validate = cdk.validate_manifest
    resolved: dict[bytes, bytes] = {}
    validated: set[bytes] = set()

    def resolve_once(self: Any, manifest: dict[str, Any]) -> Any:
        # a copy each time, because the CDK changes it
        written = pickle.dumps(manifest)
        if written not in resolved:
            resolved[written] = pickle.dumps(resolve(self, manifest))
        return pickle.loads(resolved[written])  # noqa: S301 - our own

    def validate_once(manifest: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
        written = pickle.dumps(manifest)
        if written not in validated:
            validate(manifest, schema)
        validated.add(written)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_pre_process_manifest", resolve_once)
        patch.setattr(cdk, "validate_manifest", validate_once)
        read_schema = cache(cdk.get_declarative_component_schema)
        patch.setattr(cdk, "get_declarative_component_schema", read_schema)
        yield


@pytest.fixture
def connector(
    api: Api,
    clock: Clock,
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
        with (
            api.reachable(),
            warnings.catch_warnings(),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(sys, "argv", arguments)
            patch.setattr(time, "sleep", clock.sleep)
            patch.setattr(time, "monotonic", clock.read)
            _contain(patch)
            try:
                run()
            except SystemExit as end:
                code = int(end.code or 0)
            else:
                code = 0
        written = capfd.readouterr()
        # a CONTROL message hands a config back to the platform, with its secrets
        others = [line for line in written.out.split("\n") if '"type":"CONTROL"' not in line]
        for secret in (TOKEN, *OAUTH_SECRETS):
            assert secret not in "\n".join([*others, written.err]), "a secret is in the output"
        # for the report of a test that fails
        lines = [line for line in written.out.split("\n") if '"RECORD"' not in line]
        sys.stdout.write("\n".join(lines))
        return Output(written.out, code)

    return invoke


def _contain(patch: pytest.MonkeyPatch) -> None:
    """Undo after a run what it changes in its process."""

    def leave(code: int) -> NoReturn:
        raise SystemExit(code)

    console = logging.StreamHandler()
    console.setFormatter(AirbyteLogFormatter())
    patch.setattr(logging.root, "handlers", [console])
    # PyAirbyte, which some tests import, changes this logger
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
            catalog={"streams": [configured(name) for name in streams]},
            state=states,
        )

    return invoke
