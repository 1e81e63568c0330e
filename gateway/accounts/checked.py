"""What a look at Google right after a sign-in found: is the API on, which calendars, does the clock agree."""

from __future__ import annotations

from dataclasses import dataclass

from gateway import messages
from gateway.google.calendar_list import CalendarEntry, Listing
from gateway.messages import Message
from gateway.messages.languages import tr

__all__ = ["CalendarEntry", "Checked", "judge"]

MOST_CLOCK_DIFFERENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The calendars that can be written to, the main one first.

    `clock_difference_s` is this machine's clock minus Google's, None when Google told no time. `problem` stands in the
    way; `notes` are worth telling.
    """

    calendars: tuple[CalendarEntry, ...] = ()
    clock_difference_s: float | None = None
    problem: Message | None = None
    notes: tuple[Message, ...] = ()


def judge(listing: Listing) -> Checked:
    """Say in the catalogue's words what the look found."""
    difference_s = listing.clock_difference_s
    notes: tuple[Message, ...] = ()
    if difference_s is not None and abs(difference_s) > MOST_CLOCK_DIFFERENCE_S:
        direction = tr("ahead") if difference_s > 0 else tr("behind")
        notes = (messages.text("N-05", n=str(round(abs(difference_s))), direction=direction),)
    return Checked(calendars=listing.calendars, clock_difference_s=difference_s, problem=listing.problem, notes=notes)
