"""Values that no device sends and any caller may."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

ODD = st.sampled_from(
    [
        None, "", " ", "\0", "\ud800", "x" * 300, "2024-04-29", "9999-12-31T23:59:59", "0001-01-01 00:00:00", "+0800",
        "yes", "1", "{}", "[]", '[{"a":1,"a":2}]', "[" * 2000, 0, -1, 1 << 63, 10**400, -(10**400), 1e308, True, False,
        [], {}, [[]], [{}], {"frequency": "daily"}, {"extension": "1"}, [{"email": "a@example.com"}] * 3, "../x",
        [{"extension": 10**400}], {"frequency": "daily", "until": "9999-12-31"}, "23:59:60", "Etc/GMT-14",
    ]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS | ODD, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
