"""Sends events to webhooks as Pipedrive does: retries, bans, removals. Facts §6.4.

Waits and delays are divided by the setting `webhook_time_factor`. Retries wait in real time; bans
and the three days without success run on the sandbox clock.
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
from pipedrive_sandbox.payloads import OBJECTS, payload

if TYPE_CHECKING:
    from pipedrive_sandbox.clock import Clock
    from pipedrive_sandbox.edits import Event
    from pipedrive_sandbox.settings import Settings
    from pipedrive_sandbox.store import Row, Store

TIMEOUT: Final = 10.0
RETRIES: Final = (3.0, 30.0, 150.0)
FAILURES_BEFORE_BAN: Final = 10
BAN: Final = 30 * MINUTE
PATIENCE: Final = 3 * DAY
_AT_ONCE: Final = 16
_GOOD: Final = range(200, 300)


@dataclass
class Standing:
    """How a webhook is doing. Counts are of events, `attempts` of requests."""

    since: float
    failures: int = 0
    banned_until: float = 0.0
    attempts: int = 0
    delivered: int = 0
    given_up: int = 0
    lost: int = 0
    pending: int = 0
    latest: Row = field(default_factory=dict)


class Deliveries:
    """Listens to changes and tells the webhooks."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        """Begin without a connection; it is opened by the first delivery."""
        self._store = store
        self._clock = clock
        self._settings = settings
        self._standings: dict[int, Standing] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._chance = random.Random(0)
        self._hooks: list[Row] = []
        self._hooks_of = -1
        self._users: list[int] = []
        self._kinds: dict[str, str] = {}
        self._known_of = (-1, -1)

    def tell(self, event: Event) -> None:
        """Send an event to every active webhook that wants it; lose it where there is a ban."""
        if event.table not in OBJECTS:
            return
        hooks = [hook for hook in self._active() if _wants(hook, event)]
        if not hooks:
            return
        users, kinds = self._known()
        body = payload(event, kinds, users)
        for hook in hooks:
            standing = self._standing(hook)
            if self._clock.precise() < standing.banned_until:
                standing.lost += 1
                continue
            for _ in range(1 + (self._chance.random() < self._settings.webhook_duplicates)):
                standing.pending += 1
                task = asyncio.get_running_loop().create_task(self._deliver(hook, standing, body))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def settle(self) -> None:
        """Write down how deliveries went, and remove webhooks without a success for three days.

        Those stay listed as inactive, with the reason.
        """
        now = self._clock.precise()
        for hook in list(self._active()):
            standing = self._standing(hook)
            noted, standing.latest = standing.latest, {}
            if standing.given_up and now - standing.since > self._long(PATIENCE):
                noted |= {
                    "is_active": 0,
                    "remove_time": Stamp.MILLIS.text(int(now)),
                    "remove_reason": "no successful delivery in 3 days",
                }
            if noted:
                self._store.put("webhooks", hook | noted)

    def _long(self, seconds: float) -> float:
        return seconds / self._settings.webhook_time_factor

    def told(self) -> Row:
        """Return how each webhook is doing, by id."""
        now = self._clock.precise()
        return {
            str(key): {
                "attempts": each.attempts,
                "delivered": each.delivered,
                "given_up": each.given_up,
                "lost": each.lost,
                "pending": each.pending,
                "first_failures": each.failures,
                "banned_seconds": max(0.0, each.banned_until - now),
            }
            for key, each in self._standings.items()
        }

    async def close(self) -> None:
        """Drop what is still to be delivered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _deliver(self, hook: Row, standing: Standing, body: Row) -> None:
        await asyncio.sleep(self._chance.random() * self._settings.webhook_disorder)
        try:
            for attempt, wait in enumerate((0.0, *RETRIES), start=1):
                await asyncio.sleep(self._long(wait))
                if self._store.get("webhooks", hook["id"]) is None:
                    return
                if await self._attempt(hook, standing, body, attempt):
                    standing.delivered += 1
                    standing.since = self._clock.precise()
                    return
            standing.given_up += 1
            self.settle()
        finally:
            standing.pending -= 1

    async def _attempt(self, hook: Row, standing: Standing, body: Row, attempt: int) -> bool:
        meta = body["meta"] | {
            "webhook_id": str(hook["id"]),
            "webhook_owner_id": str(hook["owner_id"]),
            "attempt": attempt,
        }
        async with self._gate:
            status = await self._post(hook, orjson.dumps(body | {"meta": meta}))
        standing.attempts += 1
        moment = Stamp.MILLIS.text(self._clock.now())
        standing.latest = {"last_delivery_time": moment, "last_http_status": status}
        good = status in _GOOD
        if attempt == 1 and not good:
            standing.failures += 1
            if standing.failures >= FAILURES_BEFORE_BAN:
                standing.failures = 0
                standing.banned_until = self._clock.precise() + self._long(BAN)
        return good

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
        if self._hooks_of != self._store.versions["webhooks"]:
            self._hooks_of = self._store.versions["webhooks"]
            self._hooks = [row for row in self._store.find("webhooks") if row["is_active"]]
        return self._hooks

    def _standing(self, hook: Row) -> Standing:
        return self._standings.setdefault(hook["id"], Standing(since=self._clock.precise()))

    def _known(self) -> tuple[list[int], dict[str, str]]:
        """Return the active users, and the types of the custom fields."""
        of = (self._store.versions["users"], self._store.versions["fields"])
        if of != self._known_of:
            self._known_of = of
            self._users = [row["id"] for row in self._store.find("users") if row["active_flag"]]
            found = self._store.find("fields", "is_custom_field = 1")
            self._kinds = {row["field_code"]: row["field_type"] for row in found}
        return self._users, self._kinds


def _wants(hook: Row, event: Event) -> bool:
    actions, objects = ("*", event.action), ("*", OBJECTS[event.table])
    return hook["event_action"] in actions and hook["event_object"] in objects
