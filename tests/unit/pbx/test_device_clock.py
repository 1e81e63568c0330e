"""The clock text of a UCM is read with its offset, and anything else is no clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mirror.poll.pace import clock_warning
from gateway.pbx.device_clock import clock_utc_s


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2018-05-01 10:00:00 UTC+08:00", datetime(2018, 5, 1, 2, tzinfo=UTC)),
        ("2018-05-01 10:00:00 UTC-03:30", datetime(2018, 5, 1, 13, 30, tzinfo=UTC)),
        (" 2018-05-01 10:00:00 +0000 ", datetime(2018, 5, 1, 10, tzinfo=UTC)),
        ("2018-05-01T10:00:00 GMT+01:00", datetime(2018, 5, 1, 9, tzinfo=UTC)),
    ],
)
def test_clock_texts(text: str, utc: datetime):
    assert clock_utc_s(text) == int(utc.timestamp())


@pytest.mark.parametrize(
    "text", ["", "10:00", "2018-05-01 10:00:00", "2018-13-01 10:00:00 UTC+08:00", "2018-05-01 10:00:00 UTC+99:99"]
)
def test_what_is_no_clock(text: str):
    assert clock_utc_s(text) is None


@given(st.text())
def test_any_text(text: str):
    clock_utc_s(text)


def test_when_to_warn():
    assert clock_warning("UCM", None, 1000) == ""
    assert clock_warning("UCM", 1300, 1000) == ""
    assert "6 minutes off (slow)" in clock_warning("UCM", 1000, 1360)
