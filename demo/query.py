"""Runs SQL on the tables of the last tour: `python -m demo.query "SELECT …"`.

Without SQL, it lists the tables. For those who do not have the command line of DuckDB.
"""

import sys
from collections.abc import Sequence

import duckdb

from demo import DATABASE

_MOST_ROWS = 100


def main(statements: Sequence[str]) -> None:
    """Print the result of each statement; without any, the names of the tables."""
    if not DATABASE.exists():
        sys.exit("There are no tables. Run `make demo` first.")
    try:
        with duckdb.connect(str(DATABASE), read_only=True) as database:
            for statement in statements or ("SHOW TABLES",):
                database.sql(statement).show(max_rows=_MOST_ROWS)
    except duckdb.Error as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
