"""Runs the connector for PyAirbyte."""

import json
from collections.abc import Iterator
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive.webhooks.targets.pyairbyte import Executor
from source_pipedrive.webhooks.targets.repeated import RepeatedSource


class InProcess(Executor):
    """Runs the connector in this process; PyAirbyte's own executors start one, which takes seconds.

    One failing stream, of an add-on that the company does not have for example, would make
    PyAirbyte give up all others: failures are kept back and collected here by stream.
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
                if '"type":"ERROR"' not in message or not self._keep_back(message):
                    yield message
        except AirbyteTracedException:
            # the CDK's last word after streams have failed
            if not self.failures:
                raise

    def _keep_back(self, line: str) -> bool:
        trace = json.loads(line).get("trace") or {}
        stream = (trace.get("error") or {}).get("stream_descriptor")
        if stream:
            self.failures[stream["name"]] = trace["error"]["message"]
        return bool(stream)

    def ensure_installation(self, *, auto_fix: bool = True) -> None:
        """It is: this is it."""

    def install(self) -> None:
        """It is: this is it."""

    def uninstall(self) -> None:
        """Never."""
