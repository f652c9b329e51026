"""What the connector raises if it cannot read the inbox."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from source_pipedrive.inbox.deletions import Deletions
from source_pipedrive.inbox.errors import UnreadableInboxError
from source_pipedrive.inbox.events_stream import event_rows

Reader = Callable[[str], Iterator[Any]]

READERS: dict[str, Reader] = {
    "deletions": lambda url: Deletions(url, "deal").rows_after(0),
    "resume": lambda url: iter([Deletions(url, "deal").resume(0)]),
    "events": lambda url: event_rows(url, after=0, start=None),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_missing_inbox_is_one_message_with_reason_and_workaround(
    tmp_path: Path, read: Reader
) -> None:
    with pytest.raises(UnreadableInboxError) as caught:
        list(read(f"sqlite:///{tmp_path}/inbox.db"))

    assert str(caught.value) == (
        "The webhook inbox cannot be read: The inbox does not exist yet. Start "
        "`source-pipedrive webhooks serve`, which creates it. Correct `webhook_inbox`, "
        "or leave it empty to disable webhooks."
    )


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_missing_extra_is_the_same_message_with_its_own_reason(
    monkeypatch: pytest.MonkeyPatch, read: Reader
) -> None:
    monkeypatch.setitem(sys.modules, "source_pipedrive.inbox.store", None)

    with pytest.raises(UnreadableInboxError) as caught:
        list(read("sqlite:///inbox.db"))

    assert str(caught.value).startswith(
        "The webhook inbox cannot be read: the extra `inbox` of source-pipedrive is not installed. "
    )


def test_sqlalchemy_is_imported_on_the_first_read_only() -> None:
    """It is part of the extra `inbox`, and its import takes time."""
    program = (
        "import sys, source_pipedrive.inbox.deletions, source_pipedrive.inbox.events_stream; "
        "print('sqlalchemy' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
