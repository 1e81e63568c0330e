"""Event ids: legal at Google, different for everything that differs."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.event_id import event_id

installations = st.text("0123456789abcdef", min_size=32, max_size=32)
parts = st.tuples(installations, st.integers(1, 2**62), st.integers(0, 10_000))


@given(parts, parts)
def test_legal_and_distinct(one, other):
    assert re.fullmatch(r"[a-v0-9]{5,1024}", event_id(*one))
    assert (event_id(*one) == event_id(*other)) == (one == other)


def test_never_changes():
    assert event_id("0" * 32, 1, 0) == "8hend905ed3u797osjdgf81ga1r40mo44h697659bkhqfrsfueeg"
