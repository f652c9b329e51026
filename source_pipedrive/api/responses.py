"""Pipedrive's answers: `{"success": …, "data": …, "additional_data": …}`, each parsed once."""

from collections.abc import Mapping
from typing import Any

from requests import Response

from source_pipedrive.lenient_json import parse

Body = Mapping[str, Any]


class MalformedAnswerError(ValueError):
    """A 200 that is no envelope; the text says what it is, such as broken JSON or HTML."""


def body_of(response: Response) -> Body:
    """Return the envelope of a successful response; the parsed body stays with the response.

    The stock `JsonDecoder` answers anything unreadable with zero records, and the sync ends green.
    https://pipedrive.readme.io/docs/core-api-concepts-requests
    """
    kept: dict[str, Body] = response.__dict__
    if "pipedrive_body" not in kept:
        kept["pipedrive_body"] = _parse(response)
    return kept["pipedrive_body"]


def leave_out(response: Response, reason: str) -> None:
    """Make of a tolerated refusal an answer without rows, which says why under `skipped`."""
    response.__dict__["pipedrive_body"] = {"data": None, "skipped": reason}


def error_text(response: Response) -> str:
    """What Pipedrive said in a refusal, in its own words; never the payload of a good answer."""
    try:
        parsed = parse(response.content)
    except ValueError:
        return "an HTML page" if is_html(response) else "no readable reason"
    if not isinstance(parsed, dict):
        return "no reason"
    parts = [parsed.get("error"), parsed.get("error_info"), parsed.get("code")]
    said = ", ".join(text for text in parts if isinstance(text, str) and text)
    if key := response.request.headers.get("x-api-token"):
        said = said.replace(key, "(the API key)")
    return said[:300] or "no reason"


def is_html(response: Response) -> bool:
    """Tell a page for people, as gateways send it, from an answer of the API."""
    return "text/html" in response.headers.get("content-type", "")


def _parse(response: Response) -> Body:
    try:
        parsed = parse(response.content)
    except ValueError as error:
        what = "an HTML page" if is_html(response) else "broken JSON"
        raise MalformedAnswerError(what) from error
    if not isinstance(parsed, dict):
        raise MalformedAnswerError("`null`" if parsed is None else "JSON that is no object")
    if parsed.get("success") is False:
        raise MalformedAnswerError(f"`success: false` ({error_text(response)})")
    if "data" not in parsed:
        raise MalformedAnswerError("JSON without `data`")
    return parsed
