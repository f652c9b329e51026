"""What one delivery of a webhook says; nothing gets past here that the inbox could choke on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from source_pipedrive.lenient_json import parse

Payload = Mapping[str, Any]

ACTIONS = ("create", "change", "delete")

_LONGEST_NAME = 200
_DIGITS_OF_SECONDS = 10


class UnreadableEventError(ValueError):
    """The body is no event of webhooks v2; the text says what is wrong with it."""


@dataclass(frozen=True)
class Event:
    """One delivery as the inbox keeps it.

    `id` identifies what happened, not its delivery: a retry repeats it. `happened_at` is in
    milliseconds since 1970. `payload` is the body as JSON.
    """

    id: str
    object: str
    object_id: str
    action: str
    happened_at: int
    payload: str
    attempt: int = 1


def read_event(body: bytes) -> Event:
    """Read the body of a delivery. Raises `UnreadableEventError`.

    https://pipedrive.readme.io/docs/guide-for-webhooks-v2#webhooks-meta-block
    """
    try:
        payload = parse(body)
    except ValueError as error:
        raise UnreadableEventError("the body is not JSON") from error
    meta = payload.get("meta") if isinstance(payload, dict) else None
    if not isinstance(meta, dict):
        raise UnreadableEventError("the body has no `meta`")
    if meta.get("action") not in ACTIONS:
        raise UnreadableEventError(f"`meta.action` is none of {', '.join(ACTIONS)}")
    for block in ("data", "previous"):
        if not isinstance(payload.get(block), dict | None):
            raise UnreadableEventError(f"`{block}` is no object")
    attempt = meta.get("attempt")
    return Event(
        id=_event_id(meta),
        object=_name(meta, "entity"),
        object_id=_name(meta, "entity_id"),
        action=meta["action"],
        happened_at=milliseconds(meta.get("timestamp")),
        payload=orjson.dumps(payload).decode(),
        attempt=attempt if isinstance(attempt, int) else 1,
    )


def milliseconds(timestamp: object) -> int:
    """Read `meta.timestamp`: ISO 8601, or the ten digits that events of users have."""
    text = str(timestamp)
    if text.isdecimal() and len(text) == _DIGITS_OF_SECONDS:
        return int(text) * 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnreadableEventError("`meta.timestamp` is no time") from error
    return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)


def _event_id(meta: Payload) -> str:
    identity = _name(meta, "id")
    # an event of a user carries the user's id in place of its own
    return f"{identity}@{meta.get('timestamp')}" if meta.get("entity") == "user" else identity


def _name(meta: Payload, key: str) -> str:
    """Read a short text. One with NUL would make PostgreSQL refuse its whole batch."""
    value = meta.get(key)
    text = str(value) if isinstance(value, str | int) else ""
    if not text.isprintable() or not 0 < len(text) <= _LONGEST_NAME:
        raise UnreadableEventError(f"`meta.{key}` is no name")
    return text
