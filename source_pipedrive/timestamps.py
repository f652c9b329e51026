"""Converts Pipedrive's three time formats, all UTC, to one: `2024-05-01T00:00:00Z`.

API v2 writes `2024-05-01T00:00:00Z`, API v1 `2024-05-01 00:00:00`, and some objects of API v1
`2024-05-01T00:00:00.000Z`. The common format sorts as text, and `updated_since` accepts it;
Pipedrive answers 400 to fractions of a second.
https://pipedrive.readme.io/docs/core-api-concepts-date-format
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pendulum

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_FIRST, _LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


def parse(text: str) -> datetime:
    """Parse any ISO 8601 date or time, in UTC unless it has a zone. Raises `ValueError`."""
    parsed = pendulum.parse(text, exact=True)
    try:
        if isinstance(parsed, pendulum.DateTime):
            return parsed.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is outside of the calendar in UTC") from error
    if isinstance(parsed, pendulum.Date):
        return pendulum.datetime(parsed.year, parsed.month, parsed.day)
    raise ValueError(f"{text!r} is neither a date nor a time")


def format_utc(time: datetime) -> str:
    """Format a time in the common format, without fractions of a second."""
    # `strftime` would write the year 1 without leading zeros
    return time.astimezone(UTC).isoformat()[:19] + "Z"


def normalize(text: str) -> str:
    """Convert any of Pipedrive's formats to the common format. Raises `ValueError`."""
    return format_utc(parse(text))


def shift(text: str, by: timedelta) -> str:
    """Add a duration to a time in the common format, within the years 1 to 9999."""
    start = datetime.strptime(text, _FORM).replace(tzinfo=UTC)
    try:
        return format_utc(start + by)
    except OverflowError:
        return _FIRST if by < timedelta() else _LAST


def sortable(text: str) -> str:
    """Make times of any format comparable as text; fast enough to run on every row."""
    return text[:19].replace(" ", "T") + "Z"


def now() -> str:
    """Return the current time of this machine in the common format."""
    return format_utc(datetime.now(UTC))


def from_http_date(text: str) -> str:
    """Convert the `Date` header to the common format; this machine's time if it is not a date."""
    try:
        return format_utc(parsedate_to_datetime(text))
    except (OverflowError, ValueError):
        return now()


def to_epoch(text: str | None) -> int:
    """Convert a time of any format to seconds since 1970; 0 if it is missing or not a time."""
    try:
        return int(datetime.fromisoformat(sortable(text)).timestamp()) if text else 0
    except ValueError:
        return 0


def from_epoch(seconds: int) -> str | None:
    """Convert seconds since 1970 to the common format; `None` for 0."""
    return format_utc(datetime.fromtimestamp(seconds, UTC)) if seconds else None
