"""Pipedrive's response bodies: `{"success": …, "data": …, "additional_data": …}`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Any, Self
from weakref import WeakKeyDictionary

from requests import Response

from source_pipedrive.lenient_json import parse

Body = Mapping[str, Any]

_LONGEST_NUMBER = 16
# The error rules read a body first, the client second. It lives as long as its response.
_PARSED: WeakKeyDictionary[Response, Body] = WeakKeyDictionary()


class MalformedResponseError(ValueError):
    """A 200 that is no Pipedrive response; the text says what it is, such as broken JSON."""


def body_of(response: Response) -> Body:
    """Return the body of a successful response, parsed once. Raises `MalformedResponseError`.

    The CDK's `JsonDecoder` turns anything unreadable into zero records, and the sync ends green.
    https://pipedrive.readme.io/docs/core-api-concepts-requests
    """
    body = _PARSED.get(response)
    if body is None:
        body = _PARSED[response] = _parse(response)
    return body


@dataclass(frozen=True)
class Paging:
    """What an answer says about the next page: where it begins, if there is one.

    The contract puts `more_items_in_collection` and `next_start` of API v1 under `additional_data`
    for some objects, live answers nest them in `pagination`; `next_start` can be missing.
    https://pipedrive.readme.io/docs/core-api-concepts-pagination
    """

    next_cursor: str | None
    has_more: bool
    next_start: int | None

    @classmethod
    def of(cls, body: Body) -> Self:
        """Read it from a body. Raises `MalformedResponseError`."""
        additional = _object(body, "additional_data")
        pagination = _object(additional, "pagination") or additional
        cursor, start = additional.get("next_cursor"), pagination.get("next_start")
        if not isinstance(cursor, str | None) or type(start) not in {int, NoneType}:
            raise MalformedResponseError("an unreadable position of the next page")
        return cls(cursor or None, bool(pagination.get("more_items_in_collection")), start)


@dataclass(frozen=True)
class AnswerShape:
    """What the data of a stream's answers must be: a list of rows, unless it `is_object`.

    One object can be missing; whoever asks for it says so better.
    `rows_at` is the key of the list, where it is nested in an object, and `wrapped_in` the key of
    each row, where it is. `keys` are the columns that every row must have, each with what tells
    whether a value can be the key of a row.
    """

    is_object: bool = False
    rows_at: str | None = None
    wrapped_in: str | None = None
    keys: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)

    def check(self, body: Body) -> None:
        """Raise `MalformedResponseError` if the body has another shape; null is an empty list."""
        Paging.of(body)
        data = body["data"]
        if self.is_object or data is None or data == []:
            return
        if self.rows_at:
            if not isinstance(data, dict):
                raise MalformedResponseError("something else than an object")
            data = data.get(self.rows_at) or []
        if not isinstance(data, list):
            raise MalformedResponseError("something else than a list")
        if not {dict}.issuperset(map(type, data)):
            raise MalformedResponseError("a list with something else than objects in it")
        data = unwrapped(data, self.wrapped_in)
        for column, is_key in self.keys.items():
            if not all(map(is_key, [row.get(column) for row in data])):
                raise MalformedResponseError(f"rows without a readable `{column}`")


def unwrapped(rows: list[dict[str, Any]], key: str | None) -> list[dict[str, Any]]:
    """Return the objects that rows have under a key; rows that have none there are kept."""
    if key is None:
        return rows
    return [inner if isinstance(inner := row.get(key), dict) else row for row in rows]


def _object(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return an object inside another; an empty one may be null, or `[]`."""
    value = parent.get(key) or {}
    if not isinstance(value, dict):
        raise MalformedResponseError(f"an unreadable `{key}`")
    return value


def error_text(response: Response) -> str:
    """Return Pipedrive's own words in a refusal; never the payload of a successful response."""
    try:
        parsed = parse(response.content)
    except ValueError:
        return "an HTML page" if is_html(response) else "without a readable reason"
    if not isinstance(parsed, dict):
        return "without a reason"
    parts = [parsed.get("error"), parsed.get("error_info"), parsed.get("code")]
    text = ", ".join(part for part in parts if isinstance(part, str) and part)
    return without_credentials(text, response)[:300] or "without a reason"


def without_credentials(text: str, response: Response) -> str:
    """Remove from a text of Pipedrive's the credentials that it answers."""
    for header, name in (("x-api-token", "the API key"), ("authorization", "the access token")):
        if secret := response.request.headers.get(header, "").removeprefix("Bearer "):
            text = text.replace(secret, f"({name})")
    return text


def is_html(response: Response) -> bool:
    """Tell whether a response is a web page, as gateways send it, instead of the API's JSON."""
    return "text/html" in response.headers.get("content-type", "")


def header_number(response: Response, name: str) -> int | None:
    """Return the whole number in a header; nothing if there is none that makes sense."""
    text = response.headers.get(name, "")
    is_number = text.isascii() and text.replace(".", "", 1).isdigit()
    return int(float(text)) if is_number and len(text) < _LONGEST_NUMBER else None


def _parse(response: Response) -> Body:
    try:
        parsed = parse(response.content)
    except ValueError as error:
        kind = "an HTML page" if is_html(response) else "broken JSON"
        raise MalformedResponseError(kind) from error
    if not isinstance(parsed, dict):
        raise MalformedResponseError("`null`" if parsed is None else "JSON that is not an object")
    if parsed.get("success") is False:
        raise MalformedResponseError(f"`success: false` ({error_text(response)})")
    if "data" not in parsed:
        raise MalformedResponseError("JSON without `data`")
    return parsed
