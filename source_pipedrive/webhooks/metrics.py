"""Metrics of the receiver, for Prometheus."""

from dataclasses import asdict
from math import nan
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.payloads import STREAMS
from source_pipedrive.webhooks.targets.target import Arrival, SyncCost

_LAG_BUCKETS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 180, 600, 3600)
_COMMIT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5)


class Metrics:
    """The metrics of one receiver. `inbox_events` and `inbox_writable` are set at each scrape."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        prefix: Any = {"namespace": "pipedrive_webhooks", "registry": self._registry}
        self._events = Counter(
            "events", "Events committed to the inbox.", ["object", "action"], **prefix
        )
        self._duplicates = Counter(
            "duplicates", "Deliveries of events that the inbox already had.", **prefix
        )
        self._retries = Counter(
            "retries",
            "Events that arrived by a retry. Ten failed first attempts ban a webhook.",
            **prefix,
        )
        self._rejected = Counter("rejected", "Rejected requests, by reason.", ["reason"], **prefix)
        self._set_aside = Counter(
            "set_aside", "Stored events that cannot be read. `webhooks inbox` lists them.", **prefix
        )
        self._closed = Counter(
            "connections_closed",
            "Connections closed for waiting too long, or because there were too many.",
            ["reason"],
            **prefix,
        )
        self._lag = Histogram(
            "lag_seconds",
            "Seconds from the change in Pipedrive to the commit in the inbox.",
            buckets=_LAG_BUCKETS,
            **prefix,
        )
        self.commit = Histogram(
            "commit_seconds",
            "Seconds from the parsed request to the commit in the inbox.",
            buckets=_COMMIT_BUCKETS,
            **prefix,
        )
        self._arrival = Histogram(
            "arrival_seconds",
            "Seconds from the change in Pipedrive to its row in the warehouse.",
            buckets=_LAG_BUCKETS,
            **prefix,
        )
        self._arrival_part = Histogram(
            "arrival_part_seconds",
            "The parts of arrival_seconds: to the inbox, to the sync, to the warehouse.",
            ["part"],
            buckets=_LAG_BUCKETS,
            **prefix,
        )
        self._tokens_spent = Counter("tokens_spent", "API tokens that syncs have spent.", **prefix)
        self._tokens_left = Gauge(
            "tokens_left", "API tokens that the company has left today.", **prefix
        )
        # unknown until a sync, and for ever without --then sync: 0 would raise an alert
        self._tokens_left.set(nan)
        self.inbox_writable = Gauge(
            "inbox_writable", "0 while events are rejected, else 1.", **prefix
        )
        self.inbox_events = Gauge("inbox_events", "Number of stored events.", **prefix)

    def stored(self, event: Event, lag: float) -> None:
        """Count a new event. `lag` is in seconds."""
        # the sender chooses the name of the object: only known names may become labels
        known = event.object if event.object in STREAMS else "other"
        self._events.labels(known, event.action).inc()
        self._lag.observe(max(0, lag))
        if event.attempt > 1:
            self._retries.inc()

    def arrived(self, arrival: Arrival) -> None:
        """Observe how long a row took to the warehouse."""
        self._arrival.observe(max(0, arrival.total))
        for part, seconds in asdict(arrival).items():
            self._arrival_part.labels(part).observe(max(0, seconds))

    def synced(self, cost: SyncCost) -> None:
        """Count what a sync cost."""
        self._tokens_spent.inc(cost.tokens)
        if cost.left is not None:
            self._tokens_left.set(cost.left)

    def duplicate(self) -> None:
        """Count a delivery of an event that the inbox already had."""
        self._duplicates.inc()

    def set_aside(self) -> None:
        """Count a stored event that cannot be read."""
        self._set_aside.inc()

    def rejected(self, reason: str) -> None:
        """Count a rejected request."""
        self._rejected.labels(reason).inc()

    def connection_closed(self, reason: str) -> None:
        """Count a connection that was closed without an answer."""
        self._closed.labels(reason).inc()

    def exposition(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)
