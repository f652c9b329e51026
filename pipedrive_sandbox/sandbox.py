"""One running sandbox: the account, the editor of its rows, its webhooks, its gateway."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pipedrive_sandbox.account import Account
from pipedrive_sandbox.changes.changelog import record
from pipedrive_sandbox.changes.editor import Editor
from pipedrive_sandbox.gateway.gateway import Gateway
from pipedrive_sandbox.webhooks.deliveries import Deliveries

if TYPE_CHECKING:
    from pipedrive_sandbox.clock import Clock
    from pipedrive_sandbox.settings import Settings
    from pipedrive_sandbox.store import Store


class Sandbox:
    """The parts of a sandbox, connected: changes go to the change logs and to the webhooks."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        """Assemble a sandbox over a filled store."""
        self.store = store
        self.clock = clock
        self.settings = settings
        self.account = Account(store, clock, settings)
        self.deliveries = Deliveries(self.account)
        self.editor = Editor(self.account, [partial(record, store), self.deliveries.send])
        self.gateway = Gateway(self.account, self.catch_up)

    def catch_up(self) -> None:
        """Do what is due by the clock: `update_time` of new rows, states of webhooks."""
        self.editor.stamp_new_rows()
        self.deliveries.save_states()
