"""Sends events to webhooks as Pipedrive does: with retries, bans and removals.

The setting `webhook_time_factor` divides all waits and delays. Retries wait in real time; bans and
the three days without a success run on the sandbox clock.
https://pipedrive.readme.io/docs/guide-for-webhooks-v2
"""

from __future__ import annotations

import asyncio
import base64
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import aiohttp
import orjson

from pipedrive_sandbox.clock import DAY, MINUTE, Stamp
from pipedrive_sandbox.webhooks.payloads import OBJECTS, payload

if TYPE_CHECKING:
    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.changes.events import Event
    from pipedrive_sandbox.store import Row

TIMEOUT: Final = 10.0
RETRIES: Final = (3.0, 30.0, 150.0)
FAILURES_BEFORE_BAN: Final = 10
BAN: Final = 30 * MINUTE
#: A webhook without a success for this long is removed.
REMOVED_AFTER: Final = 3 * DAY
_CONNECTIONS: Final = 16
_SUCCESSES: Final = range(200, 300)


@dataclass
class HookState:
    """The state of a webhook. `attempts` counts requests, all other counts are of events.

    `last_success` is the time of the registration until there is a success.
    """

    last_success: float
    first_failures: int = 0
    banned_until: float = 0.0
    attempts: int = 0
    delivered: int = 0
    given_up: int = 0
    lost: int = 0
    pending: int = 0
    unsaved: Row = field(default_factory=dict)


class Deliveries:
    """Delivers the events of an account to its webhooks."""

    def __init__(self, account: Account) -> None:
        """Prepare deliveries; the first one opens the connection."""
        self._account = account
        self._states: dict[int, HookState] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._free_connections = asyncio.Semaphore(_CONNECTIONS)
        self._random = random.Random(0)
        self._hooks: list[Row] = []
        self._hooks_version = -1
        self._users: list[int] = []
        self._field_types: dict[str, str] = {}
        self._known_versions = (-1, -1)

    def send(self, event: Event) -> None:
        """Send an event to every active webhook that is subscribed to it; a banned one loses it."""
        if event.table not in OBJECTS:
            return
        hooks = [hook for hook in self._active() if _is_subscribed(hook, event)]
        if not hooks:
            return
        users, field_types = self._known()
        body = payload(event, field_types, users)
        for hook in hooks:
            state = self._state(hook)
            if self._account.clock.precise() < state.banned_until:
                state.lost += 1
                continue
            for _ in range(1 + (self._random.random() < self._account.settings.webhook_duplicates)):
                state.pending += 1
                task = asyncio.get_running_loop().create_task(self._deliver(hook, state, body))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def save_states(self) -> None:
        """Store the last result of each webhook, and remove those without a success for three days.

        A removed webhook stays listed as inactive, with the reason.
        """
        now = self._account.clock.precise()
        for hook in list(self._active()):
            state = self._state(hook)
            changes, state.unsaved = state.unsaved, {}
            if state.given_up and now - state.last_success > self._shortened(REMOVED_AFTER):
                changes |= {
                    "is_active": 0,
                    "remove_time": Stamp.MILLIS.text(int(now)),
                    "remove_reason": "no successful delivery in 3 days",
                }
            if changes:
                self._account.store.put("webhooks", hook | changes)

    def _shortened(self, seconds: float) -> float:
        return seconds / self._account.settings.webhook_time_factor

    def report(self) -> Row:
        """Return the state of each webhook, by id."""
        now = self._account.clock.precise()
        return {
            str(key): {
                "attempts": state.attempts,
                "delivered": state.delivered,
                "given_up": state.given_up,
                "lost": state.lost,
                "pending": state.pending,
                "first_failures": state.first_failures,
                "banned_seconds": max(0.0, state.banned_until - now),
            }
            for key, state in self._states.items()
        }

    async def close(self) -> None:
        """Cancel all deliveries that are not finished."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _deliver(self, hook: Row, state: HookState, body: Row) -> None:
        await asyncio.sleep(self._random.random() * self._account.settings.webhook_disorder)
        try:
            for attempt, wait in enumerate((0.0, *RETRIES), start=1):
                await asyncio.sleep(self._shortened(wait))
                if self._account.store.get("webhooks", hook["id"]) is None:
                    return
                if await self._attempt(hook, state, body, attempt):
                    state.delivered += 1
                    state.last_success = self._account.clock.precise()
                    return
            state.given_up += 1
            self.save_states()
        finally:
            state.pending -= 1

    async def _attempt(self, hook: Row, state: HookState, body: Row, attempt: int) -> bool:
        meta = body["meta"] | {
            "webhook_id": str(hook["id"]),
            "webhook_owner_id": str(hook["owner_id"]),
            "attempt": attempt,
        }
        async with self._free_connections:
            status = await self._post(hook, orjson.dumps(body | {"meta": meta}))
        state.attempts += 1
        moment = Stamp.MILLIS.text(self._account.clock.now())
        state.unsaved = {"last_delivery_time": moment, "last_http_status": status}
        is_success = status in _SUCCESSES
        if attempt == 1 and not is_success:
            state.first_failures += 1
            if state.first_failures >= FAILURES_BEFORE_BAN:
                state.first_failures = 0
                state.banned_until = self._account.clock.precise() + self._shortened(BAN)
        return is_success

    async def _post(self, hook: Row, body: bytes) -> int:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT)
            self._session = aiohttp.ClientSession(timeout=timeout)
        name, password = hook["http_auth_user"], hook["http_auth_password"]
        headers = {"content-type": "application/json"}
        if name:
            secret = base64.b64encode(f"{name}:{password or ''}".encode()).decode()
            headers["authorization"] = f"Basic {secret}"
        url = hook["subscription_url"]
        try:
            async with self._session.post(
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0

    def _active(self) -> list[Row]:
        if self._hooks_version != self._account.store.versions["webhooks"]:
            self._hooks_version = self._account.store.versions["webhooks"]
            self._hooks = [row for row in self._account.store.find("webhooks") if row["is_active"]]
        return self._hooks

    def _state(self, hook: Row) -> HookState:
        return self._states.setdefault(
            hook["id"], HookState(last_success=self._account.clock.precise())
        )

    def _known(self) -> tuple[list[int], dict[str, str]]:
        """Return the active users, and the types of the custom fields."""
        versions = (self._account.store.versions["users"], self._account.store.versions["fields"])
        if versions != self._known_versions:
            self._known_versions = versions
            self._users = [
                row["id"] for row in self._account.store.find("users") if row["active_flag"]
            ]
            found = self._account.store.find("fields", "is_custom_field = 1")
            self._field_types = {row["field_code"]: row["field_type"] for row in found}
        return self._users, self._field_types


def _is_subscribed(hook: Row, event: Event) -> bool:
    actions, objects = ("*", event.action), ("*", OBJECTS[event.table])
    return hook["event_action"] in actions and hook["event_object"] in objects
