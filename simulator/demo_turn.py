"""What the demo prints when it is the person's turn: addresses, the sign-in by hand, commands; nothing is done here."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

_SET_UP_CODE = re.compile(r"Set-up code: (\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Where everything is.

    `admin` are the addresses of the gateway's own page, `closed` is a redirect address at which nothing listens, and
    `external_id` the PBX's id of the meeting that was scheduled.
    """

    google: str
    pbx: str
    admin: tuple[str, ...]
    set_up_code: str | None
    credentials: Path
    closed: str
    log: Path
    memory: Path
    external_id: str


def set_up_code(log: Path) -> str | None:
    """The newest set-up code on the gateway's console; None when it printed none."""
    try:
        found = _SET_UP_CODE.findall(log.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return found[-1] if found else None


def your_turn(turn: Turn) -> list[str]:
    """Every line of the last step."""
    return [*_addresses(turn), "", *_meetings(turn), "", *_sign_in(turn)]


def _addresses(turn: Turn) -> list[str]:
    plain, *secure = turn.admin
    return [
        f"Calendar in the simulated Google  {turn.google}/calendar",
        f"Page of the simulated UCM6300     {turn.pbx}",
        f"Admin page of the gateway         {plain}/",
        *(f"                                  {one}/ (its own certificate: the browser warns)" for one in secure),
        f"Set-up code for the admin page    {turn.set_up_code or 'none was printed, see the log'}",
        f"Credentials file for card 1       {turn.credentials}",
        f"Console of the simulated Google   {turn.google}/_sim/console",
        f"Health of the gateway             {plain}/readyz",
        f"The gateway's log                 {turn.log}",
    ]


def _meetings(turn: Turn) -> list[str]:
    return [
        "Meetings: press Schedule Meeting, Move or Cancel on the UCM6300's page and reload the calendar.",
        "Or type, in another terminal:",
        *(f"  {command}" for command in commands_to_try(turn.memory, turn.external_id)),
    ]


def _sign_in(turn: Turn) -> list[str]:
    return [
        "The sign-in at Google, by hand in the browser:",
        "  1. Open the admin page, press Start, enter the set-up code, choose a user name and a password.",
        "     Press Skip the rest: the settings, the account and the device are there already.",
        "  2. Open Google in the menu and press Disconnect. Step 3 above is forgotten, new meetings wait here.",
        "  3. Card 1: press Change, choose the credentials file, press Save.",
        "  4. Card 2: press Get Authorization Code. Press Allow on the page of the simulated Google.",
        "     From the http address the browser comes back by itself, because it runs on the gateway's machine.",
        "  5. Check the account that is shown, and confirm it.",
        "  6. Card 4: press Save, then Send a test meeting, and look at the calendar.",
        "To copy and paste the code, as on any other computer: in card 1 set Authorized redirect URIs to",
        f"  {turn.closed}",
        "  where nothing listens, and repeat 4: the browser can't reach the page; copy its whole address into card 3.",
        "To see a sign-in go wrong: press a button of the list below Allow instead.",
    ]


def commands_to_try(memory: Path, external_id: str) -> list[str]:
    """Commands for another terminal, complete as they are."""
    pbx = f"{_simulator()} pbx"
    state = f"--state {shlex.quote(str(memory))}"
    return [
        f'{pbx} schedule {state} --subject Planning --start "next-tuesday 14:00" --invite 1005',
        f'{pbx} move {state} --external-id {external_id} --start "next-monday 15:00"',
        f"{pbx} show {state} --external-id {external_id}",
        f"{pbx} cancel {state} --external-id {external_id}",
    ]


def _simulator() -> str:
    python = Path(sys.executable)
    shown = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    return f"{shlex.quote(str(shown))} -m simulator"
