"""Parses deliveries of webhooks v2, and rejects what the inbox could not store."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from source_pipedrive.lenient_json import parse

Payload = Mapping[str, Any]

ACTIONS = ("create", "change", "delete")

_VERSION_1 = (
    "It is an event of webhooks v1. Remove that webhook in Pipedrive under Tools and apps > "
    "Webhooks, and run `source-pipedrive webhooks register`, which creates one of v2"
)
_LONGEST_NAME = 200
_DIGITS_OF_SECONDS = 10
_HOUR_IN_MILLISECONDS = 60 * 60 * 1000


class UnreadableEventError(ValueError):
    """The body is not an event of webhooks v2. The message says what is wrong with it."""


@dataclass(frozen=True)
class StoredEvent:
    """One event, as it is read back from the inbox.

    `sequence` orders events by their commit. Times are in milliseconds since 1970.
    """

    sequence: int
    id: str
    object: str
    object_id: str
    action: str
    happened_at: int
    received_at: int
    payload: Payload

    @property
    def meta(self) -> Payload:
        """What the event says about itself."""
        meta: Payload = self.payload["meta"]
        return meta

    @property
    def data(self) -> Payload | None:
        """The row after the change. A deletion has none."""
        return self.payload.get("data")

    @property
    def previous(self) -> Payload | None:
        """The row before a deletion, or the changed fields before a change."""
        return self.payload.get("previous")


@dataclass(frozen=True)
class Event:
    """One delivery, as the receiver stores it.

    `id` identifies the change, not the delivery: a retry has the same one. `happened_at` is in
    milliseconds since 1970, and at most an hour ahead of this machine's clock. `payload` is the
    body as JSON. `attempt` counts deliveries from 1. `company_id` is empty if the event
    names no company.
    """

    id: str
    object: str
    object_id: str
    action: str
    happened_at: int
    payload: str
    attempt: int = 1
    company_id: str = ""

    def stored(self) -> StoredEvent:
        """Return the event as it is read back from the inbox, if it is received now."""
        return StoredEvent(
            sequence=0,
            id=self.id,
            object=self.object,
            object_id=self.object_id,
            action=self.action,
            happened_at=self.happened_at,
            received_at=round(time.time() * 1000),
            payload=orjson.loads(self.payload),
        )


def read_event(body: bytes) -> Event:
    """Parse the body of a delivery. Raises `UnreadableEventError`.

    https://pipedrive.readme.io/docs/guide-for-webhooks-v2#webhooks-meta-block
    """
    try:
        payload = parse(body)
    except ValueError as error:
        raise UnreadableEventError("the body is not JSON, or nested too deeply") from error
    if isinstance(payload, dict) and {"event", "current"} <= payload.keys():
        raise UnreadableEventError(_VERSION_1)
    meta = payload.get("meta") if isinstance(payload, dict) else None
    if not isinstance(meta, dict):
        raise UnreadableEventError("the body has no `meta`")
    if meta.get("action") not in ACTIONS:
        raise UnreadableEventError(f"`meta.action` is none of {', '.join(ACTIONS)}")
    for block in ("data", "previous"):
        if not isinstance(payload.get(block), dict | None):
            raise UnreadableEventError(f"`{block}` is not an object")
    attempt = meta.get("attempt")
    now = round(time.time() * 1000)
    return Event(
        id=_event_id(meta),
        object=_name(meta, "entity"),
        object_id=_name(meta, "entity_id"),
        action=meta["action"],
        happened_at=plausible(milliseconds(_name(meta, "timestamp")), now),
        payload=_serialized(payload),
        attempt=attempt if isinstance(attempt, int) else 1,
        company_id=company_of(meta),
    )


def company_of(meta: object) -> str:
    """Return the id of the company in `meta` of an event; empty if there is none."""
    company = meta.get("company_id") if isinstance(meta, Mapping) else None
    return str(company) if isinstance(company, str | int) else ""


def plausible(happened_at: int, received_at: int) -> int:
    """Return a time within 1970 and the hour after the reception; all are in milliseconds.

    No later row could replace a tombstone from the year 2099. Within the hour the time is kept, so
    that events stay in their order even if the clock of this machine is slow.
    """
    return max(0, min(happened_at, received_at + _HOUR_IN_MILLISECONDS))


def milliseconds(timestamp: object) -> int:
    """Parse `meta.timestamp`: ISO 8601, or ten digits of seconds in events about users."""
    text = str(timestamp)
    if text.isdecimal() and len(text) == _DIGITS_OF_SECONDS:
        return int(text) * 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnreadableEventError("`meta.timestamp` is not a time") from error
    return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)


def _serialized(payload: Payload) -> str:
    try:
        return orjson.dumps(payload).decode()
    except orjson.JSONEncodeError as error:
        # it stops at 254 levels
        raise UnreadableEventError("the body is nested too deeply") from error


def _event_id(meta: Payload) -> str:
    identity = _name(meta, "id")
    # an event about a user has the user's id instead of its own
    return f"{identity}@{_name(meta, 'timestamp')}" if meta.get("entity") == "user" else identity


def _name(meta: Payload, key: str) -> str:
    """Return a short text. PostgreSQL would reject a whole batch because of one NUL."""
    value = meta.get(key)
    text = str(value) if isinstance(value, str | int) else ""
    if not text.isprintable() or not 0 < len(text) <= _LONGEST_NAME:
        raise UnreadableEventError(
            f"`meta.{key}` is not a printable text of 1 to {_LONGEST_NAME} characters"
        )
    return text
