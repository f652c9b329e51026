"""The lists that a stream reads, as the manifest's router names them."""

from collections.abc import Mapping, Sequence
from typing import Any

from airbyte_cdk.sources.declarative.partition_routers import ListPartitionRouter

from source_pipedrive.streams.slices import SourceList
from source_pipedrive.streams.stream_spec import StreamSpec


def source_lists(spec: StreamSpec, config: Mapping[str, Any]) -> Sequence[SourceList]:
    """Return the lists that a stream reads; the first one is the main list."""
    partitions: list[Mapping[str, str]] = [{}]
    if spec.router:
        router = ListPartitionRouter(
            values=spec.router["values"],
            cursor_field=spec.router["cursor_field"],
            config=config,
            parameters={},
        )
        partitions = [dict(one.partition) for one in router.stream_slices()]
    return [
        SourceList(
            name=next(iter(partition.values()), ""),
            partition=partition,
            older_rows=spec.older_rows_in(config, partition),
        )
        for partition in partitions
    ]
