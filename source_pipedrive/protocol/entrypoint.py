"""The verbs of the Airbyte protocol: `check`, `discover`, `read`."""

import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint, logger
from airbyte_cdk.exception_handler import init_uncaught_exception_handler
from airbyte_cdk.models import AirbyteMessage, ConnectorSpecification
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor

from source_pipedrive.config import refuse_bad
from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.protocol.stdout import Output, Page, StoppedError
from source_pipedrive.streams.page_reader import PageRetriever

# a parameter of glibc's mallopt(3)
_M_ARENA_MAX = -8


class Entrypoint(AirbyteEntrypoint):
    """The CDK's, with better refusals of the configuration and pages written as they are."""

    def __init__(self, source: SourcePipedrive, output: Output) -> None:
        super().__init__(source)
        self._output = output

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        refuse_bad(config, source_spec.connectionSpecification)

    def read(
        self, source_spec: ConnectorSpecification, config: Any, catalog: Any, state: list[Any]
    ) -> Iterable[AirbyteMessage]:
        for message in super().read(source_spec, config, catalog, state):
            if page := _page_of(message):
                self._output.write_page(page)
            else:
                yield message

    @staticmethod
    def handle_record_counts(
        message: AirbyteMessage,
        stream_message_count: MutableMapping[HashableStreamDescriptor, float],
    ) -> AirbyteMessage:
        AirbyteEntrypoint.handle_record_counts(message, stream_message_count)  # type: ignore[arg-type]
        if message.record and (page := _page_of(message)):
            stream = HashableStreamDescriptor(message.record.stream, message.record.namespace)
            stream_message_count[stream] += page.count - 1
        return message


def _page_of(message: AirbyteMessage) -> Page | None:
    return message.record.data.get(Page.KEY) if message.record else None


class _Chatter(logging.Filter):
    """Keeps back what the CDK says of its own workings.

    Among it are whole payloads and URLs, and every failure a second time; what matters to a user is
    said by the connector, or by the protocol's own messages.
    """

    _MODULES = frozenset(
        {
            "concurrent_read_processor",
            "concurrent_source",
            "exception_handler",
            "http_client",
            "memory_monitor",
            "rate_limiting",
        }
    )

    def filter(self, record: logging.LogRecord) -> bool:
        return record.module not in self._MODULES or record.levelno == logging.DEBUG


def main(arguments: list[str]) -> None:
    """Run one verb. Ends the process with 1 when it failed, whatever its threads are doing."""
    output = Output()
    _set_up_logging(output)
    _share_memory()
    args = Entrypoint.parse_args(arguments)
    try:
        # threads that compute side by side only take the interpreter from each other
        sys.setswitchinterval(0.05)
        PageRetriever.whole_pages = True
        files = (getattr(args, name, None) for name in ("config", "catalog", "state"))
        entrypoint = Entrypoint(SourcePipedrive.of_files(*files), output)
        # what is there now stays: the collector need not look at it again with every page
        gc.freeze()
        gc.enable()
        gc.set_threshold(50_000, 50, 100)
        signal.signal(signal.SIGTERM, output.stop)
        for message in entrypoint.run(args):
            output.write(f"{message}\n")
        # what a reader who is gone has not taken would only come to light as the process ends
        output.flush()
        # all is said: there is nothing left to stop
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    except StoppedError:
        # a second signal must not interrupt what the first one set off
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        logger.info("Stopped by SIGTERM: the next sync goes on from the last state.")
        output.flush()
        os._exit(128 + signal.SIGTERM)
    except BaseException:  # noqa: BLE001 - a closed stdout and an interrupt included
        try:
            sys.excepthook(*sys.exc_info())
            output.flush()
        finally:
            # worker threads that wait for a reader who is gone would keep the process alive
            os._exit(1)


def _share_memory() -> None:
    """Keep the C library from holding freed pages back, for every thread its own.

    Windows that are read side by side take a third less memory. Only glibc has this setting.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _set_up_logging(output: Output) -> None:
    sys.stdout = output
    init_uncaught_exception_handler(logger)
    # a reader who is gone hears no complaints
    logging.raiseExceptions = False
    logging.getLogger("backoff").setLevel(logging.CRITICAL)
    for handler in logging.root.handlers:
        handler.addFilter(_Chatter())
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(output)
