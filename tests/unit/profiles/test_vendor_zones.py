"""What the zone words of a profile mean: texts that some firmware always sends, aliases, codings, fixed zones."""

from __future__ import annotations

from pathlib import Path

from gateway.profiles.translate import to_payload
from tests.unit.profiles.own import own_problems, profile_of, read_own
from tests.unit.profiles.test_vendor_words import BASIC, PARIS, REPEAT, basic, utc

ZONED = BASIC + "zone: {name: tz, as: zone}"


def test_a_zone_text_that_some_firmware_always_sends_gives_way(tmp_path: Path) -> None:
    profile = profile_of(
        tmp_path, ZONED, head='zone: {codings: [iana, offset_text], suspect: ["Asia/Shanghai", "+0800"]}'
    )
    for text in ("Asia/Shanghai", "+0800"):
        said = read_own(profile, basic(tz=text), device_zone=PARIS)
        assert (said.meeting.zone, said.meeting.zone_text) == (PARIS, text)
        assert "always sends the same offset" in said.warnings[0]
        alone = read_own(profile, basic(tz=text))
        assert alone.meeting.start_utc_s == utc("2024-04-29T02:00")
        assert "set devices[].time_zone" in alone.warnings[0]
    assert read_own(profile, basic(tz="Asia/Tokyo"), device_zone=PARIS).meeting.zone == "Asia/Tokyo"


def test_zone_texts_of_the_devices_own(tmp_path: Path) -> None:
    head = "zone: {codings: [windows, offset_minutes], aliases: {中国标准时间: Asia/Shanghai}}"
    profile = profile_of(tmp_path, ZONED, head=head)
    meeting = read_own(profile, basic(tz="中国标准时间")).meeting
    assert (meeting.zone, meeting.zone_text) == ("Asia/Shanghai", "中国标准时间")
    assert to_payload(profile, "call", meeting)["tz"] == "中国标准时间"
    assert read_own(profile, basic(tz="W. Europe Standard Time")).meeting.zone == "Europe/Berlin"
    assert read_own(profile, basic(tz=60)).meeting.zone == "Etc/GMT-1"
    for wrong in ("Europe/Paris", "+0100", 1, [60], True, 1e300):
        assert list(own_problems(profile, basic(tz=wrong))) == ["tz"]


def test_a_series_in_a_fixed_zone_is_told_when_it_leaves_the_devices_clock(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, ZONED + REPEAT)
    series = basic(tz="Etc/GMT-2", every="week")
    said = read_own(profile, series, device_zone=PARIS)
    assert ["2024-10-27" in text and PARIS in text for text in said.warnings] == [True]
    assert read_own(profile, series | {"times": 10}, device_zone=PARIS).warnings == ()
    assert read_own(profile, series | {"until": "2024-10-20"}, device_zone=PARIS).warnings == ()
    assert read_own(profile, series, device_zone="Africa/Tunis").warnings == ()
