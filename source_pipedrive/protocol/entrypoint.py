"""The verbs of the Airbyte protocol: `check`, `discover`, `read`."""

import logging
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import AirbyteMessage, ConnectorSpecification
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor

from source_pipedrive.config import require_valid, warnings_about
from source_pipedrive.protocol.cdk_seams import page_of
from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.protocol.stdout import Stdout

_LOGGER = logging.getLogger("airbyte")


class Entrypoint(AirbyteEntrypoint):
    """The CDK's entrypoint, with better refusals of the configuration, and pages written whole."""

    def __init__(self, source: SourcePipedrive, stdout: Stdout) -> None:
        super().__init__(source)
        self._stdout = stdout

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        require_valid(config, source_spec.connectionSpecification)
        for warning in warnings_about(config):
            _LOGGER.warning(warning)

    def read(
        self, source_spec: ConnectorSpecification, config: Any, catalog: Any, state: list[Any]
    ) -> Iterable[AirbyteMessage]:
        for message in super().read(source_spec, config, catalog, state):
            if page := page_of(message):
                self._stdout.write_page(page)
            else:
                yield message

    @staticmethod
    def handle_record_counts(
        message: AirbyteMessage,
        stream_message_count: MutableMapping[HashableStreamDescriptor, float],
    ) -> AirbyteMessage:
        AirbyteEntrypoint.handle_record_counts(message, stream_message_count)  # type: ignore[arg-type]
        if message.record and (page := page_of(message)):
            stream = HashableStreamDescriptor(message.record.stream, message.record.namespace)
            stream_message_count[stream] += page.count - 1
        return message
