import datetime

import numpy as np
import pytest

from dlkit.table.dates import PARTS, Dates
from tests.contract import check_layer

START = datetime.datetime(2000, 1, 1)


def read(*dates):
    return np.asarray(Dates()([np.array(dates, object)]))


def test_contract():
    values = np.array(["2024-02-29", "", "2001-01-01T12:30"])
    check_layer(Dates, [values, values[::-1].copy()])


@pytest.mark.parametrize(
    "date",
    [
        "2000-01-01",
        "2024-02-29",
        "2023-03-01",
        "1999-12-31 18:00",
        "1600-02-29",
        "2100-02-28T06:00",
    ],
)
def test_days_are_those_of_the_calendar(date):
    days = (datetime.datetime.fromisoformat(date) - START) / datetime.timedelta(days=1)
    assert read(date)[0, 0] == pytest.approx(days)


def test_seconds_and_zones_are_passed_over():
    first, *others = read("2024-05-01T08:30", "2024-05-01 08:30:59.5", "2024-05-01T08:30:00+08:00")
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_weeks_come_round():
    monday, next_monday, tuesday = read("2024-04-29", "2024-05-06", "2024-04-30")
    np.testing.assert_allclose(monday[3:5], next_monday[3:5], atol=1e-4)
    assert np.abs(monday[3:5] - tuesday[3:5]).max() > 0.3


@pytest.mark.parametrize(
    "date", ["", "soon", "2024-13-01", "2024-00-01", "20240501", "2024-05-01x"]
)
def test_what_is_no_date_is_missing(date):
    assert np.isnan(read(date)).all()
    assert read(date).shape == (1, PARTS)
