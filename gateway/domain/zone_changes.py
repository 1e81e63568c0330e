"""When clocks change, and when a fixed zone and a region part; found by asking for offsets, no rule is read here."""

from __future__ import annotations

from datetime import timedelta

from gateway.domain.zone_words import AWARE_EPOCH, fixed_offset_minutes, offset_s_at, offset_text

_STEP_S = 7 * 86_400
"""No zone of today has kept a changed clock for less than some four weeks."""
LOOK_AHEAD_S = 2 * 366 * 86_400


def next_change(zone: str, after_utc_s: int, until_utc_s: int | None = None) -> int | None:
    """The first instant after `after_utc_s`, and not after `until_utc_s`, from which clocks in `zone` are others.

    Seconds since 1970; None when there is none. Without `until_utc_s` two years are looked at.
    """
    return _first_change((zone,), after_utc_s, until_utc_s)


def drift(zone: str, region: str, start_utc_s: int, until_utc_s: int | None) -> int | None:
    """The first instant from which a series in the fixed zone `zone` is off the wall clock of `region`, or None.

    Seconds since 1970. The series starts at `start_utc_s`; `until_utc_s` is its last instant, None a series without
    end, of which two years are looked at. What counts is a change of the difference between the two clocks: that
    they differ from the start may be meant so.
    """
    return _first_change((zone, region), start_utc_s, until_utc_s)


def drift_advice(zone: str, region: str, start_utc_s: int, until_utc_s: int | None) -> str | None:
    """A sentence for people about such a series, naming the zone to use instead; None when there is no drift."""
    minutes = fixed_offset_minutes(zone)
    at_utc_s = None if minutes is None else drift(zone, region, start_utc_s, until_utc_s)
    if minutes is None or at_utc_s is None:
        return None
    after_s = offset_s_at(region, at_utc_s)
    moved = (after_s - offset_s_at(region, start_utc_s)) // 60
    day = AWARE_EPOCH + timedelta(seconds=at_utc_s + after_s)
    later = "later" if moved > 0 else "earlier"
    return (
        f"{zone} is {offset_text(minutes)} all year, but clocks in {region} change on {day:%Y-%m-%d}: "
        f"from then on the series is {abs(moved)} minutes {later} by the clocks there. "
        f"Set the time zone to {region}, for the meeting or for the device, if it is meant to follow them."
    )


def _first_change(zones: tuple[str, ...], after_utc_s: int, until_utc_s: int | None) -> int | None:
    """The first instant at which the offset of the last zone, seen from the first, is not what it was at the start."""
    end_s = after_utc_s + LOOK_AHEAD_S if until_utc_s is None else until_utc_s
    before = _difference(zones, after_utc_s)
    low = after_utc_s
    while low < end_s:
        high = min(low + _STEP_S, end_s)
        if _difference(zones, high) != before:
            return _bisected(zones, low, high, before)
        low = high
    return None


def _bisected(zones: tuple[str, ...], low: int, high: int, before: int) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        if _difference(zones, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _difference(zones: tuple[str, ...], utc_s: int) -> int:
    """The offset of the only zone, or how far the second one's lies east of the first one's."""
    east = offset_s_at(zones[-1], utc_s)
    return east - offset_s_at(zones[0], utc_s) if len(zones) > 1 else east
