"""What the settings of invitations accept: title, description, reminders; how an event is made of them is not here."""

from __future__ import annotations

from gateway.config.values import Refused, did_you_mean
from gateway.domain.reminders import (
    LONGEST_MINUTES,
    MOST_REMINDERS,
    ReminderFault,
    read_reminders,
    said_reminders,
)
from gateway.domain.wording import (
    IN_DESCRIPTIONS,
    IN_TITLES,
    Mistake,
    WordingFault,
    parse_description,
    parse_title,
)
from gateway.messages.languages import tr


def event_title(text: str) -> str:
    """The title of events, with placeholders; `Refused` says what is wrong with it."""
    try:
        parse_title(text)
    except WordingFault as fault:
        raise _refused(fault, IN_TITLES) from None
    return text.strip()


def event_description(text: str) -> str:
    """The description of events, with placeholders; `Refused` says in which line what is wrong."""
    try:
        parse_description(text)
    except WordingFault as fault:
        raise _refused(fault, IN_DESCRIPTIONS) from None
    return text


def reminders(text: str) -> str:
    """`calendar`, `none`, or up to five such as `10 popup, 60 email`; returned in order, each once."""
    try:
        return said_reminders(read_reminders(text))
    except ReminderFault as fault:
        if fault.limit == "most":
            raise Refused(tr("must be at most %(n)s reminders", n=MOST_REMINDERS)) from None
        if fault.limit == "minutes":
            raise Refused(tr("must be at most %(n)s minutes before the start", n=LONGEST_MINUTES)) from None
        words = tr(
            "must be calendar, none, or minutes before the start with popup or email, such as 10 popup, 60 email"
        )
        raise Refused(words) from None


def _refused(fault: WordingFault, known: tuple[str, ...]) -> Refused:
    shown, line = f"{{{fault.name}}}", fault.line
    match fault.mistake:
        case Mistake.UNKNOWN:
            near = did_you_mean(fault.name, known).replace("'", "{", 1).replace("'", "}", 1)
            every = tr("; there are %(names)s", names=", ".join(f"{{{name}}}" for name in known))
            words = tr(": Line %(line)s has a placeholder that is not known, %(name)s", line=line, name=shown)
            return Refused(words, hint=near or every)
        case Mistake.BRACE:
            words = tr(": Line %(line)s has a brace that belongs to no placeholder. Remove it.", line=line)
        case Mistake.ALONE:
            words = tr(": Line %(line)s has more than %(name)s. It stands alone on its line.", line=line, name=shown)
        case Mistake.LONG:
            words = tr(": It is longer than %(n)s characters. Shorten it.", n=fault.name)
        case Mistake.LINES:
            words = tr(": It has more than %(n)s lines. Shorten it.", n=fault.name)
        case Mistake.SIGNS:
            words = tr(": Line %(line)s has a character that nobody can see. Type the line again.", line=line)
        case Mistake.EMPTY:
            words = tr(": There is nothing in it that says which meeting it is. Add %(name)s.", name=shown)
    return Refused(words)
