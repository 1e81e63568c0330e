"""Entries of a list become meetings with their days; what is odd in one is named and touches no other."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.meeting import Frequency, Repeat
from gateway.errors import BadPayload
from gateway.mirror.poll import reading
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.translate import Context
from tests.unit.pbx.polled_ucm import MONDAY

UCM = Catalog.load([builtin_folder()]).get("grandstream/ucm6300")
FORM = reading.shape_named(UCM, "form")
CONTEXT = Context(external_id=None, device_zone=None, now_s=int((MONDAY - timedelta(days=3)).timestamp()))


def item(number: int = 1, **changes: object) -> dict[str, object]:
    whole = {
        "bookid": str(number),
        "confname": "Weekly",
        "starttime": f"{MONDAY}",
        "endtime": f"{MONDAY + timedelta(hours=1)}",
        "timezone": "Etc/GMT-1",
        "recurringevent": "COMMON",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def day(number: int, weeks: int, **changes: object) -> dict[str, object]:
    original = MONDAY + timedelta(days=7 * weeks)
    return item(number, original_starttime=f"{original}", starttime=f"{original + timedelta(hours=2)}", endtime=f"{original + timedelta(hours=3)}", **changes)  # fmt: skip # noqa: E501


def understood(*items: dict[str, object]) -> reading.Understood:
    groups, _ = reading.grouped(UCM, items, CONTEXT)
    (group,) = groups.values()
    assert group.whole is not None
    return reading.understood(UCM, group, group.whole, CONTEXT)


def test_days_belong_to_their_series():
    series = item(1, recurringevent="DAILY")
    said = understood(day(1, 1), series, day(1, 2, cancelled="yes"))
    assert said.meeting.repeat is not None
    assert said.occurrences is not None
    moved, cancelled = said.occurrences
    assert moved.meeting is not None
    assert moved.meeting.start_local == MONDAY + timedelta(days=7, hours=2)
    assert cancelled.meeting is None


def test_a_day_that_is_not_understood_leaves_all_days_as_they_are():
    said = understood(item(1, recurringevent="DAILY"), day(1, 1), {**day(1, 2), "endtime": "?"})
    assert said.occurrences is None
    assert said.note is not None
    assert "A day of the meeting 1 was not understood" in said.note.text


def test_entries_without_an_id_are_named():
    groups, unreadable = reading.grouped(UCM, [item(1), {"confname": "x"}, {}], CONTEXT)
    assert (list(groups), len(unreadable)) == (["1"], 2)
    assert "An entry of the list was not understood" in unreadable[0].text


def test_two_entries_of_one_id_are_told():
    groups, _ = reading.grouped(UCM, [item(1), item(1, confname="Other")], CONTEXT)
    assert groups["1"].note is not None
    assert groups["1"].whole == item(1)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"timezone": "Nowhere/Land"}, "D-08"),
        ({"starttime": None}, "D-06"),
        ({"endtime": None}, "D-06"),
        ({"endtime": f"{MONDAY - timedelta(hours=1)}"}, "D-07"),
        ({"confname": None}, "D-04"),
        ({"recurringevent": "?"}, "D-04"),
    ],
)
def test_the_code_of_what_is_wrong(changes: dict[str, object], code: str):
    with pytest.raises(BadPayload) as caught:
        understood(item(1, **changes))
    assert reading.note_of(UCM, caught.value, "the meeting 1").code == code


@pytest.mark.parametrize(
    ("repeat", "days"),
    [
        (None, 0),
        (Repeat(frequency=Frequency.DAILY, count=3), 3),
        (Repeat(frequency=Frequency.WEEKLY, count=3, interval=2), 42),
        (Repeat(frequency=Frequency.DAILY), None),
    ],
)
def test_when_a_meeting_is_over(repeat: Repeat | None, days: int | None):
    said = understood(item(1))
    ends = reading.ends_ms(replace(said, meeting=replace(said.meeting, repeat=repeat)))
    assert ends == (None if days is None else (said.meeting.end_utc_s + days * 86_400) * 1000)


def test_a_series_until_a_date_is_over_then():
    said = understood(item(1))
    until = said.meeting.start_utc_s + 10 * 86_400
    series = replace(said.meeting, repeat=Repeat(frequency=Frequency.WEEKLY, until_utc_s=until))
    assert reading.ends_ms(replace(said, meeting=series)) == (until + 3600) * 1000


def test_what_is_asked_for():
    assert {"bookid", "confname", "members"} <= set(reading.columns(FORM, pins=False))
    assert {"pincode", "admin_pincode"}.isdisjoint(reading.columns(FORM, pins=False))
    assert {"pincode", "admin_pincode"} <= set(reading.columns(FORM, pins=True))
    whole = dict.fromkeys(reading.columns(FORM, pins=False), "x")
    assert not reading.lacking(FORM, whole, pins=False)
    assert reading.lacking(FORM, whole, pins=True)
    whole.pop("original_starttime")
    assert not reading.lacking(FORM, whole, pins=False)


def test_marks_change_with_what_decides_and_with_nothing_else():
    words = reading.words_of(UCM)
    base = reading.salt(words, None, {}, pins=False)
    assert base == reading.salt(words, None, {}, pins=False)
    other = Catalog.load([builtin_folder()]).get("generic/json")
    changed = [
        reading.salt(words, "Europe/Paris", {}, pins=False),
        reading.salt(words, None, {"1": "a@b"}, pins=False),
        reading.salt(words, None, {}, pins=True),
        reading.salt(reading.words_of(other), None, {}, pins=False),
        reading.salt(reading.words_of(replace(UCM, shapes=UCM.shapes[:1])), None, {}, pins=False),
    ]
    assert len({base, *changed}) == 6
    group = reading.Group(external_id="1", whole=item(1))
    same = reading.Group(external_id="1", whole=dict(reversed(item(1).items())))
    marks = {
        reading.digest(b"k", base, group),
        reading.digest(b"l", base, group),
        reading.digest(b"k", changed[0], group),
        reading.digest(b"k", base, reading.Group(external_id="1", whole=item(1, confname="Other"))),
        reading.digest(b"k", base, reading.Group(external_id="1", whole=item(1), days=[(day(1, 1), 5, True)])),
    }
    assert len(marks) == 5
    assert reading.digest(b"k", base, same) in marks


def test_marks_are_the_same_in_every_process():
    """Else every start would look at every meeting anew."""
    script = (
        "from gateway.mirror.poll import reading as r; from gateway.profiles.catalog import Catalog, builtin_folder; "
        "print(r.words_of(Catalog.load([builtin_folder()]).get('grandstream/ucm6300')).hex())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


LONG = bool(os.environ.get("LONG"))
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(list(item().values())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ITEMS = st.lists(
    st.dictionaries(st.sampled_from(reading.columns(FORM, pins=True)), VALUE).map(lambda odd: {**item(1), **odd})
    | st.dictionaries(st.text(max_size=5), VALUE),
    max_size=4,
)


@given(ITEMS)
@settings(max_examples=10_000 if LONG else 25, deadline=None)
def test_whatever_a_list_says_it_is_read_or_noted(items: list[dict[str, object]]):
    groups, unreadable = reading.grouped(UCM, items, CONTEXT)
    assert len(unreadable) <= len(items)
    for group in groups.values():
        if group.whole is None:
            continue
        try:
            said = reading.understood(UCM, group, group.whole, CONTEXT)
        except BadPayload as error:
            reading.note_of(UCM, error, "the meeting")
        else:
            reading.ends_ms(said)
