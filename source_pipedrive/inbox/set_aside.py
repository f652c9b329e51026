"""Events of the inbox that cannot be read: they stay in the inbox, and the reading goes on."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from source_pipedrive.inbox.event import StoredEvent

_Result = TypeVar("_Result")

UNEXPECTED_FORMS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What the conversion of an event raises if its JSON has an unexpected form."""


class SetAside:
    """The events that one reading of the inbox set aside: how many, and the last sequence."""

    def __init__(self) -> None:
        self.count = 0
        self.sequence = 0

    def add(self, event: "StoredEvent") -> None:
        """Take note of an event that cannot be read."""
        self.count += 1
        self.sequence = event.sequence


def readable(
    events: Iterable["StoredEvent"],
    convert: Callable[["StoredEvent"], _Result],
    set_aside: SetAside,
) -> Iterator[tuple["StoredEvent", _Result]]:
    """Yield each event with what `convert` makes of it, except those set aside."""
    for event in events:
        try:
            result = convert(event)
        except UNEXPECTED_FORMS:
            set_aside.add(event)
        else:
            yield event, result
