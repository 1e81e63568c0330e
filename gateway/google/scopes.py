"""Which permissions (OAuth scopes) Google wants for what the gateway does; who was granted what is kept elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from gateway.messages.languages import tr

_AUTH = "https://www.googleapis.com/auth/"


def _named(*names: str) -> frozenset[str]:
    return frozenset(f"{_AUTH}{name}" for name in names)


class Feature(StrEnum):
    """What needs a permission of its own; the value is its word on the command line."""

    WRITE = "write"
    READ = "read"
    BUSY = "busy-times"
    LIST = "list-calendars"
    CREATE = "create-calendar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A feature, the narrowest scope to ask for, and all scopes any one of which is enough."""

    feature: Feature
    ask: str
    enough: frozenset[str]

    @property
    def shown(self) -> str:
        """The feature in words."""
        return {
            Feature.WRITE: tr("writing meetings"),
            Feature.READ: tr("reading meetings"),
            Feature.BUSY: tr("looking up busy times"),
            Feature.LIST: tr("choosing among calendars"),
            Feature.CREATE: tr("creating calendars"),
        }[self.feature]


_WRITE = _named("calendar.events.owned", "calendar.events", "calendar")

PERMISSIONS = {
    each.feature: each
    for each in (
        Permission(
            feature=Feature.WRITE,
            ask=f"{_AUTH}calendar.events.owned",
            enough=_WRITE,
        ),
        Permission(
            feature=Feature.READ,
            ask=f"{_AUTH}calendar.events.owned.readonly",
            enough=_WRITE | _named("calendar.events.owned.readonly", "calendar.events.readonly", "calendar.readonly"),
        ),
        Permission(
            feature=Feature.BUSY,
            ask=f"{_AUTH}calendar.events.freebusy",
            enough=_named("calendar.events.freebusy", "calendar.freebusy", "calendar", "calendar.readonly"),
        ),
        Permission(
            feature=Feature.LIST,
            ask=f"{_AUTH}calendar.calendarlist.readonly",
            enough=_named("calendar.calendarlist.readonly", "calendar.calendarlist", "calendar", "calendar.readonly"),
        ),
        Permission(
            feature=Feature.CREATE,
            ask=f"{_AUTH}calendar.app.created",
            enough=_named("calendar.app.created", "calendar.calendars", "calendar"),
        ),
    )
}
"""What each method of the Calendar API accepts (`scopes` in its discovery document), by what the gateway does with it.

`calendar.app.created` also writes events, but only into calendars that were created with it: it does not count as
`WRITE`.
"""

IDENTITY = ("openid", "email")
"""Asked for in any case, so that the account can be named."""

_IDENTITY_FORMS = frozenset({*IDENTITY, "profile", f"{_AUTH}userinfo.email", f"{_AUTH}userinfo.profile"})
"""How Google writes them in its answers, and what it adds on its own."""

ON_REQUEST = frozenset({Feature.CREATE})
"""What is asked for only when somebody wants it."""


def features(*, read_only: bool) -> tuple[Feature, ...]:
    """Return what an account can be used for, the feature first without which it is of no use."""
    if read_only:
        return (Feature.READ, Feature.BUSY, Feature.LIST)
    return (Feature.WRITE, Feature.BUSY, Feature.LIST, Feature.CREATE)


def asked_for(more: Collection[Feature] = (), *, read_only: bool = False) -> tuple[str, ...]:
    """Return the scopes to ask for: who signs in, and the narrowest for every feature, `more` those on request."""
    wanted = (each for each in features(read_only=read_only) if each not in ON_REQUEST or each in more)
    return (*IDENTITY, *(PERMISSIONS[each].ask for each in wanted))


def calendar_only(scopes: Collection[str]) -> tuple[str, ...]:
    """Return those of `scopes` that are about calendars, which is all that a service account needs."""
    return tuple(scope for scope in scopes if scope not in _IDENTITY_FORMS)


def allows(scopes: Collection[str], feature: Feature) -> bool:
    """Whether `scopes` are enough for a feature."""
    return not PERMISSIONS[feature].enough.isdisjoint(scopes)


def surplus(granted: Collection[str], asked: Collection[str]) -> tuple[str, ...]:
    """Return what was granted and not asked for, without what Google adds on its own."""
    return tuple(sorted(set(granted) - set(asked) - _IDENTITY_FORMS))


def known(scopes: Collection[str]) -> bool:
    """Whether all of these can be the answer to one of our links; a list that was cut short has others."""
    return _KNOWN.issuperset(scopes)


_KNOWN = _IDENTITY_FORMS.union(*(each.enough for each in PERMISSIONS.values()))
