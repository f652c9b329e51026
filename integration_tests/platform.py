"""The part of an Airbyte platform: it selects streams, and parses what the connector writes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from source_pipedrive.protocol.manifest import packaged_streams

Message = dict[str, Any]


@dataclass(frozen=True)
class Output:
    """One run of the connector. `exit_code` is None as long as the process runs."""

    text: str
    exit_code: int | None = None

    @cached_property
    def messages(self) -> Sequence[Message]:
        """Every line, parsed. A line that is no message of the protocol raises an error."""
        # not `splitlines`, which takes further characters for ends of lines
        return [json.loads(line) for line in self.text.split("\n") if line]

    def of_type(self, kind: str) -> list[Message]:
        """The bodies of all messages of one type, such as `RECORD`."""
        keys = {"CONNECTION_STATUS": "connectionStatus"}
        return [
            message[keys.get(kind, kind.lower())]
            for message in self.messages
            if message["type"] == kind
        ]

    def records(self, stream: str) -> list[Message]:
        """The rows of a stream, in the order of their emission."""
        return [record["data"] for record in self.of_type("RECORD") if record["stream"] == stream]

    def states(self, stream: str) -> list[Message]:
        """Every state of a stream, the last one last."""
        states = [state["stream"] for state in self.of_type("STATE")]
        return [
            state["stream_state"]
            for state in states
            if state["stream_descriptor"]["name"] == stream
        ]

    def state(self, stream: str) -> Message:
        """The last state of a stream."""
        return self.states(stream)[-1]

    @property
    def state_messages(self) -> list[Message]:
        """The last state of every stream, in the form in which the platform hands it back."""
        last = {
            state["stream"]["stream_descriptor"]["name"]: {
                "type": "STREAM",
                "stream": state["stream"],
            }
            for state in self.of_type("STATE")
        }
        return list(last.values())

    def status(self, stream: str) -> str:
        """How a stream ended: `COMPLETE` or `INCOMPLETE`."""
        reports = [
            trace["stream_status"]
            for trace in self.of_type("TRACE")
            if trace["type"] == "STREAM_STATUS"
        ]
        statuses: list[str] = [
            report["status"] for report in reports if report["stream_descriptor"]["name"] == stream
        ]
        return statuses[-1]

    @property
    def errors(self) -> list[Message]:
        """The errors, with `message` and `failure_type`. The last one sums up the others."""
        return [trace["error"] for trace in self.of_type("TRACE") if trace["type"] == "ERROR"]

    def logs(self, level: str) -> list[str]:
        """The log lines of a level, such as `WARN`."""
        return [log["message"] for log in self.of_type("LOG") if log["level"] == level]

    @property
    def connection(self) -> Message:
        """The result of `check`: `status` and `message`."""
        (status,) = self.of_type("CONNECTION_STATUS")
        return status


# the streams that a configuration with nothing but a key has
STREAMS_OF_EVERY_ACCOUNT = [name for name in packaged_streams() if name != "events"]


def configured(stream: str) -> dict[str, Any]:
    """A stream as the user selects it, also one that the manifest does not have."""
    spec = packaged_streams().get(stream)
    mode = "incremental" if spec and spec.incremental else "full_refresh"
    return {
        "stream": {"name": stream, "json_schema": {}, "supported_sync_modes": [mode]},
        "sync_mode": mode,
        "destination_sync_mode": "append",
    }
