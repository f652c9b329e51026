"""What a database cannot hold: it is refused at the start, or costs one event only."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from source_pipedrive.inbox.errors import RefusedEventError
from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks.writer import InboxWriter
from unit_tests.inbox.deliveries import an_event
from unit_tests.inbox.postgres import Postgres


@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_text_is_refused(
    postgres: Postgres, encoding: str
) -> None:
    with Inbox(postgres.new_database(encoding)) as inbox:
        with pytest.raises(InboxError, match=f"character set {encoding}") as caught:
            inbox.prepare()
        with pytest.raises(InboxError, match="webhooks serve"):
            inbox.last_sequence()

    assert "ENCODING 'UTF8' TEMPLATE template0" in str(caught.value)


def stored(inbox: Inbox, events: Sequence[Event]) -> list[bool | BaseException]:
    """Store events at once; return whether each was new, or why it was refused."""

    async def store() -> list[bool | BaseException]:
        writer = InboxWriter(inbox, lambda: None)
        await writer.start()
        results = await asyncio.gather(*map(writer.store, events), return_exceptions=True)
        await writer.stop()
        return results

    return asyncio.run(store())


def test_events_that_the_database_refuses_cost_no_other_event_an_error(
    postgres: Postgres,
) -> None:
    # no index takes a text that long, and it cannot be compressed
    source = random.Random(1)  # noqa: S311
    long = "".join(chr(source.randrange(0x4E00, 0x9FFF)) for _ in range(20_000))
    events = [an_event(entity_id=number) for number in range(20)]
    events[3] = replace(events[3], id=long)
    events[17] = replace(events[17], object_id="NUL \0")

    with Inbox(postgres.new_database()) as inbox:
        results = stored(inbox, events)
        kept = [int(event.object_id) for event in inbox.events(after=0)]

    refused = [number for number, result in enumerate(results) if result is not True]
    assert refused == [3, 17]
    assert {type(results[number]) for number in refused} == {RefusedEventError}
    assert kept == [number for number in range(20) if number not in refused]
