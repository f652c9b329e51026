"""Builds the dbt models of `dbt_pipedrive` in a warehouse."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import make_url

from demo.report import CONSOLE, show
from demo.warehouse import open_warehouse

PROJECT = Path(__file__).parents[1] / "dbt_pipedrive"
SCHEMA = "analytics"

_DEALS = """
    SELECT 1 FROM information_schema.tables WHERE table_schema = '{}' AND table_name = 'deals'
"""
_DBT = Path(sys.executable).parents[1] / "dbt" / "bin" / "dbt"


def build(dest: str, rates: Mapping[str, float]) -> None:
    """Build and test the models in a DuckDB file or PostgreSQL database; show their sizes.

    `rates` replace those of the seed: what one unit is worth in the reporting currency.
    """
    target, environment = _place(dest)
    if target == "duckdb" and not Path(dest).exists():
        raise SystemExit(f"There is no file {dest}. Run `make demo` or `make sync` first.")
    with open_warehouse(dest) as warehouse:
        if not warehouse.run_sql_query(_DEALS.format(warehouse.schema_name)):
            raise SystemExit(f"{_shown(dest)} has no deals. Run `make sync` first.")
    command = f"build --quiet --target {target}".split()
    variables = [f"--vars={json.dumps({'pipedrive_rates': rates})}"] if rates else []
    folders = [f"--project-dir={PROJECT}", f"--profiles-dir={PROJECT}"]
    with CONSOLE.status("Building the models"):
        run = subprocess.run(
            [_DBT, *command, *variables, *folders], env={**os.environ, **environment}, check=False
        )
    if run.returncode:
        raise SystemExit("dbt failed. Its messages are above.")
    with open_warehouse(dest) as warehouse:
        rows = [
            {"model": mart, **warehouse.run_sql_query(f"SELECT count(*) AS rows FROM {mart}")[0]}
            for mart in (
                f"{SCHEMA}.{path.stem}" for path in sorted(PROJECT.glob("models/marts/*.sql"))
            )
        ]
    show(f"Models in {_shown(dest)}, built and tested", rows)


def _place(dest: str) -> tuple[str, Mapping[str, str]]:
    """Return the target of dbt, and the environment that tells dbt where the warehouse is."""
    schema = {"PIPEDRIVE_ANALYTICS_SCHEMA": SCHEMA}
    if "://" not in dest:
        return "duckdb", {**schema, "PIPEDRIVE_DUCKDB": str(Path(dest).resolve())}
    url = make_url(dest)
    given = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    return "postgres", schema | {name: str(value) for name, value in given.items() if value}


def _shown(dest: str) -> str:
    return make_url(dest).render_as_string() if "://" in dest else Path(dest).name
