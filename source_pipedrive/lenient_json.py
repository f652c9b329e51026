"""JSON as servers write it, which is not always JSON as its standard wants it."""

import json
import re
from math import isfinite
from typing import Any, NoReturn

import orjson

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_INTEGERS = range(-(2**63), 2**64)


def parse(content: bytes) -> Any:
    r"""Parse a body. Raises `ValueError`.

    Takes a byte order mark, and texts that were cut in the middle of a character: of an emoji
    `"\ud83d"` may be left, which no UTF-8 can hold. In its place comes U+FFFD. U+0000 is left out,
    which PostgreSQL takes in no text. Numbers beyond 64 bits become floating-point numbers.
    https://datatracker.ietf.org/doc/html/rfc8259#section-8.2
    """
    try:
        parsed = orjson.loads(content)
        return _clean(parsed) if rb"\u0000" in content else parsed
    except RecursionError:
        raise _too_deep() from None
    except orjson.JSONDecodeError:
        try:
            text = content.decode("utf-8-sig")
            return _clean(json.loads(text, parse_int=_integer, parse_constant=_refuse))
        except RecursionError:
            raise _too_deep() from None


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF_CHARACTER.sub("\ufffd", value.replace("\0", ""))
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def _integer(digits: str) -> float:
    # Python refuses integers of thousands of digits
    number = float(digits)
    return int(digits) if isfinite(number) and int(digits) in _INTEGERS else number


def _too_deep() -> ValueError:
    return ValueError("the body is nested too deeply")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
