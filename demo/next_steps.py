"""What to do after the tour: queries on its tables, and further commands."""

import shutil
from os.path import relpath

from demo import DATABASE
from demo.queries import QUERIES
from demo.report import CONSOLE

_COMMANDS = {
    "make report": "show these deals as charts in a browser",
    "make demo-verify ARGS=--full": "compare all rows with the account",
    "make sync": 'copy your own account: put {"api_key": "…"} into secrets/config.json first',
}


def show_next_steps() -> None:
    """Print how to open the tables, queries to run, and commands."""
    CONSOLE.print(f"Query the tables: {_opener()}", markup=False, soft_wrap=True)
    for query in QUERIES:
        CONSOLE.print(f"-- {query.question}", style="bold", soft_wrap=True)
        # lines that are copied must not be broken
        CONSOLE.print(query.sql, markup=False, soft_wrap=True)
    CONSOLE.print("Then:")
    width = max(map(len, _COMMANDS))
    for command, purpose in _COMMANDS.items():
        CONSOLE.print(f"  {command.ljust(width)}  {purpose}", markup=False, soft_wrap=True)


def _opener() -> str:
    if shutil.which("duckdb"):
        return f"duckdb {relpath(DATABASE)}"
    # for those who do not have DuckDB's command line
    return '.venv/bin/python -m demo.query "SELECT …"'
