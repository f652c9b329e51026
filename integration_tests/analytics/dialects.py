"""The SQL for BigQuery and Snowflake: it is parsed, not run.

dbt compiles the models with the adapters of both, which needs no connection. They take 650 MB, so
`make dialects` installs them and runs this file, and `make test` does not.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from integration_tests.analytics.package import DBT, dbt

if TYPE_CHECKING:
    from pathlib import Path

PROFILES = """
pipedrive:
  target: bigquery
  outputs:
    bigquery:
      {type: bigquery, method: oauth-secrets, token: none, project: acme, dataset: analytics}
    snowflake:
      {type: snowflake, account: acme, user: nobody, password: none, database: ACME,
       warehouse: SMALL, schema: ANALYTICS}
"""
PARSE = """
import sys
from pathlib import Path
import sqlglot
from sqlglot.expressions import Command
folder, dialect = sys.argv[1:]
files = sorted(Path(folder).rglob("*.sql"))
for file in files:
    for statement in sqlglot.parse(file.read_text(), dialect=dialect):
        assert statement is not None and not isinstance(statement, Command), file
print(len(files))
"""
PYTHON = DBT.with_name("python")


@pytest.mark.parametrize("dialect", ["bigquery", "snowflake"])
def test_every_statement_is_valid_in_the_dialect(tmp_path: Path, dialect: str) -> None:
    (tmp_path / "profiles.yml").write_text(PROFILES)
    command = f"compile --target {dialect} --no-populate-cache --no-introspect"

    dbt(command, tmp_path, {}, {"pipedrive_introspect": False}, profiles=tmp_path)

    arguments = [str(PYTHON), "-c", PARSE, str(tmp_path / "target" / "compiled"), dialect]
    parsed = subprocess.run(arguments, text=True, capture_output=True, check=False)
    assert parsed.returncode == 0, parsed.stderr
    assert int(parsed.stdout) > 50
