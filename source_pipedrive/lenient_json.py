"""JSON as servers write it, which is not always JSON as its standard wants it."""

import json
import re
from typing import Any

import orjson

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def parse(content: bytes) -> Any:
    r"""Parse a body. Raises `ValueError`.

    Takes a byte order mark, and texts that were cut in the middle of a character: of an emoji
    `"\ud83d"` may be left, which no UTF-8 can hold. In its place comes U+FFFD.
    https://datatracker.ietf.org/doc/html/rfc8259#section-8.2
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        try:
            text = json.dumps(json.loads(content.decode("utf-8-sig")), ensure_ascii=False)
        except RecursionError:
            raise error from None
        return orjson.loads(_HALF_CHARACTER.sub("\ufffd", text))
