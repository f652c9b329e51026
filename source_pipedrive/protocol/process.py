"""The process that runs a verb: its memory, its signals, its log, and its end."""

import ctypes
import gc
import logging
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NoReturn

from airbyte_cdk.entrypoint import logger
from airbyte_cdk.exception_handler import init_uncaught_exception_handler

from source_pipedrive.protocol.cdk_seams import CdkLogFilter, evaluate_templates_one_at_a_time
from source_pipedrive.protocol.entrypoint import Entrypoint
from source_pipedrive.protocol.lost_output import LostOutputError, end_without_output
from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.protocol.stdout import Stdout, StoppedError
from source_pipedrive.streams.records import PageRecords

_SECONDS_TO_FINISH = 1.5
# a parameter of glibc's mallopt(3)
_M_ARENA_MAX = -8


def main(arguments: list[str]) -> None:
    """Run one verb. Exits with 1 when it failed, whatever the threads are doing."""
    try:
        stdout = Stdout()
        _set_up_logging(stdout)
    except (AttributeError, OSError) as error:
        # Python has no stdout object when the file is closed
        end_without_output(error)
    _share_memory()
    args = Entrypoint.parse_args(arguments)
    try:
        _run(args, stdout)
    except StoppedError as stopped:
        # a second signal must not interrupt what the first one started
        _handle_stop_signals(signal.SIG_IGN)
        logger.info("Stopped by a signal. The next sync resumes from the last state.")
        stdout.flush()
        _end_by_signal(stopped.signal)
    except LostOutputError as error:
        end_without_output(error)
    except BaseException:  # noqa: BLE001 - whatever it is, the process must end
        try:
            sys.excepthook(*sys.exc_info())
            stdout.flush()
        finally:
            # worker threads that wait for a consumer that is gone would keep the process alive
            os._exit(1)


def _run(args: Namespace, stdout: Stdout) -> None:
    evaluate_templates_one_at_a_time()
    # threads that compute at the same time only take the interpreter from each other
    sys.setswitchinterval(0.05)
    source = SourcePipedrive.from_files(
        config=getattr(args, "config", None),
        catalog=getattr(args, "catalog", None),
        state=getattr(args, "state", None),
        record_format=PageRecords(),
    )
    entrypoint = Entrypoint(source, stdout)
    # what is there now stays: the collector need not look at it again with every page
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 50, 100)
    _handle_stop_signals(partial(_stop, stdout))
    for message in entrypoint.run(args):
        stdout.write(f"{message}\n")
    # a consumer that is gone would only show as the process ends
    stdout.flush()
    # everything is written: there is nothing left to stop
    _handle_stop_signals(signal.SIG_IGN)


def _handle_stop_signals(handler: Callable[..., None] | signal.Handlers) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


def _stop(stdout: Stdout, number: int, _frame: object) -> None:
    """Handle SIGTERM and SIGINT: finish the page, but end anyway if nobody consumes stdout."""
    signal.signal(signal.SIGALRM, lambda *_: _end_by_signal(number))
    signal.setitimer(signal.ITIMER_REAL, _SECONDS_TO_FINISH)
    stdout.stop(number)


def _end_by_signal(number: int) -> NoReturn:
    """End the process as the signal does by default: PyAirbyte takes other ends for a crash."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    # the first process of a container does not end by a signal
    os._exit(128 + number)


def _share_memory() -> None:
    """Keep the C library from holding freed pages back, for every thread its own.

    Windows that are read at the same time take a third less memory. Only glibc has this setting.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _set_up_logging(stdout: Stdout) -> None:
    sys.stdout = stdout
    init_uncaught_exception_handler(logger)
    # a consumer that is gone needs no complaints
    logging.raiseExceptions = False
    logging.getLogger("backoff").setLevel(logging.CRITICAL)
    for handler in logging.root.handlers:
        handler.addFilter(CdkLogFilter())
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(stdout)
