"""How often a device is asked, after good looks and after each kind of failure: pure rules; the loop is `poll`'s."""

from __future__ import annotations

from dataclasses import replace

from gateway.pbx.failure import CERTIFICATE, FORBIDDEN, LOGIN, SLOWER, PbxFailure
from gateway.store.polling import PollingRow, PollState

SLOWEST = 5
"""How many times the pause may double because a device asked to slow down."""
CLOCK_OFF_S = 300

_LONGEST_PAUSE_S = 900.0
_RARELY_S = 3600.0
_LOGIN_WAITS_S = (600.0, 1800.0, _RARELY_S)
_FORBIDDEN_WAITS_S = (600.0, _RARELY_S)
_BANNED = frozenset({-68, -70})
_FARTHEST_MS = 2 * 3600 * 1000


def every_s(wanted_s: float, slow: int) -> float:
    """The pause between two looks (s), for a device that asked `slow` times to slow down."""
    return max(wanted_s, min(wanted_s * float(2**slow), _LONGEST_PAUSE_S))


def gap_s(slow: int) -> float:
    """The pause between two calls of one look (s)."""
    return float(2 ** (slow - 1)) if slow else 0.0


def after_failure_s(broken: PbxFailure, failures: int, pause_s: float) -> float:
    """How long to wait (s) after the same failure for the `failures`th time in a row.

    A UCM bans who fails to log in five times in ten minutes, and every call while it bans may prolong that; what only
    a person can mend is tried rarely. Changed settings are tried at once.
    """
    wait_s = min(pause_s * float(2 ** min(failures - 1, 6)), max(pause_s, _LONGEST_PAUSE_S))
    if broken.code == LOGIN:
        wait_s = _LOGIN_WAITS_S[min(failures, len(_LOGIN_WAITS_S)) - 1]
    elif broken.code == FORBIDDEN:
        step = len(_FORBIDDEN_WAITS_S) if broken.status in _BANNED else min(failures, len(_FORBIDDEN_WAITS_S))
        wait_s = _FORBIDDEN_WAITS_S[step - 1]
    elif broken.code == CERTIFICATE:
        wait_s = max(pause_s, _LOGIN_WAITS_S[0])
    elif broken.code == SLOWER:
        wait_s = pause_s
    return max(wait_s, broken.retry_after_s or 0.0)


def left_alone_ms(row: PollingRow, settings: bytes, now_ms: int) -> int:
    """How long a device that failed before this start is to be left alone still (ms); not with other settings."""
    if row.state is not PollState.FAILING or row.next_at is None or row.settings != settings:
        return 0
    wait_ms = row.next_at - now_ms
    return wait_ms if 0 < wait_ms <= _FARTHEST_MS else 0  # a time farther away was stamped by a wrong clock


def is_news(stored: PollingRow | None, row: PollingRow, keep_every_ms: int) -> bool:
    """Whether a row is worth a write: times alone are written now and then."""
    if stored is None or stored.polled_at is None or row.polled_at is None:
        return True
    same = replace(row, polled_at=stored.polled_at, succeeded_at=stored.succeeded_at, next_at=stored.next_at)
    return same != stored or not 0 <= row.polled_at - stored.polled_at < keep_every_ms


def clock_warning(device: str, theirs_s: int | None, ours_s: int) -> str:
    """What to say when the device's clock is not ours (D-12); empty when it is, or is not known."""
    if theirs_s is None or abs(theirs_s - ours_s) <= CLOCK_OFF_S:
        return ""
    minutes, way = round(abs(theirs_s - ours_s) / 60), "fast" if theirs_s > ours_s else "slow"
    return f"The clock of {device} is {minutes} minutes off ({way}). Set its time, or let it ask a time server (NTP)."
