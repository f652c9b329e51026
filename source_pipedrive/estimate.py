"""`source-pipedrive plan`: estimates the minimum token cost of the next sync."""

import json
import logging
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache, partial

import rich_click as click
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from rich.console import Console
from rich.table import Table

from source_pipedrive.api.access import access_kept_in
from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.protocol.stream_factory import BuiltStream
from source_pipedrive.streams.parents import ParentRequests
from source_pipedrive.streams.slices import ListSlice

_PAGE_SIZE = 500


@dataclass(frozen=True)
class Estimate:
    """The least that a stream will cost. `basis` says where the number comes from."""

    stream: str
    requests: int
    tokens: int
    basis: str


@click.command(help=__doc__)
@click.option("--config", required=True, type=click.Path(exists=True))
@click.option("--catalog", required=True, type=click.Path(exists=True))
@click.option(
    "--state",
    type=click.Path(exists=True),
    help="State of the last sync. Leave out to estimate a first sync.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(config: str, catalog: str, state: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Print an estimate for each selected stream, and the tokens that are left today."""
    logging.disable()
    try:
        access = partial(access_kept_in, config)
        source = SourcePipedrive.from_files(config, catalog, state, access=access)
        estimates = sorted(Planner(source).estimates(), key=lambda one: -one.tokens)
    except AirbyteTracedException as error:
        raise click.ClickException(str(error.message)) from error
    total = sum(one.tokens for one in estimates)
    requests = sum(one.requests for one in estimates)
    minutes = requests / source.budget.requests_per_second / 60
    left, limit, reserve = source.budget.remaining, source.budget.limit, source.budget.reserve
    if as_json:
        document = {
            "streams": [asdict(one) for one in estimates],
            "tokens": total,
            "minutes": round(minutes, 1),
            "tokens_left_today": left,
            "tokens_per_day": limit,
            "tokens_reserved": reserve,
        }
        click.echo(json.dumps(document))
        return
    table = Table("Stream", "Requests", "Tokens", "Basis", title="The next sync, at least")
    for one in estimates:
        table.add_row(one.stream, f"{one.requests:,}", f"{one.tokens:,}", one.basis)
    table.add_row("Total", f"{requests:,}", f"{total:,}", "")
    console = Console()
    console.print(table)
    if minutes >= 1:
        console.print(f"At this account's rate limit, it takes at least {minutes:,.0f} minutes.")
    if left is not None and limit:
        console.print(
            f"{left:,} of {limit:,} tokens are left today, of which {reserve:,.0f} "
            "are reserved for other integrations."
        )


class Planner:
    """Estimates the streams of a source, with one request at most for each list that is new."""

    def __init__(self, source: SourcePipedrive) -> None:
        self._source = source
        self._factory = source.factory()
        self._highest_id = cache(self._request_highest_id)

    def estimates(self) -> Iterator[Estimate]:
        """Yield the estimate of each selected stream. Raises what reading it would raise."""
        streams = self._factory.build(self._source.selected)
        for one in streams:
            if one.cursor and one.cursor.unreadable:
                raise one.cursor.unreadable
        # two tokens, for an answer that announces the budget
        self._source.owner()
        for one in streams:
            requests, basis = self._requests(one)
            yield Estimate(one.spec.name, requests, self._tokens(one, requests), basis)

    def _tokens(self, one: BuiltStream, requests: int) -> int:
        """Return what requests cost at least: one for each list, the others at the lowest cost."""
        spec = one.spec
        if not (spec.requester and requests):
            return 0
        # any id will do where the path holds a parent's
        partitions = (
            [{spec.parents.parent_key: "1"}]
            if spec.parents
            else [listed.partition for listed in one.lists]
        )
        paths = [spec.path_for(self._source.config, partition) for partition in partitions]
        costs = [self._source.budget.cost_of(f"/{path}") for path in paths]
        return sum(costs) + (requests - len(costs)) * min(costs)

    def _requests(self, one: BuiltStream) -> tuple[int, str]:
        spec, cursor = one.spec, one.cursor
        if not spec.requester:
            return 0, "needs no request"
        if not cursor:
            count = len(one.lists)
            return count, "one request per query" if count > 1 else "one request"
        if spec.parents:
            return self._requests_for_parents(spec.parents, reads_all=cursor.reads_all)
        if cursor.reads_all and (highest := self._highest_id(spec.name)):
            pages = math.ceil(highest / _PAGE_SIZE)
            return max(len(one.lists), pages), f"all rows, {highest:,} by the highest id"
        return len(one.lists), "at least one page of each list"

    def _requests_for_parents(
        self, requests: ParentRequests, *, reads_all: bool
    ) -> tuple[int, str]:
        parent = requests.parent
        if not reads_all:
            return 0, f"only changed {parent}; the number is not known"
        if not (count := self._highest_id(parent)):
            return 1, f"at least one of {parent}; the number is not known"
        groups = math.ceil(count / requests.group_size)
        return groups, f"all {parent}, {count:,} by the highest id"

    def _request_highest_id(self, name: str) -> int:
        """Return the newest id of a list, which is more than its rows; 0 where ids are unsorted."""
        (one,) = self._factory.build({name})
        if not (one.reader and one.spec.sorting == "v2"):
            return 0
        return one.reader.newest_id(ListSlice(source=one.lists[0]))
