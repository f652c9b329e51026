"""Load test: sends deliveries at a steady rate, and measures the time of each answer.

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

# as long as Pipedrive waits
_TIMEOUT_SECONDS = 10.0


@dataclass
class Answers:
    """The seconds that each answer took, and the number of answers by status."""

    durations: list[float] = field(default_factory=list)
    statuses: Counter[int | str] = field(default_factory=Counter)

    def quantile(self, share: float) -> float:
        """Return the milliseconds within which this share of the answers arrived."""
        return statistics.quantiles(self.durations, n=1000)[round(share * 1000) - 1] * 1000


async def deliver(urls: Sequence[str], rate: float, seconds: float, times: int = 1) -> Answers:
    """Send events at a steady rate, independent of the answers, to the receivers in turn.

    Each event is delivered `times` times at once, to different receivers if there are several.
    """
    answers = Answers()
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    headers = {"authorization": aiohttp.encode_basic_auth(*CREDENTIALS)}
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, headers=headers
    ) as session:

        async def send(url: str, delivery: Mapping[str, Any]) -> None:
            began = time.perf_counter()
            try:
                async with session.post(url, json=delivery) as answer:
                    await answer.read()
                    answers.statuses[answer.status] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                answers.statuses[type(error).__name__] += 1
            answers.durations.append(time.perf_counter() - began)

        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(round(rate * seconds)):
                await asyncio.sleep(start + number / rate - time.perf_counter())
                delivery = a_delivery()
                for repetition in range(times):
                    group.create_task(send(urls[(number + repetition) % len(urls)], delivery))
    return answers


@contextmanager
def new_inbox(kind: str) -> Iterator[str]:
    """Return the URL of an empty inbox: SQLite, or a PostgreSQL server with durable commits."""
    if kind == "postgresql":
        with running_postgres(durable=True) as server:
            yield server.new_database()
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/inbox.db"


@click.command()
@click.option("--inbox", type=click.Choice(["sqlite", "postgresql"]), default="sqlite")
@click.option("--receivers", default=1)
@click.option("--rate", default=200.0, help="Deliveries per second.")
@click.option("--seconds", default=60.0)
def load(inbox: str, receivers: int, rate: float, seconds: float) -> None:
    """Measure receivers, each in its own process."""
    with new_inbox(inbox) as url, ExitStack() as stack:
        urls = [stack.enter_context(running_receiver(url)).url for _ in range(receivers)]
        answers = asyncio.run(deliver(urls, rate, seconds))
        with Inbox(url) as stored:
            ids = [event.id for event in stored.events(after=0)]
    click.echo(
        f"{inbox}, {receivers} receiver(s), {rate:g}/s for {seconds:g} s: "
        f"p50 {answers.quantile(0.5):.1f} ms, p95 {answers.quantile(0.95):.1f} ms, "
        f"p99 {answers.quantile(0.99):.1f} ms, longest {max(answers.durations) * 1000:.0f} ms; "
        f"answers {dict(answers.statuses)}; in the inbox {len(ids)}, distinct {len(set(ids))}"
    )


if __name__ == "__main__":
    load()
