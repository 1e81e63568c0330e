"""Which permission is enough for what, held against the scopes that Google's discovery document lists per method."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.google.scopes import ON_REQUEST, PERMISSIONS, Feature, allows, asked_for, features, known, surplus
from tests.simulator.google.discovery_schema import document

AUTH = "https://www.googleapis.com/auth/"
APP_CREATED = f"{AUTH}calendar.app.created"
"""Reaches only calendars that were made with it."""
PUBLIC = f"{AUTH}calendar.events.public.readonly"
FREE_BUSY = f"{AUTH}calendar.events.freebusy"
ALL = sorted(document()["auth"]["oauth2"]["scopes"])


def scopes_of(resource: str, method: str) -> set[str]:
    found: dict[str, Any] = document()["resources"][resource]["methods"][method]
    return set(found["scopes"])


@pytest.mark.parametrize(
    ("feature", "resource", "methods", "less"),
    [
        (Feature.WRITE, "events", ("insert", "update", "delete", "get"), {APP_CREATED}),
        (Feature.BUSY, "freebusy", ("query",), set()),
        (Feature.LIST, "calendarList", ("list",), set()),
        (Feature.CREATE, "calendars", ("insert",), set()),
        # Busy times and public calendars alone show nothing of a meeting.
        (Feature.READ, "events", ("list", "get"), {APP_CREATED, PUBLIC, FREE_BUSY}),
    ],
)
def test_what_is_enough_is_what_google_accepts(
    feature: Feature, resource: str, methods: tuple[str, ...], less: set[str]
) -> None:
    accepted = set.intersection(*(scopes_of(resource, method) for method in methods)) - less
    assert PERMISSIONS[feature].enough == accepted
    assert PERMISSIONS[feature].ask in accepted


@pytest.mark.parametrize("read_only", [True, False])
def test_what_is_asked_for_allows_each_feature_and_each_scope_serves_one(read_only: bool) -> None:
    asked = asked_for(tuple(ON_REQUEST), read_only=read_only)
    wanted = features(read_only=read_only)
    assert all(allows(asked, each) for each in wanted)
    for scope in asked[2:]:
        left = [each for each in asked if each != scope]
        assert not all(allows(left, each) for each in wanted), f"{scope} is more than is needed"
    assert all(scope.endswith(("readonly", "freebusy")) for scope in asked[2:]) is read_only


@given(granted=st.sets(st.sampled_from(ALL)), asked=st.sets(st.sampled_from(ALL)))
def test_surplus_is_what_nobody_asked_for(granted: set[str], asked: set[str]) -> None:
    more = surplus([*granted, "openid", f"{AUTH}userinfo.email"], asked)
    assert set(more) == granted - asked


@given(st.sets(st.sampled_from(ALL)), st.text(max_size=30))
def test_a_list_that_was_cut_short_is_not_known(scopes: set[str], rest: str) -> None:
    cut = f"{AUTH}calendar.events.ow{rest}"
    assert not known([*scopes, cut]) or cut in ALL
