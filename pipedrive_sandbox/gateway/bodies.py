"""Bodies that servers and gateways send instead of the right one, by name."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipedrive_sandbox.endpoints.errors import envelope
from pipedrive_sandbox.gateway.errors import CLOUDFLARE_PAGE
from pipedrive_sandbox.gateway.page_body import with_rows

if TYPE_CHECKING:
    from collections.abc import Callable

_NOTICE: Final = "Service is being migrated"
#: Properties that identify a row; which of them a row has depends on its table.
_KEYS: Final = frozenset({"id", "uuid", "user_id", "field_code", "key"})


def _success(data: object) -> bytes:
    return orjson.dumps({"success": True, "data": data, "additional_data": None})


def _with(item: object) -> Callable[[bytes], bytes]:
    """Return a change of a body that puts `item` in the middle of the rows."""

    def insert(rows: list[Any]) -> list[Any]:
        middle = len(rows) // 2
        return [*rows[:middle], item, *rows[middle:]]

    return lambda body: with_rows(body, insert)


def _without_last_key(rows: list[Any]) -> list[Any]:
    """Take the id, or what identifies a row instead, from the last row."""
    last = [{name: value for name, value in row.items() if name not in _KEYS} for row in rows[-1:]]
    return [*rows[:-1], *last]


#: Bodies by name, made of the original one.
BODIES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": lambda _body: b"",
    "null": lambda _body: b"null",
    "truncated": lambda body: body[: len(body) // 2],
    # a server that cuts a text by UTF-16 units leaves half a character
    "half character": lambda body: body.replace(b'":"', b'":"\\ud83d', 1),
    "marked": lambda body: codecs.BOM_UTF8 + body,
    "html": lambda _body: CLOUDFLARE_PAGE.encode(),
    "unsuccessful": lambda _body: orjson.dumps(envelope("Something went wrong")),
    # https://github.com/singer-io/tap-pipedrive/issues/122
    "object instead of rows": lambda _body: _success({"message": _NOTICE}),
    "text instead of rows": lambda _body: _success(_NOTICE),
    "null among rows": _with(None),
    "text among rows": _with(_NOTICE),
    "row without id": lambda body: with_rows(body, _without_last_key),
}
