"""Runs the connector for PyAirbyte in this process."""

import json
from collections.abc import Iterator
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive.webhooks.targets.pyairbyte import Executor
from source_pipedrive.webhooks.targets.repeated import RepeatedSource


class InProcessExecutor(Executor):
    """Runs the connector in this process. PyAirbyte's own executors start one, which takes seconds.

    PyAirbyte ends a sync at the first stream that fails, for example because the company lacks an
    add-on. So errors of single streams are removed from the output and collected in `failures`.
    """

    def __init__(self) -> None:
        super().__init__(name="source-pipedrive")
        self.failures: dict[str, str] = {}

    @property
    def _cli(self) -> list[str]:
        return []

    def execute(self, args: list[str], **_: Any) -> Iterator[str]:
        parsed = AirbyteEntrypoint.parse_args(args)
        read = {
            "catalog": RepeatedSource.read_catalog,
            "config": RepeatedSource.read_config,
            "state": RepeatedSource.read_state,
        }
        files = {
            name: read[name](path) for name, path in vars(parsed).items() if name in read and path
        }
        source = RepeatedSource(**files, config_path=getattr(parsed, "config", None))
        try:
            for message in AirbyteEntrypoint(source).run(parsed):
                if '"type":"ERROR"' not in message or not self._collect_failure(message):
                    yield message
        except AirbyteTracedException:
            # the CDK raises it at the end of a sync in which streams failed
            if not self.failures:
                raise

    def _collect_failure(self, line: str) -> bool:
        trace = json.loads(line).get("trace") or {}
        stream = (trace.get("error") or {}).get("stream_descriptor")
        if stream:
            self.failures[stream["name"]] = trace["error"]["message"]
        return bool(stream)

    def ensure_installation(self, *, auto_fix: bool = True) -> None:
        """Do nothing: the connector is this package."""

    def install(self) -> None:
        """Do nothing: the connector is this package."""

    def uninstall(self) -> None:
        """Do nothing: the connector is this package."""
