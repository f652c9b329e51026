"""One sync: what the process wrote, how it ended, and what is wrong with that."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import orjson

_MAX_SECONDS_TO_END = 20.0
_MAX_MEGABYTES = 320
# this text is in every row, and must not be in any other message
_PAYLOAD = b"add_time"


@dataclass(frozen=True)
class Interruption:
    """How a sync ends early: after so many lines, or after so many seconds if `lines` is 0."""

    how: Literal["SIGKILL", "SIGTERM", "pipe closed"]
    lines: int
    seconds: float


@dataclass
class Run:
    """One sync. `exit_code` is -9 after a SIGKILL; `interrupted` is empty if it was not.

    `seconds_to_end` is the time from the interruption, or else from the start, to the end.
    """

    lines: list[bytes] = field(default_factory=list)
    stderr: bytes = b""
    exit_code: int = 0
    megabytes: int = 0
    interrupted: str = ""
    hung: bool = False
    seconds_to_end: float = 0.0

    @cached_property
    def messages(self) -> list[dict[str, Any] | None]:
        """Every line, parsed; None for a line that is not JSON."""
        return [_parse(line) for line in self.lines]

    @property
    def messages_without_records(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if message and message["type"] != "RECORD"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The error traces."""
        messages = self.messages_without_records
        traces = [message["trace"] for message in messages if message["type"] == "TRACE"]
        return [trace["error"] for trace in traces if trace["type"] == "ERROR"]

    def problems(self, token: str) -> Iterator[str]:
        """Yield what is wrong with the process itself, whatever rows it emitted."""
        if self.hung:
            yield f"hung: {self.stderr.decode()[-6000:]}"
            return
        if (
            self.interrupted in {"SIGTERM", "pipe closed"}
            and self.seconds_to_end > _MAX_SECONDS_TO_END
        ):
            yield f"took {self.seconds_to_end:.0f} s to end after {self.interrupted}"
        if self.megabytes > _MAX_MEGABYTES:
            yield f"used {self.megabytes} MB of memory"
        is_cut = bool(self.lines) and not self.lines[-1].endswith(b"\n")
        if is_cut and self.interrupted not in {"SIGKILL", "pipe closed"}:
            yield f"ended in the middle of a line: {self.lines[-1][-80:]!r}"
        for line, message in zip(self.lines, self.messages, strict=True):
            if line.endswith(b"\n") and message is None:
                yield f"wrote a line that is not JSON: {line[:3000]!r}"
        if token.encode() in b"".join(self.lines) + self.stderr:
            yield "wrote the token into its output"
        yield from self._problems_of_messages()
        if self.exit_code and not self.interrupted and not self.errors:
            yield f"exit code {self.exit_code} without an error message: {self.stderr[-500:]!r}"

    def _problems_of_messages(self) -> Iterator[str]:
        if self.stderr:
            yield f"wrote to stderr: {self.stderr.decode()[-2000:]}"
        for line in self.lines:
            if not line.startswith(b'{"type":"RECORD"') and _PAYLOAD in line:
                yield f"wrote the data of a row into another message: {line[:300]!r}"
        for message in self.messages_without_records:
            if message["type"] == "LOG" and "Traceback" in json.dumps(message):
                yield f"logged a traceback: {message['log']['message'][:400]}"
        for error in self.errors:
            if "Something went wrong" in error["message"] or "Traceback" in error["message"]:
                yield f"error without an explanation: {error['message']} {error['stack_trace']}"


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        message: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return message
