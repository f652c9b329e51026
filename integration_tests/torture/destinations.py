"""Accounts with random values, synced into DuckDB and PostgreSQL with PyAirbyte.

Whatever values Pipedrive returns, each sync succeeds, every row arrives, and the second sync reads
few rows. Only primary keys keep their values.
"""

import tempfile
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from time import monotonic

from integration_tests.warehouses import DATABASES, Counts, Warehouse, empty_warehouse
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive.protocol.manifest import SUGGESTED_STREAMS, packaged_streams
from source_pipedrive.verify.comparison import Finding
from source_pipedrive.verify.verification import verify

_SHARE = 0.01
_KEYS = ["id", "field_code"]
_WRONG_KEYS = (Finding.MISSING, Finding.GONE, Finding.DUPLICATE)
# the check of the connection is not a list
_PATH = "^/(api/v2|v1)/(?!users/me)"
_MOST_READ_AGAIN = 0.5


@dataclass
class DestinationResult:
    """The figures of two syncs with the values of a seed. It passed if there are no `failures`."""

    seed: int
    database: str
    rows: int = 0
    read_again: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        verdict = "FAILED" if self.failures else "passed"
        head = (
            f"{self.seed:5} {verdict} {self.database:10} {self.rows} rows, "
            f"{self.read_again} read again, {self.seconds:.1f} s"
        )
        return "\n".join([head, *self.failures])


def run_destinations(seeds: Sequence[int], deals: int = 60) -> Iterator[DestinationResult]:
    """Sync an account into each database with the values of each seed; yield the results."""
    with running_sandbox(deals=deals, burst=10_000) as account:
        streams = SUGGESTED_STREAMS
        # the rows as they are without random values
        expected = {stream: len(account.rows(stream)) for stream in streams}
        for seed in seeds:
            for database in DATABASES:
                result = DestinationResult(seed, database)
                start = monotonic()
                with (
                    tempfile.TemporaryDirectory() as folder,
                    empty_warehouse(database, account, Path(folder)) as warehouse,
                ):
                    with _random_values(account, seed):
                        _sync_twice(warehouse, expected, result)
                    if not result.failures:
                        result.failures += _wrong_keys(warehouse, account, expected)
                result.seconds = monotonic() - start
                yield result


def _sync_twice(
    warehouse: Warehouse, expected: Mapping[str, int], result: DestinationResult
) -> None:
    try:
        with warnings.catch_warnings(action="ignore"):
            first = warehouse.sync(list(expected))
            again = warehouse.sync(list(expected))
    except Exception as error:  # noqa: BLE001 - any failure of a sync is a result
        result.failures.append(import_module("demo.failure").reason_of(error))
        return
    result.rows = sum(counts.total for counts in first.values())
    result.read_again = sum(counts.read for counts in again.values())
    result.failures += _wrong_counts("first", expected, first)
    result.failures += _wrong_counts("second", expected, again)
    incremental = [stream for stream in expected if packaged_streams()[stream].incremental]
    read = sum(again[stream].read for stream in incremental)
    if read > _MOST_READ_AGAIN * sum(expected[stream] for stream in incremental):
        result.failures.append(f"the second sync read {read} rows of incremental streams")


def _wrong_counts(
    sync: str, expected: Mapping[str, int], found: Mapping[str, Counts]
) -> Iterator[str]:
    for stream, rows in expected.items():
        if found[stream].total != rows:
            yield f"after the {sync} sync, {stream} has {found[stream].total} rows, not {rows}"


def _wrong_keys(
    warehouse: Warehouse, account: RunningSandbox, streams: Collection[str]
) -> Iterator[str]:
    """Compare all keys with the account; the values of other columns are random."""
    specs = packaged_streams()
    # the rows of child streams are found by the id of their parent, which is random too
    kept = [one for one in streams if specs[one].primary_key[0] in _KEYS and not specs[one].parents]
    report = verify(account.config, warehouse.dest, streams=kept, full=True, is_synced=True)
    for one in report.streams:
        counts = one.outcome.counts if one.outcome else Counter[Finding]()
        wrong = [found for found in _WRONG_KEYS if counts[found]]
        if wrong or not one.outcome:
            yield str(one)


@contextmanager
def _random_values(account: RunningSandbox, seed: int) -> Iterator[None]:
    """Replace values in the rows of all answers; the same request always gets the same answer."""
    values = {"seed": seed, "share": _SHARE, "spare": _KEYS}
    rule = {"match": {"path": _PATH, "times": None}, "action": {"mutate_values": values}}
    account.control("faults", "POST", **rule)
    try:
        yield
    finally:
        account.control("faults", "DELETE")
