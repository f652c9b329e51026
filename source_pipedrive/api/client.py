"""Sends the GET requests of one stream, and follows the pages of a list."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.requesters.requester import Requester
from airbyte_cdk.sources.streams.http.exceptions import BaseBackoffException
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive import timestamps
from source_pipedrive.api.error_rules import ErrorRules
from source_pipedrive.api.exceptions import AccountRefusedError, UserError, config_error
from source_pipedrive.api.oauth import RenewalFailedError, RenewalRefusedError
from source_pipedrive.api.rate_limits import StreamBudget
from source_pipedrive.api.responses import Body, Paging, body_of


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
        except RenewalRefusedError as error:
            raise self._budget.stop_sync(str(error), FailureType.config_error) from error
        except RenewalFailedError as error:
            raise self._budget.stop_sync(str(error), FailureType.transient_error) from error
        except requests.RequestException:
            raise
        except OSError as error:
            # a file that REQUESTS_CA_BUNDLE names, for example
            raise config_error(
                f"The connection to Pipedrive cannot be set up: {error}. Correct the setting of "
                "this machine that names it, such as the variable REQUESTS_CA_BUNDLE."
            ) from error
        except AirbyteTracedException as error:
            # the HTTP client puts the rule's sentence into one about log files
            if isinstance(error.__context__, BaseBackoffException):
                raise UserError(str(error.__context__), error.failure_type) from error
            raise
        finally:
            self._budget.request_ended()
        assert response is not None, "a HttpRequester has no response filter"  # noqa: S101 - for types
        answered_at = timestamps.from_http_date(response.headers.get("date", ""))
        if response.ok:
            return Answer(body_of(response), response.status_code, answered_at)
        reason = self._rules.skip_reason(response)
        return Answer({"data": None}, response.status_code, answered_at, reason)

    def count_rows(self, rows: int) -> None:
        """Book the rows that a page brought."""
        self._budget.count_rows(rows)


# Pages may be empty in the middle of a list, where the key may not see the rows.
_MOST_EMPTY_PAGES = 100

Row = dict[str, Any]
Fetch = Callable[[Mapping[str, Any]], Answer]
"""Requests the page at a position, given as query parameters."""


@dataclass
class Page:
    """One page of a list: its rows, the answer that brought them, and where the next one begins.

    `next_cursor` is null on the last page, and wherever the list is not paged by cursor.
    """

    rows: list[Row]
    answer: Answer
    next_cursor: str | None = None


class EndlessListError(Exception):
    """A list whose pages do not come to an end."""


def pages_as_answered(
    fetch: Fetch,
    rows_of: Callable[[Body], list[Row]],
    limit: Mapping[str, int],
    start_cursor: str | None = None,
) -> Iterator[Page]:
    """Follow what the answers say: `next_cursor`, or `more_items_in_collection` of API v1.

    `limit` is the query parameter for the page size; empty where a list documents no pages. A list
    that says it has more is read on, whatever its documentation says.
    https://pipedrive.readme.io/docs/core-api-concepts-pagination
    """
    position: Mapping[str, Any] = {"cursor": start_cursor} if start_cursor else {}
    seen: set[str] = set()
    start = empty_pages = 0
    while True:
        answer = fetch({**limit, **position})
        rows = rows_of(answer.body)
        empty_pages = 0 if rows else empty_pages + 1
        paging = Paging.of(answer.body)
        cursor = paging.next_cursor
        next_start = None if cursor else _next_start(paging, start, len(rows))
        yield Page(rows, answer, cursor)
        if cursor:
            if cursor in seen:
                raise EndlessListError(
                    "Pipedrive returned a cursor that leads back to an earlier page"
                )
            seen.add(cursor)
            position = {"cursor": cursor}
        elif next_start is not None:
            start = next_start
            position = {"start": start}
        else:
            return
        if empty_pages > _MOST_EMPTY_PAGES:
            raise EndlessListError(f"Pipedrive returned {empty_pages} empty pages in a row")


def offset_pages(
    fetch: Fetch,
    page_size: int,
    rows_of: Callable[[Body], list[Row]],
    key_of: Callable[[Row], Any],
    first: int = 0,
) -> Iterator[Page]:
    """Follow `start`, and request the last row of each page again at the top of the next one.

    The list is read from its `first` row on. An offset counts rows. If a row that was already read
    is deleted or archived, an unread row moves into a page that was already passed. A page that
    shares no row with the page before it shows that this happened: the reader steps back a page.
    This costs one row a page. Where stepping back does not help, because the list has no stable
    order or its pages hide rows, the reader follows the server's offsets.
    """
    start, farthest = first, -1
    is_stepping_back, stepping_back_helps = False, True
    keys_before: set[Any] | None = None
    last_row: Row | None = None
    while True:
        answer = fetch({"start": start, "limit": page_size})
        rows = rows_of(answer.body)
        keys = {key_of(row) for row in rows}
        paging = Paging.of(answer.body)
        next_start = _next_start(paging, start, len(rows))
        # an empty page in the middle is not the end, an empty page at the end may be one too far
        may_have_skipped = bool(keys_before) and start > 0 and (rows or next_start is None)
        if may_have_skipped and keys_before is not None and keys_before.isdisjoint(keys):
            stepping_back_helps = stepping_back_helps and (is_stepping_back or start > farthest)
            if stepping_back_helps:
                is_stepping_back, farthest = True, max(farthest, start)
                start = max(0, start - page_size)
                continue
        is_stepping_back = False
        # without the repeated row, unless it changed in between
        fresh = rows[1:] if rows and rows[0] == last_row else rows
        # a copy: whoever takes the page changes its rows
        last_row, count = (dict(rows[-1]) if rows else None), len(rows)
        yield Page(fresh, answer)
        if next_start is None:
            if paging.next_cursor:
                limit = {"limit": page_size}
                yield from pages_as_answered(fetch, rows_of, limit, paging.next_cursor)
            return
        if count > 1:
            keys_before, start = keys, max(start + 1, next_start - 1)
        else:
            keys_before, start = None, next_start


def _next_start(paging: Paging, start: int, count: int) -> int | None:
    if not paging.has_more:
        return None
    next_start = paging.next_start or start + count
    return next_start if next_start > start else None
