"""The three time formats of Pipedrive."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_pipedrive import timestamps

datetimes = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def formatted(time: datetime) -> list[str]:
    """A time as API v2, API v1, and some objects of API v1 write it."""
    return [
        time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        time.strftime("%Y-%m-%d %H:%M:%S"),
        time.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    ]


@given(datetimes)
def test_all_formats_convert_to_the_same_format(time: datetime) -> None:
    v2, *others = formatted(time)

    assert timestamps.normalize(v2) == v2
    assert {timestamps.normalize(other) for other in others} == {v2}


@given(datetimes, zones)
def test_a_time_in_any_zone_converts_to_utc(time: datetime, zone: timezone) -> None:
    assert timestamps.normalize(time.astimezone(zone).isoformat()) == formatted(time)[0]


@given(datetimes, datetimes, st.sampled_from(range(3)), st.sampled_from(range(3)))
def test_formatted_times_sort_in_order_of_time(
    one: datetime, other: datetime, form: int, other_form: int
) -> None:
    seconds = [time.replace(microsecond=0) for time in (one, other)]
    texts = [
        timestamps.sortable(formatted(one)[form]),
        timestamps.sortable(formatted(other)[other_form]),
    ]

    assert (texts[0] < texts[1]) == (seconds[0] < seconds[1])


@given(datetimes, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_shifting_forward_and_back_changes_nothing(time: datetime, by: timedelta) -> None:
    whole = by - timedelta(microseconds=by.microseconds)

    assert (
        timestamps.shift(timestamps.shift(formatted(time)[0], whole), -whole) == formatted(time)[0]
    )


def test_shifting_stays_within_the_calendar() -> None:
    assert timestamps.normalize("0001-01-01") == "0001-01-01T00:00:00Z"
    assert timestamps.shift("0001-01-01T00:00:00Z", timedelta(minutes=-5)) == "0001-01-01T00:00:00Z"
    assert timestamps.shift("9999-12-31T00:00:00Z", timedelta(days=7)) == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2024-02-30", "0000-00-00 00:00:00", "12:30"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_text_that_is_not_a_time_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        timestamps.normalize(text)


def test_an_http_date_is_converted() -> None:
    assert timestamps.from_http_date("Wed, 01 May 2024 10:00:00 GMT") == "2024-05-01T10:00:00Z"


@pytest.mark.parametrize("text", ["", "now", "Wed, 31 Feb 2024 10:00:00 GMT"])
def test_an_invalid_http_date_becomes_the_time_of_this_machine(text: str) -> None:
    before = timestamps.now()

    assert before <= timestamps.from_http_date(text) <= timestamps.now()
