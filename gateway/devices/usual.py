"""What the settings say of the meetings of all devices, in the words of the domain; single ones are not known here."""

from __future__ import annotations

from gateway.config import MeetingsSection
from gateway.domain.device import MeetingDefaults
from gateway.domain.reminders import read_reminders
from gateway.domain.wording import USUAL_DESCRIPTION, USUAL_TITLE, words_of


def meeting_defaults(section: MeetingsSection) -> MeetingDefaults:
    """Return what holds where a device has no choice of its own; the settings were judged when they were read."""
    return MeetingDefaults(
        show_pins=section.show_pins,
        visibility=section.visibility,
        words=words_of(section.title or USUAL_TITLE, section.description or USUAL_DESCRIPTION),
        reminders=read_reminders(section.reminders),
    )
