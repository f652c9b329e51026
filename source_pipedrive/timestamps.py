"""Pipedrive's three ways to write a moment, all UTC, brought to one: `2024-05-01T00:00:00Z`.

v2 writes `2024-05-01T00:00:00Z`, v1 `2024-05-01 00:00:00`, and some objects of v1
`2024-05-01T00:00:00.000Z`. The one form is what `updated_since` takes (fractions are answered with
400), and sorts as text.
https://pipedrive.readme.io/docs/core-api-concepts-date-format
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pendulum

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_FIRST, _LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


def moment(text: str) -> datetime:
    """Parse any ISO 8601 date or time; without a zone it is UTC. Raises `ValueError`."""
    parsed = pendulum.parse(text, exact=True)
    try:
        if isinstance(parsed, pendulum.DateTime):
            return parsed.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of the calendar in UTC") from error
    if isinstance(parsed, pendulum.Date):
        return pendulum.datetime(parsed.year, parsed.month, parsed.day)
    raise ValueError(f"{text!r} is neither a date nor a time")


def write(time: datetime) -> str:
    """Write a moment in the one form, cutting fractions of a second."""
    # not `strftime`, which writes the year 1 without its zeros
    return time.astimezone(UTC).isoformat()[:19] + "Z"


def normalise(text: str) -> str:
    """Bring any of Pipedrive's forms to the one form. Raises `ValueError`."""
    return write(moment(text))


def shift(text: str, by: timedelta) -> str:
    """Move a moment in the one form, as far as the calendar goes."""
    start = datetime.strptime(text, _FORM).replace(tzinfo=UTC)
    try:
        return write(start + by)
    except OverflowError:
        return _FIRST if by < timedelta() else _LAST


def sortable(text: str) -> str:
    """Make moments comparable as text, whatever their form; cheap enough for every row."""
    return text[:19].replace(" ", "T") + "Z"


def now() -> str:
    """Tell the time of this machine in the one form."""
    return write(datetime.now(UTC))


def of_http_date(text: str) -> str:
    """Bring the `Date` header to the one form; where it is no date, this machine tells the time."""
    try:
        return write(parsedate_to_datetime(text))
    except (OverflowError, ValueError):
        return now()


def to_epoch(text: str | None) -> int:
    """Seconds since 1970 of any of the forms; 0 for none, and for what is no time."""
    try:
        return int(datetime.fromisoformat(sortable(text)).timestamp()) if text else 0
    except ValueError:
        return 0


def of_epoch(seconds: int) -> str | None:
    """The one form of seconds since 1970; nothing for 0."""
    return write(datetime.fromtimestamp(seconds, UTC)) if seconds else None
