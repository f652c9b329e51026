"""One running sandbox: its store, clock, settings, limits, books and listeners."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.changelog import record
from pipedrive_sandbox.deliveries import Deliveries
from pipedrive_sandbox.edits import Editor
from pipedrive_sandbox.faults import Faults
from pipedrive_sandbox.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipedrive_sandbox.clock import Clock
    from pipedrive_sandbox.settings import Profile, Settings
    from pipedrive_sandbox.store import Store

_LOGGED: Final = 200_000


@dataclass
class Tally:
    """What one operation has cost so far; `refused` counts its 429 answers."""

    requests: int = 0
    tokens: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Call:
    """One admitted request."""

    path: Mapping[str, object]
    query: Mapping[str, str]
    profile: Profile
    body: Any = None


@dataclass(frozen=True)
class Operation:
    """A method on a path of the API. `needs` names the feature without which it is refused."""

    method: str
    path: str
    cost: int
    run: Callable[[Sandbox, Call], bytes]
    needs: str = ""
    status: int = 200

    @property
    def is_v2(self) -> bool:
        """Whether the rules of v2 apply."""
        return self.path.startswith("/api/v2/")


@dataclass
class Sandbox:
    """Everything that requests and control routes share."""

    store: Store
    clock: Clock
    settings: Settings
    limits: Limits = field(init=False)
    edits: Editor = field(init=False)
    deliveries: Deliveries = field(init=False)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    log: deque[tuple[str, str, int]] = field(default_factory=lambda: deque(maxlen=_LOGGED))
    _labels: dict[tuple[str, str], dict[int, str]] = field(default_factory=dict)
    _labels_of: int = -1

    def __post_init__(self) -> None:
        """Assemble what depends on the store, the clock and the settings."""
        self.limits = Limits(self.settings, self.clock)
        self.edits = Editor(self.store, self.clock, self.settings)
        self.deliveries = Deliveries(self.store, self.clock, self.settings)
        self.edits.listeners += [partial(record, self.store), self.deliveries.tell]

    def tally(self, method: str, template: str) -> Tally:
        """Return the books of one operation."""
        return self.tallies.setdefault((method, template), Tally())

    def labels(self, entity: str, code: str) -> dict[int, str]:
        """Return the labels of a field's options by id; empty where it has none."""
        if self._labels_of != self.store.versions["fields"]:
            self._labels.clear()
            self._labels_of = self.store.versions["fields"]
        if (entity, code) not in self._labels:
            found = self.store.find("fields", "entity = ? AND field_code = ?", [entity, code])
            self._labels[entity, code] = {
                option["id"]: option["label"]
                for row in found
                if row["field_type"] in {"enum", "set"}
                for option in row["options"] or ()
            }
        return self._labels[entity, code]
