"""The command line of the connector: `spec`, `check`, `discover`, `read`."""

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


def run() -> None:
    """Run one verb of the Airbyte protocol; exits 1 when it failed."""
    init_uncaught_exception_handler(logger)
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
