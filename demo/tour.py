"""A tour of the connector: sync a made-up account, change rows in it, and sync again."""

import re
from collections import Counter
from collections.abc import Collection
from typing import Any, NamedTuple

import airbyte as ab
from airbyte.caches import CacheBase

from demo import ACCOUNT, DATABASE
from demo.report import CONSOLE, show
from demo.verdict import show_verdict
from demo.warehouse import SUGGESTED, open_source, open_warehouse, sync
from pipedrive_sandbox.client import RunningSandbox, running_sandbox

#: The history of deals costs a request per deal, so it is not suggested.
STREAMS = f"{SUGGESTED},deal_changelog"
#: Requests in two seconds, as an OAuth app in the largest plan may send.
BURST = 480

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
#: Those that a salesperson would win now; old ones would distort the length of the sales cycle.
_NEWEST_OPEN_DEALS = """
    (SELECT id FROM deals WHERE status = 'open' AND NOT is_archived ORDER BY add_time DESC LIMIT 10)
"""
_REPEATED_ROWS = """\
Rows that are not new or changed were read again, for one of these reasons:
- Reference data, such as users and field definitions, is read in full by each sync.
- If a deal changed, all of its products and its whole history are read.
- Each sync reads the last 5 minutes before the previous sync again (the lookback window). \
Pipedrive sets `update_time` shortly after it creates a row, so such a row could be missed."""


class _Costs(NamedTuple):
    """API requests and tokens, by stream."""

    requests: Counter[str]
    tokens: Counter[str]


def run_tour(deals: int) -> None:
    """Sync a made-up account twice; exit with 1 if a change does not reach DuckDB."""
    for file in (DATABASE, *ACCOUNT.parent.glob(f"{ACCOUNT.name}*")):
        file.unlink(missing_ok=True)
    with running_sandbox(
        deals=deals, database=str(ACCOUNT), burst=BURST, daily_budget=0
    ) as sandbox:
        with open_warehouse(str(DATABASE)) as warehouse:
            _show_tour(sandbox, warehouse, deals)
        CONSOLE.rule("Verification: a sample of both sides")
        show_verdict(sandbox.config, f"duckdb:///{DATABASE}")


def _show_tour(sandbox: RunningSandbox, warehouse: CacheBase, deals: int) -> None:
    """Sync, change rows, and sync again."""
    CONSOLE.rule(f"A local sandbox with a made-up account of {deals:,} deals")
    source = open_source(sandbox.config, STREAMS)
    _take_costs(sandbox, source)

    CONSOLE.rule("First sync: all rows")
    results = sync(source, warehouse)
    costs = _take_costs(sandbox, source)
    rows = [
        {
            "stream": result.stream,
            "rows": result.total,
            "requests": costs.requests[result.stream],
            "tokens": costs.tokens[result.stream],
        }
        for result in results
    ]
    show(f"Tables in {DATABASE.name}, and what reading them cost", rows, total=True)
    show("Value of won deals, a query in DuckDB", warehouse.run_sql_query(WON_VALUE), total=True)

    CONSOLE.rule("Changes in Pipedrive")
    before = _row_versions(source, warehouse)
    changes = _change_rows(sandbox, warehouse)
    CONSOLE.print(f"{changes} rows were created or changed.")
    _take_costs(sandbox, source)

    CONSOLE.rule("Second sync: only new and changed rows")
    results = sync(source, warehouse)
    costs = _take_costs(sandbox, source)
    changed = Counter(stream for stream, *_ in _row_versions(source, warehouse) - before)
    rows = [
        {
            "stream": result.stream,
            "rows read": result.received,
            "new or changed": changed[result.stream],
            "requests": costs.requests[result.stream],
            "tokens": costs.tokens[result.stream],
        }
        for result in results
    ]
    show("What the second sync read, and what it cost", rows, total=True)
    CONSOLE.print(_REPEATED_ROWS, highlight=False)
    if changed.total() != changes:
        raise SystemExit(f"{changes} rows were changed, but {changed.total()} reached DuckDB.")


def _change_rows(sandbox: RunningSandbox, warehouse: CacheBase) -> int:
    """Create and change rows as a salesperson does; return how many."""
    deals = _ids(warehouse, _NEWEST_OPEN_DEALS, 10)
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


def _row_versions(source: ab.Source, warehouse: CacheBase) -> set[tuple[str, Any, Any]]:
    """Return (stream, id, update_time) of every row in streams that have an `update_time`."""
    return {
        (stream.name, row["id"], row["update_time"])
        for stream in source.discovered_catalog.streams
        if stream.name in source.get_selected_streams()
        and stream.default_cursor_field == ["update_time"]
        for row in warehouse.run_sql_query(f"SELECT id, update_time FROM {stream.name}")
    }


def _take_costs(sandbox: RunningSandbox, source: ab.Source) -> _Costs:
    """Return the costs by stream since the last call, as the sandbox counted them."""
    costs = _Costs(Counter[str](), Counter[str]())
    streams = source.get_selected_streams()
    for endpoint, counted in sandbox.control("counters")["endpoints"].items():
        stream = _stream_of(endpoint, streams)
        costs.requests[stream] += counted["requests"]
        costs.tokens[stream] += counted["tokens"]
    sandbox.control("counters", "DELETE")
    return costs


def _stream_of(endpoint: str, streams: Collection[str]) -> str:
    """Return `deal_products` for `GET /api/v2/deals/products`, `deals` for `…/deals/archived`."""
    path = re.sub("([A-Z])", r"_\1", endpoint.partition("/v")[2]).lower()
    _version, collection, *rest = path.split("/")
    child = f"{collection.removesuffix('s')}_{rest[-1]}" if rest else collection
    return child if child in streams else collection
