"""Sends the GET requests of one stream: paced, retried, judged, and paid for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.requesters.requester import Requester
from airbyte_cdk.sources.streams.http.exceptions import BaseBackoffException
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive import timestamps
from source_pipedrive.api.error_rules import ErrorRules
from source_pipedrive.api.exceptions import AccountRefusedError, UserError
from source_pipedrive.api.rate_limits import StreamBudget
from source_pipedrive.api.responses import Body, body_of


@dataclass(frozen=True)
class Answer:
    """What Pipedrive answered, and at which moment by its own clock.

    Of a refusal that the stream tolerates, the body has no data, and `refusal` says why.
    """

    body: Body
    status: int
    answered_at: str
    refusal: str = ""


class PipedriveClient:
    """The GET requests of one stream, on the CDK's `HttpRequester`.

    The requester prepares, signs and retries a request. It asks `budget` before it sends one, and
    `rules` what to do with an answer.
    """

    def __init__(self, requester: Requester, rules: ErrorRules, budget: StreamBudget) -> None:
        self._requester = requester
        self._rules = rules
        self._budget = budget

    def get(
        self,
        partition: Mapping[str, str],
        parameters: Mapping[str, Any],
        path: str | None = None,
    ) -> Answer:
        """Request the stream's path, rendered for a partition, or another `path`.

        Raises `UserError` when the rules say so, or when the retries are used up.
        """
        try:
            response = self._requester.send_request(
                stream_slice=StreamSlice(partition=partition, cursor_slice={}),
                request_params=parameters,
                path=path,
            )
        except AccountRefusedError as error:
            raise self._budget.stop_sync(str(error.message), error.failure_type) from error
        except AirbyteTracedException as error:
            # the HTTP client puts the rule's sentence into one about log files
            if isinstance(error.__context__, BaseBackoffException):
                raise UserError(str(error.__context__), error.failure_type) from error
            raise
        finally:
            self._budget.request_ended()
        assert response is not None, "a HttpRequester has no response filter"  # noqa: S101 - for types
        answered_at = timestamps.of_http_date(response.headers.get("date", ""))
        if response.ok:
            return Answer(body_of(response), response.status_code, answered_at)
        reason = self._rules.skip_reason(response)
        return Answer({"data": None}, response.status_code, answered_at, reason)

    def count_rows(self, rows: int) -> None:
        """Book the rows that a page brought."""
        self._budget.count_rows(rows)
