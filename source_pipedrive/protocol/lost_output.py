"""Ends a process whose stdout cannot be written. Imports quickly: `spec` has no CDK."""

import io
import os
import sys
from contextlib import suppress
from errno import EPIPE
from typing import Any, NoReturn


class LostOutputError(BaseException):
    """Stdout cannot be written any more: its consumer is gone, or a disk is full."""


class _Raw(io.FileIO):
    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            end_without_output(error)


def watch_stdout(*, may_be_closed: bool = False) -> None:
    """Let the process end with one line, and 1, as soon as stdout cannot be written."""
    stdout = sys.__stdout__
    # Python has no such object if the file is closed
    if stdout is None:
        if not may_be_closed:
            end_without_output(ValueError())
    # tests replace it
    elif sys.stdout is stdout:
        buffer = io.BufferedWriter(_Raw(1, "wb", closefd=False))
        sys.stdout = io.TextIOWrapper(buffer, stdout.encoding, stdout.errors, line_buffering=True)


def end_without_output(error: BaseException) -> NoReturn:
    """End the process when nobody can hear it on stdout, and say why on stderr."""
    is_known = isinstance(error, OSError | LostOutputError) and error.args
    reason = error.args[-1] if is_known else "it is closed"
    with suppress(Exception):
        if EPIPE not in error.args:
            sys.stderr.write(f"source-pipedrive: stdout cannot be written: {reason}.\n")
            sys.stderr.flush()
    os._exit(1)
