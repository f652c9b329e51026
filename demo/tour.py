"""The tour: a made-up account is synced, worked on by its salespeople, and synced again."""

import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import airbyte as ab
from airbyte.caches import CacheBase

from demo.report import CONSOLE, show
from demo.warehouse import open_source, open_warehouse, sync
from pipedrive_sandbox.client import RunningSandbox, running_sandbox

DATABASE = Path(__file__).with_name("pipedrive.duckdb")

WON_VALUE = """
    SELECT pipelines.name AS pipeline, stages.name AS stage, count(*) AS "won deals",
           CAST(sum(deals.value) AS bigint) AS "value in EUR"
    FROM deals
    JOIN stages ON stages.id = deals.stage_id
    JOIN pipelines ON pipelines.id = stages.pipeline_id
    WHERE deals.status = 'won' AND deals.currency = 'EUR'
    GROUP BY pipelines.order_nr, pipelines.name, stages.order_nr, stages.name
    ORDER BY pipelines.order_nr, pipelines.name, stages.order_nr
"""


def run_tour(deals: int) -> None:
    """Sync a sandbox account of `deals` deals twice; exit with 1 if a change does not arrive."""
    DATABASE.unlink(missing_ok=True)
    with (
        running_sandbox(deals=deals) as sandbox,
        open_warehouse(str(DATABASE)) as warehouse,
    ):
        CONSOLE.rule("A sandbox account")
        source = open_source(sandbox.config)
        _bill(sandbox, source)

        CONSOLE.rule("The first sync: everything")
        arrivals = sync(source, warehouse)
        requests, tokens = _bill(sandbox, source)
        rows = [
            {
                "stream": arrival.stream,
                "rows": arrival.total,
                "requests": requests[arrival.stream],
                "tokens": tokens[arrival.stream],
            }
            for arrival in arrivals
        ]
        show(f"In {DATABASE.name}", rows, total=True)
        show("Won value by pipeline and stage", warehouse.run_sql_query(WON_VALUE), total=True)

        CONSOLE.rule("A day at work")
        before = _versions(source, warehouse)
        edits = _work(sandbox, warehouse)
        CONSOLE.print(f"In Pipedrive, {edits} rows were created or changed.")
        _bill(sandbox, source)

        CONSOLE.rule("The second sync: what is new")
        arrivals = sync(source, warehouse)
        requests, tokens = _bill(sandbox, source)
        changed = Counter(stream for stream, *_ in _versions(source, warehouse) - before)
        rows = [
            {
                "stream": arrival.stream,
                "rows read": arrival.received,
                "new or changed": changed[arrival.stream],
                "requests": requests[arrival.stream],
                "tokens": tokens[arrival.stream],
            }
            for arrival in arrivals
        ]
        show("Second sync", rows, total=True)
        CONSOLE.print(
            "Reference data is read whole each time: it has no filter by time. A changed deal "
            "brings all its products. Of the rest, the last minutes before the first sync come "
            "again, for rows that Pipedrive may have stamped late."
        )
    if changed.total() != edits:
        raise SystemExit(f"{edits} rows were changed, but {changed.total()} arrived.")


def _work(sandbox: RunningSandbox, warehouse: CacheBase) -> int:
    """Win, plan, note and rename like a salesperson; return how many rows that touched."""
    deals = _ids(warehouse, "deals WHERE status = 'open' AND NOT is_archived", 10)
    persons = _ids(warehouse, "persons", 5)
    leads = _ids(warehouse, "leads WHERE NOT is_archived", 2)
    _change(sandbox, "deals", "edit", ids=deals, set={"status": "won"})
    for deal in deals[:5]:
        meeting = {"subject": "Kick-off", "type": "meeting", "deal_id": deal}
        _change(sandbox, "activities", "create", set=meeting)
    for deal in deals[5:8]:
        note = {"content": "Signed on the first page.", "deal_id": deal}
        _change(sandbox, "notes", "create", set=note)
    _change(sandbox, "persons", "edit", ids=persons, set={"job_title": "Head of Purchasing"})
    _change(sandbox, "leads", "edit", ids=leads, set={"title": "Wants a second offer"})
    # new rows get their update_time with a delay, in Pipedrive as here: let it pass
    sandbox.control("clock", "POST", settle=True)
    return len(deals) + len(deals[:5]) + len(deals[5:8]) + len(persons) + len(leads)


def _change(sandbox: RunningSandbox, table: str, action: str, **more: Any) -> None:
    sandbox.control("mutate", "POST", table=table, action=action, **more)


def _ids(warehouse: CacheBase, rows: str, limit: int) -> list[Any]:
    found = warehouse.run_sql_query(f"SELECT id FROM {rows} ORDER BY id LIMIT {limit}")
    return [row["id"] for row in found]


def _versions(source: ab.Source, warehouse: CacheBase) -> set[tuple[Any, ...]]:
    """Return stream, id and time of the last change of every row that has such a time."""
    return {
        (stream.name, row["id"], row["update_time"])
        for stream in source.discovered_catalog.streams
        if stream.name in source.get_selected_streams()
        and stream.default_cursor_field == ["update_time"]
        for row in warehouse.run_sql_query(f"SELECT id, update_time FROM {stream.name}")
    }


def _bill(sandbox: RunningSandbox, source: ab.Source) -> tuple[Counter[str], Counter[str]]:
    """Return requests and tokens per stream since the last bill."""
    requests, tokens = Counter[str](), Counter[str]()
    streams = source.get_selected_streams()
    for endpoint, tally in sandbox.control("counters")["endpoints"].items():
        stream = _stream_of(endpoint, streams)
        requests[stream] += tally["requests"]
        tokens[stream] += tally["tokens"]
    sandbox.control("counters", "DELETE")
    return requests, tokens


def _stream_of(endpoint: str, streams: Collection[str]) -> str:
    """Return `deal_products` for `GET /api/v2/deals/products`, `deals` for `…/deals/archived`."""
    path = re.sub("([A-Z])", r"_\1", endpoint.partition("/v")[2]).lower()
    _version, collection, *rest = path.split("/")
    child = f"{collection.removesuffix('s')}_{rest[-1]}" if rest else collection
    return child if child in streams else collection
