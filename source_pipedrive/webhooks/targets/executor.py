"""Runs the connector for PyAirbyte in this process."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive.api.access import Access
from source_pipedrive.protocol.cdk_seams import validate_manifest_once
from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.streams.schema import CompiledColumns
from source_pipedrive.webhooks.targets.pyairbyte import Executor
from source_pipedrive.webhooks.targets.target import SyncCost

if TYPE_CHECKING:
    from source_pipedrive.api.rate_limits import TokenBudget
    from source_pipedrive.streams.slices import Named


class InProcessExecutor(Executor):
    """Runs the connector in this process. PyAirbyte's own executors start one, which takes seconds.

    PyAirbyte ends a sync at the first stream that fails, for example because the company lacks an
    add-on. So errors of single streams are removed from the output and collected in `failures`.

    Reads share the columns of custom fields until `field_columns` is cleared. That saves 10 tokens
    for each object and read. Of streams in `named_rows`, just these rows are read. `cost` adds up
    what was spent; `is_reserve_reached` tells whether the last read stopped to leave tokens to
    others.
    They also share `access`, which has the tokens that were renewed last, and what is known about
    the rate limit.
    """

    def __init__(self, access: Access | None = None) -> None:
        super().__init__(name="source-pipedrive")
        self.failures: dict[str, str] = {}
        self.field_columns = CompiledColumns()
        self.named_rows: Named = {}
        self.cost = SyncCost(0)
        self.is_reserve_reached = False
        self._access = access
        self._budget: TokenBudget | None = None
        validate_manifest_once()

    @property
    def _cli(self) -> list[str]:
        return []

    def execute(self, args: list[str], **_: Any) -> Iterator[str]:
        parsed = AirbyteEntrypoint.parse_args(args)
        if self._budget:
            self._budget.start_again()
        catalog = getattr(parsed, "catalog", None)
        source = SourcePipedrive.from_files(
            config=getattr(parsed, "config", None),
            catalog=catalog,
            state=getattr(parsed, "state", None),
            # a discovery gives up sooner, so it keeps what it finds to itself
            compiled_columns=self.field_columns if catalog else None,
            named_rows=self.named_rows,
            access=(lambda _: access) if (access := self._access) else None,
            budget=self._budget,
        )
        self._budget = source.budget
        try:
            for message in AirbyteEntrypoint(source).run(parsed):
                if '"type":"ERROR"' not in message or not self._collect_failure(message):
                    yield message
        except AirbyteTracedException:
            # the CDK raises it at the end of a sync in which streams failed
            if not self.failures:
                raise
        finally:
            budget = source.budget
            self.cost = SyncCost(self.cost.tokens + budget.spent, budget.remaining, budget.limit)
            self.is_reserve_reached = budget.is_reserve_reached

    def _collect_failure(self, line: str) -> bool:
        trace = json.loads(line).get("trace") or {}
        stream = (trace.get("error") or {}).get("stream_descriptor")
        if stream:
            self.failures[stream["name"]] = trace["error"]["message"]
        return bool(stream)

    def ensure_installation(self, *, auto_fix: bool = True) -> None:
        """Do nothing: the connector is this package."""

    def install(self) -> None:
        """Do nothing: the connector is this package."""

    def uninstall(self) -> None:
        """Do nothing: the connector is this package."""
