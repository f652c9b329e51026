"""A stream as the CDK's loop reads it: partitions of slices, and their records."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import (
    PartitionGenerator,
)
from airbyte_cdk.sources.types import Record

from source_pipedrive.streams.slices import Slice

ReadRecords = Callable[[Slice], Iterator[Record]]


class SlicePartition(Partition):
    """One slice of a stream; `read` is called by a worker thread."""

    def __init__(self, stream_name: str, part: Slice, read_records: ReadRecords) -> None:
        self.part = part
        self._stream_name = stream_name
        self._read_records = read_records

    def read(self) -> Iterable[Record]:
        return self._read_records(self.part)

    def to_slice(self) -> Mapping[str, Any]:
        return self.part.partition

    def stream_name(self) -> str:
        return self._stream_name

    def __hash__(self) -> int:
        return id(self)


class SlicePartitions(PartitionGenerator):
    """Makes a partition of each slice."""

    def __init__(
        self,
        stream_name: str,
        slices: Callable[[], Iterator[Slice]],
        read_records: ReadRecords,
    ) -> None:
        self._stream_name = stream_name
        self._slices = slices
        self._read_records = read_records

    def generate(self) -> Iterator[SlicePartition]:
        for part in self._slices():
            yield SlicePartition(self._stream_name, part, self._read_records)
