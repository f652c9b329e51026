"""Load on receivers: deliveries at a steady rate, and how long each answer takes.

`python -m integration_tests.webhooks.load --inbox postgresql --receivers 2 --rate 500 --seconds 60`
"""

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import click

from integration_tests.webhooks.process import running_receiver
from source_pipedrive.inbox.store import Inbox
from unit_tests.inbox.deliveries import CREDENTIALS, a_delivery
from unit_tests.inbox.postgres import running_postgres

# Pipedrive's own
_PATIENCE = 10.0


@dataclass
class Answers:
    """What came of a load: the seconds of every answer, and how often which status."""

    took: list[float] = field(default_factory=list)
    statuses: Counter[int | str] = field(default_factory=Counter)

    def quantile(self, share: float) -> float:
        """Return the time, in milliseconds, within which this share of the answers came."""
        return statistics.quantiles(self.took, n=1000)[round(share * 1000) - 1] * 1000


async def deliver(urls: Sequence[str], rate: float, seconds: float, times: int = 1) -> Answers:
    """Send events at a rate whatever the answers do, each so many times, in turn to each receiver.

    Of several receivers, the first deliveries of an event are to different ones, at once.
    """
    answers = Answers()
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=_PATIENCE)
    headers = {"authorization": aiohttp.encode_basic_auth(*CREDENTIALS)}
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, headers=headers
    ) as session:

        async def one(url: str, delivery: Mapping[str, Any]) -> None:
            began = time.perf_counter()
            try:
                async with session.post(url, json=delivery) as answer:
                    await answer.read()
                    answers.statuses[answer.status] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                answers.statuses[type(error).__name__] += 1
            answers.took.append(time.perf_counter() - began)

        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(round(rate * seconds)):
                await asyncio.sleep(start + number / rate - time.perf_counter())
                delivery = a_delivery()
                for again in range(times):
                    group.create_task(one(urls[(number + again) % len(urls)], delivery))
    return answers


@contextmanager
def new_inbox(kind: str) -> Iterator[str]:
    """Make an empty inbox, in SQLite or on a PostgreSQL of its own that waits for the disk."""
    if kind == "postgresql":
        with running_postgres(durable=True) as server:
            yield server.new_database()
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/inbox.db"


@click.command()
@click.option("--inbox", type=click.Choice(["sqlite", "postgresql"]), default="sqlite")
@click.option("--receivers", default=1)
@click.option("--rate", default=200.0, help="Deliveries a second.")
@click.option("--seconds", default=60.0)
def load(inbox: str, receivers: int, rate: float, seconds: float) -> None:
    """Measure receivers as processes of their own."""
    with new_inbox(inbox) as url, ExitStack() as stack:
        urls = [stack.enter_context(running_receiver(url)).url for _ in range(receivers)]
        answers = asyncio.run(deliver(urls, rate, seconds))
        with Inbox(url) as kept:
            ids = [event["id"] for event in kept.events(after=0)]
    click.echo(
        f"{inbox}, {receivers} receiver(s), {rate:g}/s for {seconds:g} s: "
        f"p50 {answers.quantile(0.5):.1f} ms, p95 {answers.quantile(0.95):.1f} ms, "
        f"p99 {answers.quantile(0.99):.1f} ms, longest {max(answers.took) * 1000:.0f} ms; "
        f"answers {dict(answers.statuses)}; in the inbox {len(ids)}, distinct {len(set(ids))}"
    )


if __name__ == "__main__":
    load()
