"""The accounts that are read: three, each with lists of sizes that are hard for the connector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integration_tests.expected_rows import expected_rows
from integration_tests.torture.streams import STREAMS, Row
from pipedrive_sandbox.client import RunningSandbox


@dataclass(frozen=True)
class AccountSize:
    """The number of rows of each kind, and the streams that are worth reading.

    With `has_id_gaps`, a page of the newest ids is much greater than all others, as after many
    deletions. So a list of a few pages looks long enough to be divided into time windows.
    """

    rows: Mapping[str, int]
    streams: Sequence[str]
    has_id_gaps: bool = False


SIZES: Mapping[str, AccountSize] = {
    "pages": AccountSize(
        {
            "deals": 1_600,
            "persons": 1_100,
            "organizations": 1_050,
            "activities": 1_300,
            "products": 1_050,
            "leads": 2_100,
            "notes": 1_100,
            "files": 260,
            "projects": 1_050,
            "tasks": 600,
            "call_logs": 130,
            "deal_products": 1_500,
            "installments": 300,
        },
        [name for name, stream in STREAMS.items() if not stream.has_request_per_parent],
    ),
    "windows": AccountSize(
        {"deals": 6_000, "persons": 8_000, "activities": 2_700, "deal_products": 600},
        ["deals", "persons", "activities", "deal_products"],
        has_id_gaps=True,
    ),
    "children": AccountSize(
        {
            "deals": 110,
            "persons": 90,
            "organizations": 60,
            "products": 50,
            "notes": 70,
            "note_comments": 120,
            "deal_products": 200,
            "installments": 40,
            "discounts": 60,
            "participants": 120,
            "followers": 300,
            "variations": 80,
        },
        [
            "deals",
            "persons",
            "organizations",
            "products",
            "notes",
            *(name for name, stream in STREAMS.items() if stream.parent),
        ],
    ),
}
HIGH_ID = 150_000
"""The id after the gap. The row that has it is never changed."""


class Account:
    """A running sandbox that several scenarios use, one after the other."""

    def __init__(self, sandbox: RunningSandbox, size: AccountSize) -> None:
        self.sandbox = sandbox
        self.size = size
        self.control("settings", gzip=False, burst=10_000, block_after=0)
        self._add_rows_without_update_time()

    def control(self, route: str, **body: Any) -> Any:
        return self.sandbox.control(route, "POST", **body)

    def _add_rows_without_update_time(self) -> None:
        """Create rows whose `update_time` stays null, which live accounts have, and the id gap."""
        tables = [
            stream.table
            for stream in (STREAMS[name] for name in self.size.streams)
            if stream.table and stream.is_creatable and not stream.parent
        ]
        self.control("settings", update_time_delay=1e12)
        for table in tables:
            self._create(table, count=4)
            if self.size.has_id_gaps:
                self._create(table, set={"id": HIGH_ID})
        self.control("settings", update_time_delay=2.0)
        if self.size.has_id_gaps:
            for table in tables:
                self._create(table, count=600)

    def _create(self, table: str, **options: Any) -> None:
        self.control("mutate", table=table, action="create", **options)

    def rows(self, stream: str) -> list[Row]:
        """Every row that a copy must have by now."""
        return expected_rows(self.sandbox, stream)

    def settle(self) -> None:
        """Let time pass until every row that was just created has its `update_time`."""
        # the longest delay is a minute, and a fault may have set the clock back by two minutes
        self.control("clock", freeze=False, advance=200)
