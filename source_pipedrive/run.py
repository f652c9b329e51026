"""The command line of the connector: `spec`, `check`, `discover`, `read`."""

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint, logger
from airbyte_cdk.exception_handler import init_uncaught_exception_handler
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import ConnectorSpecification

from source_pipedrive.config import refuse_bad
from source_pipedrive.source import SourcePipedrive


class Entrypoint(AirbyteEntrypoint):
    """The CDK's, with refusals of the configuration that say what to write instead."""

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        refuse_bad(config, source_spec.connectionSpecification)


class _Chatter(logging.Filter):
    """Keeps back what the CDK says of its own workings.

    Among it are whole payloads and URLs, and every failure a second time; what matters to a user is
    said by the connector, or by the protocol's own messages.
    """

    _MODULES = frozenset(
        {
            "concurrent_read_processor",
            "concurrent_source",
            "http_client",
            "memory_monitor",
            "rate_limiting",
        }
    )

    def filter(self, record: logging.LogRecord) -> bool:
        return record.module not in self._MODULES or record.levelno == logging.DEBUG


def run() -> None:
    """Run one verb of the Airbyte protocol; exits 1 when it failed."""
    init_uncaught_exception_handler(logger)
    logging.getLogger("backoff").setLevel(logging.CRITICAL)
    for handler in (*logging.root.handlers, *logger.handlers):
        handler.addFilter(_Chatter())
    args = Entrypoint.parse_args(sys.argv[1:])
    try:
        config = getattr(args, "config", None)
        catalog, state = getattr(args, "catalog", None), getattr(args, "state", None)
        source = SourcePipedrive(
            SourcePipedrive.read_catalog(catalog) if catalog else None,
            SourcePipedrive.read_config(config) if config else None,
            SourcePipedrive.read_state(state) if state else None,
            config_path=config,
        )
        with PRINT_BUFFER:
            for message in Entrypoint(source).run(args):
                print(message)  # noqa: T201 - the protocol is lines on stdout
    except BaseException:  # noqa: BLE001 - a closed stdout and an interrupt included
        try:
            sys.excepthook(*sys.exc_info())
            sys.stdout.flush()
        finally:
            # worker threads that wait for a reader who is gone would keep the process alive
            os._exit(1)
