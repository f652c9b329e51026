"""A tour of the connector: sync a made-up account, change rows in it, and sync again."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import airbyte as ab
from airbyte.caches import CacheBase

from demo import ACCOUNT, DATABASE
from demo.next_steps import show_next_steps
from demo.report import CONSOLE, show
from demo.verdict import show_verdict
from demo.warehouse import open_source, open_warehouse, sync
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive.pyairbyte import SUGGESTED

#: The history of deals costs a request per deal, so it is not suggested.
STREAMS = f"{SUGGESTED},deal_changelog"
#: Requests in two seconds, as an OAuth app in the largest plan may send.
BURST = 480

_TOKENS = "Each request costs API tokens; Pipedrive grants a company a number of them per day."
#: Those that a salesperson would win now; old ones would distort the length of the sales cycle.
_NEWEST_OPEN_DEALS = """
    (SELECT id FROM deals WHERE status = 'open' AND NOT is_archived ORDER BY add_time DESC LIMIT 10)
"""
_REPEATED_ROWS = """\
Rows that did not change are read again: reference data in full, all products and the history of a \
changed deal, and the last 5 minutes of the previous sync, since Pipedrive may date a row late."""


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
        with CONSOLE.status("Comparing the tables with the account"):
            show_verdict(sandbox.config, f"duckdb:///{DATABASE}")
    CONSOLE.rule("What next")
    show_next_steps()


def _show_tour(sandbox: RunningSandbox, warehouse: CacheBase, deals: int) -> None:
    """Sync, change rows, and sync again."""
    CONSOLE.rule(f"First sync: all rows of a made-up account with {deals:,} deals")
    source = open_source(sandbox.config, STREAMS)
    _take_costs(sandbox, source)

    results = sync(source, warehouse)
    costs = _take_costs(sandbox, source)
    rest = {result.stream for result in results} - _cursors(source).keys()
    rows = _with_rest(
        [
            {
                "table": result.stream,
                "rows": result.total,
                "requests": costs.requests[result.stream],
                "API tokens": costs.tokens[result.stream],
            }
            for result in results
        ],
        rest,
        f"{len(rest)} tables of reference data",
    )
    show("", rows, total=f"total of {len(results)} tables")
    CONSOLE.print(_TOKENS)

    CONSOLE.rule("Second sync: what changed since")
    before = _row_versions(source, warehouse)
    changes = _change_rows(sandbox, warehouse)
    _take_costs(sandbox, source)
    CONSOLE.print(f"{changes} rows were created or changed in Pipedrive.")
    results = sync(source, warehouse)
    costs = _take_costs(sandbox, source)
    changed = Counter(stream for stream, *_ in _row_versions(source, warehouse) - before)
    rest = {result.stream for result in results if not changed[result.stream]}
    rows = _with_rest(
        [
            {
                "table": result.stream,
                "new or changed": changed[result.stream],
                "rows read": result.received,
                "requests": costs.requests[result.stream],
                "API tokens": costs.tokens[result.stream],
            }
            for result in results
        ],
        rest,
        f"{len(rest)} tables without changes",
    )
    show("", rows, total=f"total of {len(results)} tables")
    CONSOLE.print(_REPEATED_ROWS)
    if changed.total() != changes:
        raise SystemExit(f"{changes} rows were changed, but {changed.total()} reached DuckDB.")


def _with_rest(
    rows: Sequence[Mapping[str, Any]], rest: Collection[str], name: str
) -> list[Mapping[str, Any]]:
    """Return the rows, with one row `name` that has the sums of those in `rest`."""
    shown = [row for row in rows if row["table"] not in rest]
    columns = [column for column in rows[0] if column != "table"]
    sums = {column: sum(row[column] for row in rows if row["table"] in rest) for column in columns}
    return [*shown, {"table": name, **sums}] if rest else shown


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
        (stream, row["id"], row["update_time"])
        for stream, cursor in _cursors(source).items()
        if cursor == "update_time"
        for row in warehouse.run_sql_query(f"SELECT id, update_time FROM {stream}")
    }


def _cursors(source: ab.Source) -> dict[str, str]:
    """Return the selected streams that are read incrementally, with their cursors."""
    selected = source.get_selected_streams()
    return {
        stream.name: stream.default_cursor_field[0]
        for stream in source.discovered_catalog.streams
        if stream.name in selected and stream.default_cursor_field
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
