"""Pipedrive's response bodies: `{"success": …, "data": …, "additional_data": …}`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
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
class AnswerShape:
    """What the data of a stream's answers must be: a list of rows, unless it `is_object`.

    `rows_at` is the key of the list, where it is nested in an object. Each row must have a value
    in `required` columns.
    """

    is_object: bool = False
    rows_at: str | None = None
    required: Sequence[str] = ()

    def check(self, body: Body) -> None:
        """Raise `MalformedResponseError` if the data has another shape; null is an empty list."""
        data = body["data"]
        if self.rows_at and isinstance(data, dict):
            data = data.get(self.rows_at)
        if self.is_object or data is None:
            return
        if not isinstance(data, list):
            raise MalformedResponseError("something else than a list")
        if not all(type(row) is dict for row in data):
            raise MalformedResponseError("a list with something else than objects in it")
        for column in self.required:
            if any(row.get(column) is None for row in data):
                raise MalformedResponseError(f"rows without `{column}`")


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
    if key := response.request.headers.get("x-api-token"):
        text = text.replace(key, "(the API key)")
    return text[:300] or "without a reason"


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
