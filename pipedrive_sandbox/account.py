"""What every request works on: the rows, the clock and the settings of one account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipedrive_sandbox.clock import Clock
    from pipedrive_sandbox.settings import Settings
    from pipedrive_sandbox.store import Store


@dataclass(frozen=True)
class Account:
    """One account: its rows, its clock, its settings."""

    store: Store
    clock: Clock
    settings: Settings
