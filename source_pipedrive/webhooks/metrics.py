"""What the receiver counts, for Prometheus."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.payloads import STREAMS

_LAGS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 180, 600, 3600)
_WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5)


class Metrics:
    """The counters of one receiver; `inbox_events` and `inbox_writable` are set at each scrape."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        prefix: Any = {"namespace": "pipedrive_webhooks", "registry": self._registry}
        self._events = Counter(
            "events", "Events committed to the inbox.", ["object", "action"], **prefix
        )
        self._duplicates = Counter("duplicates", "Events that were there already.", **prefix)
        self._retries = Counter(
            "retries",
            "Events that arrived by a retry: ten failed first attempts ban a hook.",
            **prefix,
        )
        self._rejected = Counter("rejected", "Requests refused, by reason.", ["reason"], **prefix)
        self._lag = Histogram(
            "lag_seconds", "From the change in Pipedrive to the commit.", buckets=_LAGS, **prefix
        )
        self.commit = Histogram(
            "commit_seconds", "From the request's body to the commit.", buckets=_WAITS, **prefix
        )
        self.arrival = Histogram(
            "arrival_seconds",
            "From the change in Pipedrive to its row in the warehouse.",
            buckets=_LAGS,
            **prefix,
        )
        self.inbox_writable = Gauge("inbox_writable", "0 while events are refused.", **prefix)
        self.inbox_events = Gauge("inbox_events", "Events kept, at most.", **prefix)

    def stored(self, event: Event, lag: float) -> None:
        """Count an event that was new; `lag` is in seconds."""
        # the sender names the object: only known names may become labels
        known = event.object if event.object in STREAMS else "other"
        self._events.labels(known, event.action).inc()
        self._lag.observe(max(0, lag))
        if event.attempt > 1:
            self._retries.inc()

    def duplicate(self) -> None:
        """Count an event that the inbox had already."""
        self._duplicates.inc()

    def rejected(self, reason: str) -> None:
        """Count a request that was refused."""
        self._rejected.labels(reason).inc()

    def exposition(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)
