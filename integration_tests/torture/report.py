"""The results of scenarios as text."""

from collections.abc import Sequence

from rich.table import Table

from integration_tests.torture.scenario import Result

_SUMS = ("syncs", "unfinished", "interrupted", "faults", "changes", "rows")
_DIFFERENCES = ("lost", "stale", "invented")


def describe(result: Result) -> str:
    """Return one line for a scenario; if it failed, add its history and failures."""
    verdict = "FAILED" if result.failures else "passed"
    head = (
        f"{result.seed:5} {verdict} {result.size:9} {result.syncs} syncs, {result.faults} faults, "
        f"{result.changes} changes, {result.rows} rows, {result.megabytes} MB, "
        f"{result.seconds:.1f} s"
    )
    details = [*result.history, *result.failures] if result.failures else []
    return "\n".join([head, *details])


def table(results: Sequence[Result]) -> Table:
    """Return a table with the sums over all scenarios."""
    sums = Table(title="Torture", show_header=False)
    sums.add_column("what")
    sums.add_column("how many", justify="right")
    sums.add_row("scenarios", str(len(results)))
    sums.add_row("failures", str(sum(len(result.failures) for result in results)))
    for name in (*_SUMS, *(f"{kind} rows" for kind in _DIFFERENCES)):
        attribute = name.removesuffix(" rows")
        sums.add_row(name, f"{sum(getattr(result, attribute) for result in results):,}")
    sums.add_row("peak memory", f"{max(result.megabytes for result in results)} MB")
    return sums
