"""One edit of one field: what the change logs consist of."""

from __future__ import annotations

from typing import Any, NamedTuple


class Edit(NamedTuple):
    """One edit of one field at `time` (epoch) by the user `actor`."""

    time: int
    name: str
    old: Any
    new: Any
    actor: int
