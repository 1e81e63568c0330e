"""What the Google page shows: which card is open, at which step, in which words; pure, and nothing is fetched here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from gateway import messages
from gateway.accounts.calendar_choice import Chosen
from gateway.accounts.candidate import Candidate
from gateway.accounts.checked import Checked
from gateway.accounts.google_app import GoogleApp
from gateway.accounts.life import EndsBecause
from gateway.accounts.standing import Situation, Standing
from gateway.accounts.summary import AccountStatus
from gateway.admin.google.app_form import AppForm, Draft, app_form
from gateway.errors import CatalogueError
from gateway.messages import Message
from gateway.messages.languages import tr, trn
from gateway.messages.times import day_and_time
from gateway.store.accounts import AccountState

_COLOURS = {
    Situation.NOT_CONNECTED: ("grey", "○"),
    Situation.WAITING: ("blue", "…"),
    Situation.AUTHORIZED: ("green", "✓"),
    Situation.ENDS: ("amber", "!"),
    Situation.UNREACHABLE: ("amber", "!"),
    Situation.LOST: ("red", "✕"),
    Situation.ACTION: ("red", "!"),
}
"""A colour never stands alone: the sign and the words say the same."""

_CARD_OF_FIELD = {
    "file": 1,
    "client_id": 1,
    "client_secret": 1,
    "redirect_uri": 1,
    "password": 1,
    "code": 3,
    "calendar": 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A message with the `field` it is about, if any, and what somebody else said word for word, without secrets.

    `redirect` is the redirect address that it speaks of, where it speaks of one.
    """

    message: Message
    field: str = ""
    raw: str = ""
    redirect: str = ""

    @classmethod
    def of(cls, error: CatalogueError, field: str = "") -> Fault:
        """Make one of an error; `field` counts when the error names none."""
        said = [error.values[name] for name in ("message", "snippet") if error.values.get(name)]
        message = messages.text(error.code, **error.values)
        redirect = error.values.get("redirect", "")
        return cls(message=message, field=error.field or field, raw="; ".join(said), redirect=redirect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Good news, shown in card `at`: a headline, what was checked, and messages that stand in nobody's way."""

    at: int
    headline: str
    account: str = ""
    lines: tuple[str, ...] = ()
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A calendar to choose."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarCard:
    """Card 4: `listed` says whether Google told which calendars there are; `trouble` why it did not."""

    name: str
    chosen: str
    calendars: tuple[Option, ...]
    listed: bool
    invitations: str
    locked: str
    trouble: Message | None


def calendar_card(chosen: Chosen, found: Checked | None) -> CalendarCard:
    """Return card 4; the calendar that is used now is always among those to choose."""
    options = [Option(id=each.id, name=each.name) for each in found.calendars] if found is not None else []
    listed = bool(options)
    if chosen.calendar_id not in [each.id for each in options]:
        options.insert(0, Option(id=chosen.calendar_id, name=chosen.shown))
    return CalendarCard(
        name=next(each.name for each in options if each.id == chosen.calendar_id),
        chosen=chosen.calendar_id,
        calendars=tuple(options),
        listed=listed,
        invitations=chosen.invitations.value,
        locked=chosen.locked,
        trouble=found.problem if found is not None else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """An account beside the main one: its state in words, with when its authorization ends, if that is known."""

    email: str
    state: str


def others(statuses: Iterable[AccountStatus], zone: str | None) -> tuple[Other, ...]:
    """Return the accounts beside the main one."""
    return tuple(Other(email=each.email, state=_state_of(each, zone)) for each in statuses if not each.main)


def _state_of(status: AccountStatus, zone: str | None) -> str:
    state = {
        AccountState.CONNECTED: tr("connected"),
        AccountState.AUTHORIZATION_LOST: tr("authorization lost"),
        AccountState.CONFIGURATION: tr("something is to be mended"),
    }[status.state]
    if status.end is None:
        return state
    return tr("%(state)s, ends %(when)s", state=state, when=at_time(status.end.at_ms, zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a line; strong ones are names."""

    text: str
    strong: bool = False


def emphasised(line: str, *names: str) -> tuple[Piece, ...]:
    """Take a line apart, so that the first mention of each name can be shown in bold."""
    pieces = [Piece(text=line)]
    for name in names:
        for at, piece in enumerate(pieces):
            if name and not piece.strong and name in piece.text:
                before, _, after = piece.text.partition(name)
                pieces[at : at + 1] = [Piece(text=before), Piece(text=name, strong=True), Piece(text=after)]
                break
    return tuple(piece for piece in pieces if piece.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The page as a whole. `step` is where a person is, 1 to 4; `email` is empty while nobody is authorized."""

    standing: Standing
    step: int
    email: str
    signed_in_as: str
    authorized_at: str
    pending_line: str
    other_account: Message | None
    app_form: AppForm
    found: str
    asks_password: bool
    opened: frozenset[int]
    finished: frozenset[int]
    line: tuple[Piece, ...]

    @property
    def pill(self) -> str:
        """The word on the status."""
        return self.standing.pill

    @property
    def title(self) -> str:
        """The title of the window, which follows the state."""
        pill = self.standing.pill
        state = pill if pill.startswith("Google") else pill[:1].lower() + pill[1:]
        return tr("Google Calendar - %(state)s", state=state)

    @property
    def colour(self) -> str:
        """The class of the status."""
        return _COLOURS[self.standing.situation][0]

    @property
    def mark(self) -> str:
        """The sign beside the words, for those who do not see the colour."""
        return _COLOURS[self.standing.situation][1]

    @property
    def banner(self) -> Message | None:
        """What an admin has to mend now, or to know."""
        told = (Situation.LOST, Situation.ACTION, Situation.UNREACHABLE)
        return self.standing.message if self.standing.situation in told else None

    @property
    def connected(self) -> bool:
        """Whether there is an account whose calendars can be looked at."""
        return bool(self.email) and self.standing.situation is not Situation.LOST

    @property
    def ends_soon(self) -> bool:
        """Whether Google ends the authorization because the app is in Testing."""
        return self.standing.ends_because is EndsBecause.TESTING

    def done(self, card: int) -> bool:
        """Whether a card is one line with Change."""
        return card in self.finished

    def open(self, card: int) -> bool:
        """Whether a card that is done is unfolded all the same."""
        return card in self.opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that the page is made of."""

    standing: Standing
    app: GoogleApp
    candidate: Candidate | None
    draft: Draft | None
    fault: Fault | None
    told: Told | None
    change: str
    authorized_at_ms: int | None
    proved: bool
    zone: str | None


def view(seen: Seen) -> View:
    """Decide what is open, what is done, and which step it is."""
    standing = seen.standing
    email = standing.email if seen.authorized_at_ms is not None else ""
    connected = bool(email) and standing.situation is not Situation.LOST
    return View(
        standing=standing,
        step=_step(seen, connected=connected),
        email=email,
        signed_in_as=seen.candidate.email if seen.candidate is not None else email,
        authorized_at=at_time(seen.authorized_at_ms, seen.zone) if seen.authorized_at_ms else "",
        pending_line=_pending(seen),
        other_account=_other_account(seen.candidate),
        app_form=app_form(seen.app, seen.draft),
        found=_found(seen.app),
        asks_password=not seen.proved,
        opened=frozenset(_opened(seen)),
        finished=frozenset(_finished(seen, connected=connected)),
        line=emphasised(standing.line, standing.email, standing.calendar),
    )


def _found(app: GoogleApp) -> str:
    """Return what the credentials file told about the client, empty when there was none."""
    if not app.kind:
        return ""
    if app.kind != "web":
        if app.project_id:
            return tr("Found: client of type Desktop app, project %(project)s.", project=app.project_id)
        return tr("Found: client of type Desktop app.")
    if app.project_id:
        return trn(
            "Found: client of type Web application, project %(project)s, %(num)s redirect address.",
            "Found: client of type Web application, project %(project)s, %(num)s redirect addresses.",
            len(app.registered),
            project=app.project_id,
        )
    return trn(
        "Found: client of type Web application, %(num)s redirect address.",
        "Found: client of type Web application, %(num)s redirect addresses.",
        len(app.registered),
    )


def _step(seen: Seen, *, connected: bool) -> int:
    if not seen.app.complete:
        return 1
    if seen.candidate is not None or seen.standing.link is not None:
        return 3
    return 4 if connected else 2


def _finished(seen: Seen, *, connected: bool) -> set[int]:
    done: set[int] = set()
    if seen.app.complete:
        done.add(1)
    if connected:
        done.update((2, 3, 4))
    if seen.candidate is not None:
        done.add(2)
    return done


def _opened(seen: Seen) -> set[int]:
    opened: set[int] = set()
    if seen.fault is not None and seen.fault.field in _CARD_OF_FIELD:
        opened.add(_CARD_OF_FIELD[seen.fault.field])
    if seen.draft is not None and seen.fault is not None:
        opened.add(1)
    if seen.told is not None:
        opened.add(seen.told.at)
    if seen.standing.link is not None:
        opened.add(3)
    opened.update({"app": {1}, "sign-in": {2}, "code": {3}, "calendar": {4}}.get(seen.change, set()))
    return opened


def _pending(seen: Seen) -> str:
    link = seen.standing.link
    if link is None or seen.standing.situation is Situation.WAITING:  # the status says so already
        return ""
    started, until = at_time(link.started_at_ms, seen.zone), at_time(link.expires_at_ms, seen.zone)
    return tr("You asked for a sign-in link at %(started)s. It works until %(until)s.", started=started, until=until)


def _other_account(candidate: Candidate | None) -> Message | None:
    if candidate is None or candidate.replaces is None:
        return None
    return messages.text("G-409", new=candidate.email, old=candidate.replaces)


def at_time(at_ms: int, zone: str | None) -> str:
    """Write an instant for people, in the zone of the page."""
    then = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone) if zone else UTC)
    return f"{day_and_time(then)} {then:%Z}"


def web_link(address: str) -> str:
    """Return an address that Google told if it is one of a web page, else nothing."""
    return address if urlsplit(address).scheme in ("https", "http") else ""
