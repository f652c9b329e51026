"""The queries of the report, which are in `sql/`: they read the models and sum up their rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import text

from source_pipedrive.verify.database import Database, WarehouseError

Row = Mapping[str, Any]

#: So many rotten deals of each owner in each pipeline are in the file; the page shows as many.
ROTTEN_DEALS = 25

_SUMS = ("open_stages", "open_months", "closed", "cycles", "funnel", "activities", "leads")
_LISTS = ("rotten", "stages", "pipelines", "owners", "streams")
_NEEDED = ("pipedrive__deals", "int_pipedrive__streams", "int_pipedrive__stage_entries")


def month_number(year: int, month: int) -> int:
    """Return a month as a number, as the queries do: those of two months in a row differ by 1."""
    return 12 * year + month - 1


def _month_of(moment: str) -> str:
    """Return SQL for the number of a month; null stays null."""
    return f"cast(12 * extract(YEAR FROM {moment}) + extract(MONTH FROM {moment}) - 1 AS integer)"


def run_queries(dest: str, schema: str) -> Mapping[str, Sequence[Row]]:
    """Return the rows of the queries by their names; raise `WarehouseError` if one fails."""
    # the SQL is not HTML: nothing in it may be escaped
    environment = Environment(  # noqa: S701 - see above
        loader=PackageLoader("sales_report", "sql"), undefined=StrictUndefined
    )
    environment.globals.update(schema=schema, month_of=_month_of, limit=ROTTEN_DEALS)
    database = Database(dest)
    try:
        tables = database.tables(schema).get(schema, {})
        if not tables.keys() >= set(_NEEDED):
            raise WarehouseError(
                f"The warehouse has no dbt models of this version in the schema {schema}. "
                "Run `make analytics` with the same DEST first."
            )
        return {
            name: database.all(text(environment.get_template(f"{name}.sql").render()))
            for name in _SUMS + _LISTS
        }
    finally:
        database.close()
