"""What follows from an outcome."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.outcome import Outcome, Verdict
from gateway.domain.retry import SLOW_DOWN_CAP_S, Hold, RetryLimits, decide

LIMITS = RetryLimits(first_s=2.0, cap_s=900.0)
NOW_MS = 1_714_000_000_000


@given(
    attempts=st.integers(0, 100_000),
    chance=st.floats(0, 1),
    retry_after_s=st.none() | st.floats(0, 1e9),
    verdict=st.sampled_from([Verdict.LATER, Verdict.IN_DOUBT, Verdict.SLOW_DOWN]),
)
def test_waits_are_bounded_and_never_undercut_what_was_named(attempts, chance, retry_after_s, verdict):
    outcome = Outcome(verdict=verdict, retry_after_s=retry_after_s)
    decision = decide(outcome, attempts=attempts, now_ms=NOW_MS, limits=LIMITS, chance=chance)
    wait_s = (decision.not_before_ms - NOW_MS) / 1000
    named = min(retry_after_s or 0.0, 24 * 3600.0)
    assert named < wait_s <= max(named, 900.0) + 0.002
    assert wait_s >= 1.0
    if attempts <= 1 and retry_after_s is None:
        assert wait_s <= 5.0
    assert decision.hold is None
    if verdict is Verdict.SLOW_DOWN:
        assert wait_s <= max(named, SLOW_DOWN_CAP_S) + 0.002


@pytest.mark.parametrize(
    ("verdict", "hold"),
    [
        (Verdict.AUTHORIZATION, Hold.AUTHORIZATION),
        (Verdict.CONFIGURATION, Hold.CONFIGURATION),
        (Verdict.REFUSED, Hold.PARKED),
    ],
)
def test_what_only_a_person_can_mend_is_held(verdict: Verdict, hold: Hold):
    decision = decide(Outcome(verdict=verdict), attempts=3, now_ms=NOW_MS, limits=LIMITS, chance=0.5)
    assert decision.hold is hold


def test_equal_failures_do_not_come_back_together():
    outcome = Outcome(verdict=Verdict.LATER)
    waits = {decide(outcome, attempts=5, now_ms=0, limits=LIMITS, chance=c / 100).not_before_ms for c in range(100)}
    assert len(waits) == 100
