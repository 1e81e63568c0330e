"""What people read before something is reset: of each choice what is lost, and what stays; nothing is done here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.messages.languages import tr
from gateway.store.reset import ADMINS, CHOICES, DEVICES, GOOGLE, MEETINGS, SETTINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One choice in the reader's language: its name, what is lost, and what stays."""

    choice: str
    title: str
    lost: str
    stays: str


def losses() -> list[Loss]:
    """Return the choices, in the order in which they are offered."""
    return [_WORDS[choice]() for choice in CHOICES]


def names(choices: tuple[str, ...]) -> str:
    """Return the names of the choices, as one list."""
    if set(choices) == set(CHOICES):
        return tr("everything")
    return ", ".join(_WORDS[choice]().title for choice in choices)


_WORDS: Mapping[str, Callable[[], Loss]] = MappingProxyType(
    {
        SETTINGS: lambda: Loss(
            choice=SETTINGS,
            title=tr("Settings saved on these pages"),
            lost=tr("What was saved under Settings is forgotten, with the passwords of mail and proxy."),
            stays=tr("The settings file, the environment and the certificate stay as they are."),
        ),
        GOOGLE: lambda: Loss(
            choice=GOOGLE,
            title=tr("Google authorizations"),
            lost=tr("The Google app, every authorization and the chosen calendars are forgotten."),
            stays=tr("Events in Google stay. Meetings wait here until you authorize again; the same account goes on."),
        ),
        DEVICES: lambda: Loss(
            choice=DEVICES,
            title=tr("Devices"),
            lost=tr("Devices that were added here are removed, with their keys, policies, extension lists and calls."),
            stays=tr("Devices of the settings file come back. Your own profiles stay."),
        ),
        MEETINGS: lambda: Loss(
            choice=MEETINGS,
            title=tr("Meetings, queue and history"),
            lost=tr("All meetings are forgotten, and changes that wait are not sent any more."),
            stays=tr(
                "Events in Google stay, but they are nobody's: what a device cancels now stays there until you delete "
                "it in Google Calendar. A meeting that a device sends again gets its event back, so that nothing "
                "stands there twice."
            ),
        ),
        ADMINS: lambda: Loss(
            choice=ADMINS,
            title=tr("Administrators and API keys"),
            lost=tr(
                "Nobody can sign in any more, and API keys end. You begin with the set-up code that the log shows."
            ),
            stays=tr("Devices and meetings go on meanwhile."),
        ),
    }
)
