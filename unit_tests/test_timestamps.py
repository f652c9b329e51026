"""The three ways in which Pipedrive writes a moment."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_pipedrive import timestamps as times

moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def forms(moment: datetime) -> list[str]:
    """A moment as v2, v1 and some objects of v1 write it."""
    return [
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    ]


@given(moments)
def test_every_form_comes_to_the_same_one(moment: datetime) -> None:
    v2, *others = forms(moment)

    assert times.normalise(v2) == v2
    assert {times.normalise(other) for other in others} == {v2}


@given(moments, zones)
def test_a_moment_in_any_zone_is_the_same_moment(moment: datetime, zone: timezone) -> None:
    assert times.normalise(moment.astimezone(zone).isoformat()) == forms(moment)[0]


@given(moments, moments, st.sampled_from(range(3)), st.sampled_from(range(3)))
def test_forms_sort_as_the_moments_do(
    one: datetime, other: datetime, form: int, other_form: int
) -> None:
    seconds = [moment.replace(microsecond=0) for moment in (one, other)]
    texts = [times.sortable(forms(one)[form]), times.sortable(forms(other)[other_form])]

    assert (texts[0] < texts[1]) == (seconds[0] < seconds[1])


@given(moments, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_shifting_there_and_back_is_no_shift(moment: datetime, by: timedelta) -> None:
    whole = by - timedelta(microseconds=by.microseconds)

    assert times.shift(times.shift(forms(moment)[0], whole), -whole) == forms(moment)[0]


def test_the_calendar_ends_where_it_does() -> None:
    assert times.normalise("0001-01-01") == "0001-01-01T00:00:00Z"
    assert times.shift("0001-01-01T00:00:00Z", timedelta(minutes=-5)) == "0001-01-01T00:00:00Z"
    assert times.shift("9999-12-31T00:00:00Z", timedelta(days=7)) == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2024-02-30", "0000-00-00 00:00:00", "12:30"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        times.normalise(text)


def test_reads_the_clock_of_an_http_answer() -> None:
    assert times.of_http_date("Wed, 01 May 2024 10:00:00 GMT") == "2024-05-01T10:00:00Z"


@pytest.mark.parametrize("text", ["", "now", "Wed, 31 Feb 2024 10:00:00 GMT"])
def test_without_a_clock_in_the_answer_this_machine_tells_the_time(text: str) -> None:
    before = times.now()

    assert before <= times.of_http_date(text) <= times.now()
