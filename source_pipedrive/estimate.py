"""`source-pipedrive plan`: what the next sync will cost at least, before it costs anything."""

import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import rich_click as click
from airbyte_cdk.sources.declarative.models.declarative_component_schema import (
    CustomRetriever as CustomRetrieverModel,
)
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from rich.console import Console
from rich.table import Table

from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.streams.child_cursor import ChildCursor
from source_pipedrive.streams.list_cursor import ListCursor, RefusedState

_PAGE_SIZE = 500


@dataclass(frozen=True)
class Estimate:
    """The least a stream will cost. `basis` says where the number comes from."""

    stream: str
    requests: int
    tokens: int
    basis: str


@click.command(help=__doc__)
@click.option("--config", required=True, type=click.Path(exists=True))
@click.option("--catalog", required=True, type=click.Path(exists=True))
@click.option(
    "--state", type=click.Path(exists=True), help="Of the last sync; none: the first one."
)
@click.option("--json", "as_json", is_flag=True, help="For programs instead of people.")
def main(config: str, catalog: str, state: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Print an estimate for each selected stream, and the budget that is left."""
    logging.disable()
    try:
        source = _Planner.of_files(config, catalog, state)
        estimates = sorted(source.estimates(), key=lambda one: -one.tokens)
    except AirbyteTracedException as error:
        raise click.ClickException(str(error.message)) from error
    total = sum(one.tokens for one in estimates)
    left, limit = source.budget.remaining, source.budget.limit
    if as_json:
        document = {
            "streams": [asdict(one) for one in estimates],
            "tokens": total,
            "tokens_left_today": left,
            "tokens_per_day": limit,
            "tokens_reserved": source.budget.reserve,
        }
        click.echo(json.dumps(document))
        return
    table = Table("Stream", "Requests", "Tokens", "Basis", title="The next sync, at least")
    for one in estimates:
        table.add_row(one.stream, f"{one.requests:,}", f"{one.tokens:,}", one.basis)
    table.add_row("Total", f"{sum(one.requests for one in estimates):,}", f"{total:,}", "")
    console = Console()
    console.print(table)
    if left is not None and limit:
        console.print(
            f"{left:,} of {limit:,} tokens are left today, of which {source.budget.reserve:,.0f} "
            "are reserved for other integrations."
        )


class _Planner(SourcePipedrive):
    """The source, asked for prices instead of rows."""

    def estimates(self) -> Iterator[Estimate]:
        """Estimate each selected stream, with one request at most for each list that is new."""
        definitions = {one["name"]: one for one in self._stream_configs(self._source_config)}
        highest = cache(lambda name: self._highest_id(definitions[name]))
        streams = [one for one in self.streams(self._config) if one.name in self._selected]
        for stream in streams:
            if isinstance(stream.cursor, RefusedState):
                raise stream.cursor.error
        # two tokens, for an answer that tells the budget
        list(self._account().read_records({}, None))
        for stream in streams:
            definition = definitions[stream.name]
            requests, basis = self._requests(stream, definition["retriever"], highest)
            path = definition["retriever"].get("requester", {}).get("path")
            price = self.budget.price_of(f"/{path}") if path else 0
            yield Estimate(stream.name, requests, requests * price, basis)

    def _requests(
        self, stream: AbstractStream, retriever: Mapping[str, Any], highest: Callable[[str], int]
    ) -> tuple[int, str]:
        cursor = stream.cursor
        if "requester" not in retriever:
            return 0, "needs no request"
        if isinstance(cursor, ChildCursor):
            return self._requests_for_parents(cursor, retriever["partition_router"], highest)
        if not isinstance(cursor, ListCursor):
            values = retriever.get("partition_router", {}).get("values")
            return (len(values), "one for each query") if values else (1, "one answer")
        if cursor.is_new and (count := highest(stream.name)):
            pages = math.ceil(count / _PAGE_SIZE)
            return max(cursor.lists, pages), f"all rows, {count:,} by the highest id"
        return cursor.lists, "a page of each list"

    def _requests_for_parents(
        self, cursor: ChildCursor, router: Mapping[str, Any], highest: Callable[[str], int]
    ) -> tuple[int, str]:
        parent = router["parent"]
        if cursor.since is not None:
            return 0, f"for those of {parent} that change, maybe none"
        if not (count := highest(parent)):
            return 1, f"one of {parent}; how many there are is not known"
        groups = math.ceil(count / router.get("group_size", 1))
        return groups, f"all {parent}, {count:,} by the highest id"

    def _highest_id(self, definition: Mapping[str, Any]) -> int:
        """Tell the newest id of a list, which no count of rows passes; 0 where ids are unsorted."""
        if "sort_by" not in definition["retriever"]["requester"].get("request_parameters", {}):
            return 0
        retriever = self._constructor.create_component(
            CustomRetrieverModel,
            definition["retriever"],
            self._config,
            name=definition["name"],
            primary_key="id",
        )
        newest = retriever.newest_id(StreamSlice(partition={"list": "live"}, cursor_slice={}))
        return int(newest)
