"""The OAuth scopes the simulated Google knows, and how it writes them; which call needs which is in `operations`."""

from __future__ import annotations

from collections.abc import Iterable

PREFIX = "https://www.googleapis.com/auth/"

_LONG_NAMES = {"email": PREFIX + "userinfo.email", "profile": PREFIX + "userinfo.profile"}

IDENTITY = ("openid", _LONG_NAMES["email"], _LONG_NAMES["profile"])
"""Scopes about the person only: always granted as asked, they have no box on the consent page."""

CALENDAR = {
    "calendar": "See, edit, share, and permanently delete all the calendars you can access using Google Calendar",
    "calendar.acls": "See and change the sharing permissions of Google calendars you own",
    "calendar.acls.readonly": "See the sharing permissions of Google calendars you own",
    "calendar.app.created": "Make secondary Google calendars, and see, create, change, and delete events on them",
    "calendar.calendarlist": "See, add, and remove Google calendars you're subscribed to",
    "calendar.calendarlist.readonly": "See the list of Google calendars you're subscribed to",
    "calendar.calendars": "See and change the properties of Google calendars you have access to, and create calendars",
    "calendar.calendars.readonly": "See the title, description, default time zone, and other properties of calendars",
    "calendar.events": "View and edit events on all your calendars",
    "calendar.events.freebusy": "See the availability on Google calendars you have access to",
    "calendar.events.owned": "See, create, change, and delete events on Google calendars you own",
    "calendar.events.owned.readonly": "See the events on Google calendars you own",
    "calendar.events.public.readonly": "See the events on public calendars",
    "calendar.events.readonly": "View events on all your calendars",
    "calendar.freebusy": "View your availability in your calendars",
    "calendar.readonly": "See and download any calendar you can access using your Google Calendar",
    "calendar.settings": "View and change your Calendar settings",
    "calendar.settings.readonly": "View your Calendar settings",
}
"""Calendar scopes (without the common prefix) and what the consent page says about them."""


def written(scope: str) -> str:
    """A scope as Google writes it in its answers: `email` becomes the long name."""
    return _LONG_NAMES.get(scope, scope)


def is_known(scope: str) -> bool:
    """Whether Google has this scope (only identity and Calendar scopes exist here)."""
    return written(scope) in IDENTITY or (scope.removeprefix(PREFIX) in CALENDAR and scope.startswith(PREFIX))


def is_identity(scope: str) -> bool:
    """Whether the scope is about the person only."""
    return written(scope) in IDENTITY


def settled(asked: Iterable[str]) -> tuple[str, ...]:
    """The scopes as granted: long names, once each, with `openid` whenever the person's identity was asked for."""
    names = list(dict.fromkeys(written(scope) for scope in asked))
    if any(name in IDENTITY for name in names) and "openid" not in names:
        names.append("openid")
    return tuple(names)


def short(scope: str) -> str:
    """A Calendar scope without the common prefix; others unchanged."""
    return scope.removeprefix(PREFIX)


def described(scope: str) -> str:
    """What the consent page says about a Calendar scope."""
    return CALENDAR.get(short(scope), scope)
