"""Reference data, such as field definitions: read once a sync, for all streams that need it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

Rows = Sequence[Mapping[str, Any]]


class ReferenceData:
    """The rows of lists of reference data, by the name of their stream.

    `read` reads a list whole. A list that could not be read is not requested again; with
    `fail_fast`, one network failure is enough for all.
    """

    def __init__(self, read: Callable[[str], Rows], *, fail_fast: bool = False) -> None:
        self._read = read
        self._fail_fast = fail_fast
        self._network_error: AirbyteTracedException | None = None
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._results: dict[str, Rows | AirbyteTracedException] = {}

    def rows(self, stream: str) -> Rows:
        """Return the rows of a list. Raises what reading it raised."""
        with self._locks[stream]:
            if stream not in self._results:
                self._results[stream] = self._network_error or self._rows_or_error(stream)
            result = self._results[stream]
        if isinstance(result, AirbyteTracedException):
            raise result
        return result

    def _rows_or_error(self, stream: str) -> Rows | AirbyteTracedException:
        try:
            return self._read(stream)
        except AirbyteTracedException as error:
            if self._fail_fast and error.failure_type is FailureType.transient_error:
                self._network_error = error
            return error
