"""Ends a process whose stdout cannot be written. Imports quickly: `spec` has no CDK."""

import os
import sys
from contextlib import suppress
from errno import EPIPE
from typing import NoReturn


class LostOutputError(BaseException):
    """Stdout cannot be written any more: its consumer is gone, or a disk is full."""


def end_without_output(error: BaseException) -> NoReturn:
    """End the process when nobody can hear it on stdout, and say why on stderr."""
    is_known = isinstance(error, OSError | LostOutputError) and error.args
    reason = error.args[-1] if is_known else "it is closed"
    with suppress(Exception):
        if EPIPE not in error.args:
            sys.stderr.write(f"source-pipedrive: stdout cannot be written: {reason}.\n")
            sys.stderr.flush()
    os._exit(1)
