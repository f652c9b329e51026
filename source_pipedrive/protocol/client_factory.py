"""Builds the HTTP client of a stream from the CDK's `HttpRequester`."""

from collections.abc import Mapping
from typing import Any, cast

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.declarative.models.declarative_component_schema import (
    HttpRequester as HttpRequesterModel,
)
from airbyte_cdk.sources.declarative.parsers.model_to_component_factory import (
    ModelToComponentFactory,
)
from airbyte_cdk.sources.message import MessageRepository

from source_pipedrive.api.access import Access
from source_pipedrive.api.client import PipedriveClient
from source_pipedrive.api.error_rules import MORE_RETRIES_THAN_IN_A_SYNC
from source_pipedrive.api.rate_limits import TokenBudget
from source_pipedrive.streams.schema import answer_shape
from source_pipedrive.streams.stream_spec import StreamSpec


class ClientFactory:
    """Builds clients that share credentials and budget; what they send is booked on a stream."""

    def __init__(
        self,
        config: Mapping[str, Any],
        access: Access,
        budget: TokenBudget,
        state_manager: ConnectorStateManager,
        messages: MessageRepository,
    ) -> None:
        self._config = config
        self._access = access
        self._budget = budget
        self._state_manager = state_manager
        self._messages = messages

    def cost_of(self, path: str) -> int:
        """Return what a request for a path, such as `api/v2/deals`, costs in tokens."""
        return self._budget.cost_of(f"/{path}")

    def client(
        self, spec: StreamSpec, *, booked_on: str = "", max_retries: int | None = None
    ) -> PipedriveClient:
        """Build the client of a stream, as the manifest declares its requester.

        Without `max_retries`, the retry time that the clients share limits the retries.
        """
        definition = dict(spec.requester)
        definition["error_handler"] = {
            **definition["error_handler"],
            "max_retries": MORE_RETRIES_THAN_IN_A_SYNC if max_retries is None else max_retries,
        }
        budget = self._budget.for_stream(booked_on or spec.name)
        components = ModelToComponentFactory(
            message_repository=self._messages,
            connector_state_manager=self._state_manager,
            # any budget will do, whatever the annotation says
            api_budget=cast("Any", budget),
        )
        requester = components.create_component(
            HttpRequesterModel, definition, self._config, name=spec.name, decoder=None
        )
        authenticator = requester.get_authenticator()
        authenticator.signer = self._access.signer(None if max_retries is None else max_retries + 1)
        requester.error_handler.access = self._access
        requester.error_handler.answer_shape = answer_shape(spec)
        requester.error_handler.retry_time = (
            self._budget.retry_time if max_retries is None else None
        )
        return PipedriveClient(requester, requester.error_handler, budget)
