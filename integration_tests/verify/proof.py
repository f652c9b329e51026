"""Plants errors in a table of deals, verifies samples of it, and counts what was found.

What the bound of a sample is worth: over many runs it must cover the share of rows that are really
wrong in at least 95 % of them. And errors must be found as often as the theory of random samples
says: as often as some of n random rows are among the wrong ones.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, cast

import duckdb
from scipy.stats import hypergeom

from integration_tests.verify.tables import Row, write_table
from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.streams.slices import SourceList
from source_pipedrive.verify.account import Account, AccountStream
from source_pipedrive.verify.report import StreamReport
from source_pipedrive.verify.verification import Progress, Verification

COLUMNS = (
    "id",
    "title",
    "value",
    "status",
    "is_archived",
    "is_deleted",
    "archive_time",
    "add_time",
    "update_time",
)
_PAGE_SIZE = 500

Keys = Sequence[int]
Plant = Callable[[duckdb.DuckDBPyConnection, Keys], None]


def _remove(table: duckdb.DuckDBPyConnection, keys: Keys) -> None:
    table.execute("DELETE FROM deals WHERE id IN (SELECT unnest(?))", [list(keys)])


def _alter(table: duckdb.DuckDBPyConnection, keys: Keys) -> None:
    table.execute(
        "UPDATE deals SET value = coalesce(value, 0) + 1 WHERE id IN (SELECT unnest(?))",
        [list(keys)],
    )


def _age(table: duckdb.DuckDBPyConnection, keys: Keys) -> None:
    table.execute(
        "UPDATE deals SET title = 'before', update_time = add_time - INTERVAL 1 DAY"
        " WHERE id IN (SELECT unnest(?))",
        [list(keys)],
    )


def _drop_tombstones(table: duckdb.DuckDBPyConnection, keys: Keys) -> None:
    table.execute(
        "UPDATE deals SET is_deleted = false, status = 'open' WHERE id IN (SELECT unnest(?))",
        [list(keys)],
    )


def _duplicate(table: duckdb.DuckDBPyConnection, keys: Keys) -> None:
    table.execute(
        "INSERT INTO deals SELECT * FROM deals WHERE id IN (SELECT unnest(?))", [list(keys)]
    )


@dataclass(frozen=True)
class Kind:
    """A kind of error: how it is planted, in which rows, and whether in neighbors."""

    plant: Plant
    rows: str = "TRUE"
    in_a_row: bool = False
    is_counted: bool = False


KINDS = {
    "rows removed": Kind(_remove),
    "neighbors removed": Kind(_remove, in_a_row=True),
    "values altered": Kind(_alter),
    "neighbors altered": Kind(_alter, in_a_row=True),
    "stale versions": Kind(_age),
    "tombstones dropped": Kind(_drop_tombstones, "is_deleted"),
    "duplicates": Kind(_duplicate, is_counted=True),
}


@dataclass
class Cell:
    """What many runs with one kind of error at one rate came to, as shares of the runs."""

    kind: str
    rate: float
    wrong: int = 0
    runs: int = 0
    covered: int = 0
    found: int = 0
    expected: float = 0.0
    bound: float = 0.0
    false_alarms: int = 0

    def add(self, report: StreamReport, wrong: int, rows: int, *, is_looked_at: bool) -> None:
        """Add a run on a table of `rows` rows, `wrong` of which are wrong.

        Some of them may be among the rows that every run looks at, such as the newest ones.
        """
        outcome = report.outcome
        assert outcome is not None, report.reason
        self.runs += 1
        self.wrong = wrong
        self.covered += outcome.highest_share >= wrong / rows
        self.found += outcome.wrong > 0
        self.bound += outcome.highest_share
        self.false_alarms += outcome.wrong > 0 and not wrong
        missed = hypergeom.pmf(0, rows, wrong, outcome.samples[0].drawn)
        self.expected += 1.0 if is_looked_at else 1 - float(missed)


class _RecordedStream(AccountStream):
    """The deals of an account that does not change: read once, and asked again and again."""

    recorded: Mapping[str, Sequence[Row]] = {}

    @property
    def properties(self) -> Mapping[str, Any]:
        return {name: self.declared[name] for name in COLUMNS}

    def by_ids(self, part: SourceList, ids: Sequence[int]) -> list[Row]:
        asked = set(ids)
        return [dict(row) for row in self.recorded[part.name] if row["id"] in asked]

    def newest(self, part: SourceList) -> list[Row]:
        return [dict(row) for row in self.recorded[part.name][-_PAGE_SIZE:]]


class _RecordedAccount(Account):
    """An account whose answers are recorded: it takes thousands of runs to count one in a hundred.

    What a verification asks the real account, and what that costs, is the subject of `test_verify`.
    """

    def __init__(self, source: SourcePipedrive) -> None:
        super().__init__(source)
        deals = super().stream("deals")
        self._recorded = {
            part.name: [row for page in deals.pages(part) for row in page] for part in deals.lists
        }

    def stream(self, name: str) -> AccountStream:
        stream = super().stream(name)
        stream.__class__ = _RecordedStream
        cast("_RecordedStream", stream).recorded = self._recorded
        return stream

    @property
    def rows(self) -> list[Row]:
        return [row for rows in self._recorded.values() for row in rows]

    @property
    def newest(self) -> set[int]:
        """The ids of the rows that every run looks at."""
        return {row["id"] for rows in self._recorded.values() for row in rows[-_PAGE_SIZE:]}


def prove(
    sandbox: RunningSandbox, runs: int, rates: Sequence[float], tokens: int
) -> Iterator[Cell]:
    """Yield a cell for the clean table, and for each kind of error at each rate."""
    source = SourcePipedrive(config={**sandbox.config, "custom_fields": "raw"})
    account = _RecordedAccount(source)
    properties = account.stream("deals").properties
    with TemporaryDirectory() as folder:
        clean, planted = Path(folder) / "clean.duckdb", Path(folder) / "planted.duckdb"
        rows = [{name: row.get(name) for name in COLUMNS} for row in account.rows]
        write_table(f"duckdb:///{clean}", "deals", rows, properties)
        verification = Verification(account, Progress())

        def verify(seed: int) -> StreamReport:
            (report,) = verification.run(
                # several threads wait for each other more than they save on a small table
                f"duckdb:///{planted}?threads=1",
                schema=None,
                streams=["deals"],
                tokens=tokens,
                full=False,
                seed=seed,
            ).streams
            return report

        for kind, rate in [("", 0.0), *((kind, rate) for rate in rates for kind in KINDS)]:
            cell = Cell(kind or "none", rate)
            for seed in range(runs):
                shutil.copy(clean, planted)
                keys = _plant(planted, KINDS[kind], rate, seed) if kind else ()
                is_counted = bool(kind) and KINDS[kind].is_counted
                is_looked_at = is_counted or not account.newest.isdisjoint(keys)
                cell.add(verify(seed), len(keys), len(rows), is_looked_at=is_looked_at)
            yield cell


def _plant(file: Path, kind: Kind, rate: float, seed: int) -> Keys:
    """Plant errors in a share of all rows; return the keys of the wrong ones."""
    random = Random(f"{kind.plant.__name__} {rate} {seed}")  # noqa: S311 - a sample
    with duckdb.connect(str(file)) as table:
        every = [
            row[0]
            for row in table.execute(
                f"SELECT id FROM deals WHERE {kind.rows} ORDER BY id"
            ).fetchall()
        ]
        all_rows: int = table.execute("SELECT count(*) FROM deals").fetchall()[0][0]
        count = min(max(1, round(rate * all_rows)), len(every))
        first = random.randrange(len(every) - count + 1)
        keys = every[first : first + count] if kind.in_a_row else random.sample(every, count)
        kind.plant(table, keys)
    return keys
