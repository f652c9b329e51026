"""The scores as text."""

from collections.abc import Sequence

from rich.table import Table

from integration_tests.torture.scenario import Score

_COUNTED = ("syncs", "unfinished", "interrupted", "faults", "changes", "rows")
_LOSSES = ("lost", "stale", "invented")


def describe(score: Score) -> str:
    """One scenario: a line if it passed, else all that is needed to understand it."""
    verdict = "FAILED" if score.complaints else "passed"
    head = (
        f"{score.seed:5} {verdict} {score.size:9} {score.syncs} syncs, {score.faults} faults, "
        f"{score.changes} changes, {score.rows} rows, {score.megabytes} MB, {score.seconds:.1f} s"
    )
    return "\n".join([head, *score.told, *score.complaints] if score.complaints else [head])


def table(scores: Sequence[Score]) -> Table:
    """All scenarios, and what was lost."""
    board = Table(title="Torture", show_header=False)
    board.add_column("what")
    board.add_column("how many", justify="right")
    board.add_row("scenarios", str(len(scores)))
    board.add_row("broken promises", str(sum(len(score.complaints) for score in scores)))
    for name in (*_COUNTED, *_LOSSES):
        board.add_row(name, f"{sum(getattr(score, name) for score in scores):,}")
    board.add_row("most memory", f"{max(score.megabytes for score in scores)} MB")
    return board
